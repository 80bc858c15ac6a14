"""Result files of every form, and what `check` says about them."""

from __future__ import annotations

import pickle
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vitruv.errors import FormatError, UnsafeFileError
from vitruv.formats import AnnotationWriter, ResultWriter, encode_uv_data, read_categories, read_images, read_results
from vitruv.formats.check import check_file


def codes(height: int = 6, width: int = 4) -> Any:
    rng = np.random.default_rng(height * width)
    found = rng.integers(0, 25, (3, height, width)).astype(np.uint8)
    found[1:, found[0] == 0] = 0
    return found


def record(**changes: Any) -> dict[str, Any]:
    return {"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [1.5, 2.0, 4.7, 6.2], **changes}


def json_file(folder: Path, **changes: Any) -> Path:
    with ResultWriter(folder / "r.json") as writer:
        writer.add_record({**record(uv_shape=[3, 6, 4], uv_data=encode_uv_data(codes())), **changes})
    return folder / "r.json"


def test_nobody(tmp_path: Path) -> None:
    with ResultWriter(tmp_path / "r.json"):
        pass
    assert len(read_results(tmp_path / "r.json")) == 0
    assert check_file(tmp_path / "r.json").problems == []


def test_json_results(tmp_path: Path) -> None:
    results = read_results(json_file(tmp_path))
    assert (results.image_ids, results.scores.tolist(), results.category_ids.tolist()) == ([1], [0.5], [1])
    np.testing.assert_array_equal(results.boxes_xywh, [[1.5, 2, 4.7, 6.2]])
    np.testing.assert_array_equal(results.iuv(0), codes())


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickles_of_2018(tmp_path: Path, protocol: int) -> None:
    content = [record(uv=codes(), bbox=np.array([1.5, 2.0, 4.7, 6.2]), score=np.float32(0.5))]
    (tmp_path / "r.pkl").write_bytes(pickle.dumps(content, protocol))
    results = read_results(tmp_path / "r.pkl")
    np.testing.assert_array_equal(results.iuv(0), codes())
    assert results.scores.tolist() == [0.5]


@pytest.fixture
def densepose(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Stand-ins for Detectron2's classes, so that pickles of them can be made."""
    module = types.ModuleType("densepose.structures.chart_result")
    for name in ("DensePoseChartResultQuantized", "DensePoseChartResultWithConfidences", "DensePoseChartResultCompressed"):
        kind = dataclass(type(name, (), {"__annotations__": {}, "__module__": module.__name__}))
        kind.__qualname__ = name
        setattr(module, name, kind)
    for name in ("densepose", "densepose.structures"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def made(kind: Any, **fields: Any) -> Any:
    found = kind()
    found.__dict__.update(fields)
    return found


def test_predictions_of_detectron2(tmp_path: Path, densepose: Any) -> None:
    torch = pytest.importorskip("torch")
    quantized = made(densepose.DensePoseChartResultQuantized, labels_uv_uint8=torch.from_numpy(codes()))
    packed = made(densepose.DensePoseChartResultCompressed, shape_chw=(3, 6, 4), labels_uv_str=encode_uv_data(codes()))
    torch.save([record(densepose=quantized), record(densepose=packed)], tmp_path / "coco_densepose_predictions.pth")
    results = read_results(tmp_path / "coco_densepose_predictions.pth")
    for i in range(2):
        np.testing.assert_array_equal(results.iuv(i), codes())


def test_dumps_of_apply_net(tmp_path: Path, densepose: Any) -> None:
    torch = pytest.importorskip("torch")
    with AnnotationWriter(tmp_path / "a.json") as writer:
        writer.add_image({"id": 42, "width": 64, "height": 48, "file_name": "COCO_42.jpg"})
    labels, uv = codes()[0].astype(np.int64), codes()[1:].astype(np.float32) / 255
    charts = made(
        densepose.DensePoseChartResultWithConfidences, labels=torch.from_numpy(labels), uv=torch.from_numpy(uv), sigma_2=None
    )
    boxes = torch.tensor([[1.5, 2.0, 6.2, 8.2]])
    full = {"file_name": "/x/COCO_42.jpg", "scores": torch.tensor([0.75]), "pred_boxes_XYXY": boxes, "pred_densepose": [charts]}
    nobody = {"file_name": "/x/7.jpg", "scores": torch.zeros(0), "pred_boxes_XYXY": torch.zeros(0, 4)}
    torch.save([full, nobody], tmp_path / "dump.pkl")
    results = read_results(tmp_path / "dump.pkl", read_images(tmp_path / "a.json"))
    assert (results.image_ids, results.scores.tolist()) == ([42], [0.75])
    np.testing.assert_array_equal(results.iuv(0), codes())
    assert read_results(tmp_path / "dump.pkl").image_ids == ["COCO_42.jpg"]


def dump(path: Path, *names: str) -> Path:
    """A dump of apply_net with one person, of chart n in photo n, without torch."""
    photos = [
        {
            "file_name": name,
            "scores": np.array([0.5]),
            "pred_boxes_XYXY": np.array([[0.0, 0.0, 4.0, 6.0]]),
            "pred_densepose": [np.full((3, 6, 4), n, np.uint8)],
        }
        for n, name in enumerate(names, 1)
    ]
    path.write_bytes(pickle.dumps(photos))
    return path


def annotated(folder: Path, *names: str) -> Path:
    with AnnotationWriter(folder / "a.json") as writer:
        for n, name in enumerate(names, 1):
            writer.add_image({"id": 10 * n, "width": 64, "height": 48, "file_name": name})
    return folder / "a.json"


def test_photos_of_a_dump_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    images = read_images(annotated(tmp_path, "v1/000000.jpg", "v2/000000.jpg"))
    path = dump(tmp_path / "dump.pkl", "/data/vids/v2/000000.jpg", "/data/vids/v1/000000.jpg", "/data/vids/v3/000000.jpg")
    assert read_results(path, images).image_ids == [20, 10, "/data/vids/v3/000000.jpg"]
    assert read_results(path).image_ids == [f"/data/vids/v{i}/000000.jpg" for i in (2, 1, 3)]
    assert read_results(dump(tmp_path / "w.pkl", "C:\\vids\\v2\\000000.jpg"), images).image_ids == [20]
    assert read_results(dump(tmp_path / "b.pkl", "x/a.jpg"), read_images(annotated(tmp_path, "a.jpg"))).image_ids == [10]


def test_a_bare_name_in_a_dump_that_several_images_have_is_refused(tmp_path: Path) -> None:
    images = read_images(annotated(tmp_path, "v1/000000.jpg", "v2/000000.jpg"))
    with pytest.raises(FormatError, match=r"000000\.jpg could be of several images.* v1/000000\.jpg, v2/000000\.jpg; name"):
        read_results(dump(tmp_path / "dump.pkl", "000000.jpg"), images)


def test_check_knows_images_json_and_categories(tmp_path: Path) -> None:
    path = annotated(tmp_path, "v1/1.jpg", "v2/1.jpg")
    listed = tmp_path / "images.json"
    listed.write_text('{"images": [{"id": 1, "width": 4, "height": 4, "file_name": "v1/1.jpg", "stem": "v1/1"}]}')
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "1.jpg").touch()
    report = check_file(listed, photos=tmp_path)
    assert (report.kind, report.problems, report.counts) == ("images", [], {"images": 1, "photos missing": 0})
    assert check_file(path, photos=tmp_path / "v1").problems == [
        f"image 20: {tmp_path / 'v1' / 'v2' / '1.jpg'}: no photo of this name is in the folder, or several are"
    ]
    report = check_file(json_file(tmp_path, category_id=0), images=read_images(listed), categories=read_categories(path))
    assert report.problems == ["result 0: category 0 is not among those of the annotations"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_id": None}, "result 0: image_id must be"),
        ({"category_id": 1.5}, "result 0: category_id must be"),
        ({"score": "high"}, "result 0: score must be a finite number"),
        ({"score": 1e400}, "finite|JSON"),
        ({"bbox": [1, 2, 3]}, "result 0: bbox must be"),
        ({"uv_data": 3}, "result 0: uv_data must be text"),
        ({"uv_shape": [3, 6, 5]}, "result 0: the PNG is 6x4"),
        ({"bbox": [0, 0, 9, 9]}, r"result 0: the chart map is 6x4 \(h x w\), but the box is 9x9"),
    ],
)
def test_broken_results_are_located(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    if changes.get("score") == 1e400:
        path = json_file(tmp_path)
        path.write_text(path.read_text().replace("0.5", "1e400"))
    else:
        path = json_file(tmp_path, **changes)
    with pytest.raises(FormatError, match=message):
        read_results(path).iuv(0)


@pytest.mark.parametrize(
    "content", [3, [3], [{"file_name": 3}], [{"file_name": "a", "pred_densepose": [1]}], [record(uv=np.ones(3))]]
)
def test_broken_pickles_are_refused(tmp_path: Path, content: object) -> None:
    (tmp_path / "r.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(FormatError):
        read_results(tmp_path / "r.pkl").iuv(0)


def test_other_classes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "r.pkl").write_bytes(pickle.dumps([Path("x")]))
    with pytest.raises(UnsafeFileError):
        read_results(tmp_path / "r.pkl")


def test_check_counts_and_locates(tmp_path: Path) -> None:
    report = check_file(json_file(tmp_path, bbox=[0, 0, 9, 9]))
    assert report.problems == ["result 0: the chart map is 6x4 (h x w), but the box is 9x9"]
    assert report.counts["results"] == 1


def test_check_doubts_the_order_of_channels(tmp_path: Path) -> None:
    shuffled = np.full((3, 6, 4), 9, np.uint8)
    shuffled[0, :3] = 0
    report = check_file(json_file(tmp_path, uv_data=encode_uv_data(shuffled)))
    assert report.problems == []
    assert "are the channels in the order I, U, V?" in report.remarks[0]


def test_check_of_annotations(tmp_path: Path) -> None:
    points = {"dp_x": [1.0, 300.0], "dp_y": [1.0, 1.0], "dp_I": [0.0, 3.0], "dp_U": [0.5, 0.5], "dp_V": [0.5, 1.5]}
    with AnnotationWriter(tmp_path / "a.json") as writer:
        writer.add_image({"id": 1, "width": 64, "height": 48, "file_name": "1.jpg"})
        writer.add_person({"id": 1, "image_id": 1, "bbox": [0, 0, 9, 9], **points})
        writer.add_person({"id": 1, "image_id": 1, "bbox": [0, 0, 9, 9]})
        writer.add_person({"id": 2, "image_id": 7, "bbox": [0, 0, 9, 9]})
        writer.add_person({"id": 3, "image_id": 1, "bbox": [90, 0, 9, 9]})
        writer.add_person({"id": 4, "image_id": 1, "bbox": "none"})
    report = check_file(tmp_path / "a.json", photos=tmp_path)
    assert report.problems == [
        "annotations[0] (id 1): 1 points are on no chart 1..24 (point 0: 0)",
        "annotations[0] (id 1): dp_V of 1 points is not in 0..1 (point 1: 1.5)",
        "annotations[0] (id 1): dp_x of 1 points is not on the 256 grid (point 1: 300)",
        "annotations[1] (id 1): id 1 is used twice",
        "annotations[2] (id 2): there is no image 7",
        "annotations[3] (id 3): the box lies outside its image (64x48)",
        "annotations[4] (id 4): bbox must be [x, y, w, h], finite numbers with w and h not negative",
        f"image 1: {tmp_path / '1.jpg'}: no photo of this name is in the folder, or several are",
    ]
    assert (report.counts["people"], report.counts["points"]) == (5, 2)


@pytest.mark.fixtures
def test_genuine_files_are_in_order(shared_dir: Path) -> None:
    annotations = check_file(shared_dir / "fixtures" / "densepose_coco_2014_tiny.json")
    assert (annotations.problems, annotations.remarks) == ([], [])
    assert annotations.counts["points on the mask of their chart's part"] == "89.7%"  # 393 of 438, counted by hand elsewhere
    results = check_file(shared_dir / "fixtures" / "densepose_results_sample.json")
    assert (results.problems, results.remarks, results.counts["results"]) == ([], [], 12)
