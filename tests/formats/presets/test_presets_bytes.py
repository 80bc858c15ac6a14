"""Every preset, byte for byte, against arrays worked out here from what its reader documents, pixel by pixel and without the code
under test; and every palette with all of its 25 colours."""

from __future__ import annotations

import json
from pathlib import Path, PurePath

import numpy as np
import pytest
from made_people import SIZE_HW, made_people, painted
from PIL import Image

from vitruv.formats.presets import Preset, PresetWriter, presets
from vitruv.results import DensePoses

# Entry trunc(255 I / 24) of the colour maps, as measured with OpenCV; 0 is black with parula and entry 0 with viridis.
PARULA = """0,0,0 37,60,163 20,80,194 4,97,223 8,110,221 14,122,216 20,132,212 15,144,208 11,156,203 6,166,198 22,173,185
38,179,172 55,185,159 86,187,144 114,189,130 145,191,116 170,189,105 192,188,96 216,186,86 228,192,74 240,199,60
252,206,46 251,220,36 250,235,25 249,251,14"""
VIRIDIS = """68,1,84 71,16,99 72,31,112 71,44,122 68,57,131 64,70,136 59,81,139 54,93,141 49,104,142 44,113,142 40,124,142
37,133,142 33,144,141 31,154,138 32,163,134 39,173,129 53,183,121 70,192,111 92,200,99 115,208,86 142,214,69
170,220,50 197,224,33 226,228,24 253,231,37"""
C_VTON = """0,0,0 105,105,105 85,107,47 139,69,19 72,61,139 0,128,0 154,205,50 0,0,139 255,69,0 255,165,0 255,255,0 0,255,0
186,85,211 0,255,127 220,20,60 0,191,255 0,0,255 216,191,216 255,0,255 30,144,255 219,112,147 240,230,140
255,20,147 255,160,122 127,255,212"""
# 24 charts -> 14 parts
PARTS = [[0], [1, 2], [3], [4], [5], [6], [7, 9], [8, 10], [11, 13], [12, 14], [15, 17], [16, 18], [19, 21], [20, 22], [23, 24]]

ALL, BEST = (0, 1), (1,)  # lowest score first


def table(text: str) -> np.ndarray:
    return np.array([[int(v) for v in colour.split(",")] for colour in text.split()], np.uint8)


def codes(uv: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """255 times U or V, truncated, in float32 as the readers' own tools compute it."""
    return ((uv.astype(np.float32) * np.float32(255)).astype(int) * (labels > 0)).astype(np.uint8)


def nearest(image: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Pillow's own nearest neighbour."""
    return np.asarray(Image.fromarray(image).resize(size_hw[::-1], Image.Resampling.NEAREST))


def expected(name: str) -> dict[str, np.ndarray]:
    """File below the output folder -> what it must hold, for the photo sub/0001_0.jpg."""
    labels, uv = painted(ALL)
    u, v = codes(uv[0], labels), codes(uv[1], labels)
    i = labels.astype(np.uint8)
    one, one_uv = painted(BEST)
    one_i, one_u, one_v = one.astype(np.uint8), codes(one_uv[0], one), codes(one_uv[1], one)
    high = (658, 512)  # short side 70 -> 512, 90 * 512 / 70 = 658.29
    match name:
        case "viton-hd":
            return {"image-densepose/sub/0001_0.jpg": table(PARULA)[nearest(i, (1024, 768))]}
        case "dresscode":
            return {"dense/sub/0001_5.png": i, "dense/sub/0001_5_uv.npz": uv.astype(np.float32)}
        case "gp-vton":
            return {"densepose/sub/0001_0.png": i}
        case "catvton":
            return {"sub/0001_0.png": one_i}
        case "c-vton":
            return {"data/image_densepose_parse/sub/0001_0.png": table(C_VTON)[i]}
        case "magicanimate":
            # 90 -> 512, so 70 -> 398.2; 57 columns of background on either side
            square = np.zeros((512, 512), np.uint8)
            square[:, 57 : 57 + 398] = nearest(i, (512, 398))
            return {"sub/0001_0.png": table(VIRIDIS)[square]}
        case "controlnet-parula":
            return {"sub/0001_0.png": table(PARULA)[nearest(i, high)]}
        case "controlnet-viridis":
            return {"sub/0001_0.png": table(VIRIDIS)[nearest(i, high)]}
        case "dreampose":
            return {"sub/0001_0_densepose.npy": one_uv.astype(np.float64)}
        case "pose-with-style":
            return {"sub/0001_0_iuv.png": np.dstack([one_i, one_u, one_v])}
        case "tiktok":
            square = np.zeros((256, 256, 3), np.uint8)  # 70 * 256 / 90 = 199.1
            square[:, 28 : 28 + 199] = nearest(np.dstack([one_v, one_u, one_i]), (256, 199))
            return {"sub/0001_0_dp.png": square}
        case "deepfashion-multimodal":
            return {"sub/0001_0_densepose.png": np.dstack([v, u, i])}
        case "smplitex":
            return {"densepose/sub/0001_0_densepose.png": np.dstack([one_v, one_u, one_i])}
        case "iuv-cv":
            return {"sub/0001_0_IUV.png": np.dstack([v, u, i])}
        case "iuv-pil":
            return {"sub/0001_0_IUV.png": np.dstack([i, u, v])}
        case "labels-14":
            part_of = {chart: part for part, charts in enumerate(PARTS) for chart in charts}
            return {"sub/0001_0_parts.png": np.vectorize(part_of.get)(labels).astype(np.uint8)}
    raise AssertionError(name)


def load(path: Path) -> np.ndarray:
    if path.suffix == ".npy":
        return np.load(path)
    if path.suffix == ".npz":
        with np.load(path) as archive:
            (key,) = archive.files
            assert key == "uv"
            return archive[key]
    with Image.open(path) as image:
        assert image.mode in ("L", "RGB")
        return np.asarray(image)


MAPS = [name for name, preset in presets.items() if isinstance(preset, Preset)]


@pytest.mark.parametrize("name", MAPS)
def test_files(name: str, tmp_path: Path) -> None:
    with PresetWriter(presets[name], tmp_path) as writer:
        writer.add(PurePath("sub/0001_0.jpg"), made_people())
    wanted = expected(name)
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == set(wanted)
    for file, array in wanted.items():
        found = load(tmp_path / file)
        assert found.dtype == array.dtype
        if file.endswith(".jpg"):  # what is encoded is exact (test_rendered), JPEG moves it by a little
            assert np.abs(found.astype(int) - array).max() <= 6
        else:
            np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("name", MAPS)
def test_rendered(name: str) -> None:
    first, *_ = expected(name).values()
    rendered = presets[name].render(made_people(), np.zeros((*SIZE_HW, 3), np.uint8))
    assert rendered.dtype == first.dtype
    np.testing.assert_array_equal(rendered, first)


@pytest.mark.parametrize("name", MAPS)
def test_nobody(name: str, tmp_path: Path) -> None:
    with PresetWriter(presets[name], tmp_path) as writer:
        (remark, *_) = writer.add(PurePath("0001_0.png"), DensePoses.empty(SIZE_HW))
    assert remark.startswith("nobody found: ") and remark.endswith(" was written")
    background = {"viridis": (68, 1, 84)}.get("viridis" if name in ("magicanimate", "controlnet-viridis") else "", (0, 0, 0))
    for path in filter(Path.is_file, tmp_path.rglob("*")):
        array = load(path)
        if array.ndim == 3 and array.shape[2] == 3:
            assert (array == background).all()
        else:
            assert not array.any()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("viton-hd", PARULA),
        ("magicanimate", VIRIDIS),
        ("controlnet-parula", PARULA),
        ("controlnet-viridis", VIRIDIS),
        ("c-vton", C_VTON),
    ],
)
def test_all_25_colours(name: str, text: str) -> None:
    preset = presets[name]
    assert isinstance(preset, Preset)
    np.testing.assert_array_equal(np.array(preset.files[0].colours), table(text))
    assert len({tuple(colour) for colour in table(text).tolist()}) == 25


def test_codes_are_truncated_not_rounded() -> None:
    """0.999 * 255 = 254.7 and 0.7 * 255 = 178.5."""
    rendered = presets["iuv-pil"].render(made_people())
    assert {0, 63, 127, 178, 254, 255} <= set(np.unique(rendered[:, :, 1]).tolist())
    assert 179 not in rendered[:, :, 1]


def test_coco_json(tmp_path: Path) -> None:
    people = made_people()
    with PresetWriter(presets["coco-json"], tmp_path) as writer:
        writer.add(PurePath("a.jpg"), people, image_id=785)
        writer.add(PurePath("b.jpg"), DensePoses.empty(SIZE_HW), image_id=872)
    records = json.loads((tmp_path / "results.json").read_text())
    assert [{k: r[k] for k in ("image_id", "category_id", "score", "bbox", "uv_shape")} for r in records] == [
        {"image_id": 785, "category_id": 1, "score": 0.7, "bbox": [5.0, 8.0, 40, 62], "uv_shape": [3, 62, 40]},
        {"image_id": 785, "category_id": 1, "score": 0.9, "bbox": [30.5, 20.25, 46, 75], "uv_shape": [3, 75, 46]},
    ]
    assert json.loads((tmp_path / "images.json").read_text()) == {
        "images": [
            {"id": 785, "file_name": "a.jpg", "width": 70, "height": 90},
            {"id": 872, "file_name": "b.jpg", "width": 70, "height": 90},
        ]
    }
    assert [{"image_id": 785, **record} for record in presets["coco-json"].render(people)] == records


def test_csv(tmp_path: Path) -> None:
    people = made_people()
    with PresetWriter(presets["csv"], tmp_path) as writer:
        writer.add(PurePath("sub/a.jpg"), people)
        writer.add(PurePath("b, c.jpg"), DensePoses.empty(SIZE_HW))
    header, *rows = (tmp_path / "parts.csv").read_text().splitlines()
    assert header == (
        "photo,person,score,x1,y1,x2,y2,pixels,torso,right hand,left hand,left foot,right foot,right upper leg,left upper leg,"
        "right lower leg,left lower leg,left upper arm,right upper arm,left lower arm,right lower arm,head"
    )
    for row, person in zip(rows, range(2), strict=False):
        labels = people.charts[person].labels
        total = int((labels > 0).sum())
        shares = [f"{np.isin(labels, charts).sum() / total:.4f}" for charts in PARTS[1:]]
        box = ",".join(f"{round(float(v), 1)}" for v in people.boxes_xyxy[person])
        assert row == f"sub/a.jpg,{person + 1},{[0.7, 0.9][person]},{box},{total},{','.join(shares)}"
    assert rows[2] == '"b, c.jpg",0' + "," * 20


def test_the_table_of_presets_is_whole() -> None:
    assert list(presets) == [*MAPS, "coco-json", "detectron2-dump", "csv"]
    assert set(MAPS) == {
        *("viton-hd", "dresscode", "gp-vton", "catvton", "c-vton", "magicanimate", "controlnet-parula", "controlnet-viridis"),
        *("dreampose", "pose-with-style", "tiktok", "deepfashion-multimodal", "smplitex", "iuv-cv", "iuv-pil", "labels-14"),
    }
