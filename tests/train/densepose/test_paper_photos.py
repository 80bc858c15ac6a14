from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fake_annotations import SIZE_HW, write_dolls
from vitruv.errors import FormatError, InputError, MissingFileError, VitruvError
from vitruv.formats import AnnotationFile, decode_rle
from vitruv.formats.rle import parse_rle
from vitruv.geometry import GRID
from vitruv.surface import MIRROR_PART, Atlas
from vitruv.train import AugmentConfig, PhotoSampler, PhotoSource
from vitruv.train.densepose.fcn import KNOWN_BACKGROUND, UNKNOWN, ground
from vitruv.train.densepose.people import HAS_PARTS, SILHOUETTE, part_map, people_arrays, read_cells
from vitruv.train.densepose.place import FILL_RGB, fit, inverse, mirrors, of_window, place, warp

FLIP = np.array([[-1.0, 0, SIZE_HW[1]], [0, 1, 0]])


@pytest.fixture
def source(tmp_path: Path) -> PhotoSource:
    write_dolls(tmp_path / "set", images=3, people=2)
    return PhotoSource(tmp_path / "set" / "annotations.json", tmp_path / "set" / "images", tmp_path / "set" / "dense")


def test_whole_picture_fits() -> None:
    matrix = fit((200, 100), (64, 64))
    np.testing.assert_allclose(place(matrix, np.array([[100.0, 200.0]])), [[32, 64]])
    assert not mirrors(matrix) and mirrors(FLIP @ np.vstack([matrix, [0, 0, 1]]))
    window = of_window(np.array([10, 20, 30, 60]), (40, 40))
    np.testing.assert_allclose(place(window, np.array([[10.0, 20], [30, 60]])), [[0, 0], [40, 40]])
    np.testing.assert_allclose(place(inverse(window), np.array([[0.0, 0], [40, 40]])), [[10, 20], [30, 60]], atol=1e-9)


def test_warp_of_nothing_and_of_halves() -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)
    np.testing.assert_array_equal(warp(rgb, fit((40, 60), (40, 60)), (40, 60)), rgb)
    np.testing.assert_array_equal(warp(rgb, np.array([[-1.0, 0, 60], [0, 1, 0]]), (40, 60), exact=True), rgb[:, ::-1])
    half = warp(rgb, fit((40, 60), (20, 30)), (20, 30)).astype(int)
    mean = rgb.reshape(20, 2, 30, 2, 3).mean((1, 3))
    assert np.abs(half - mean).max() <= 1, "shrinking averages, it does not skip"
    assert (warp(rgb, fit((40, 60), (40, 60)), (64, 64))[50, 10] == FILL_RGB).all(), "filled with the mean outside"


@pytest.mark.parametrize("matrix", [np.eye(2, 3), FLIP], ids=["as it is", "mirrored"])
def test_people_land_where_their_pixels_do(source: PhotoSource, matrix: np.ndarray) -> None:
    """The colour under every point tells its chart (mirrored: a left thigh is a right one)."""
    info = source.file.images[0]
    image = warp(source.read(0), matrix, SIZE_HW, exact=True)
    last = source.file.people_of(0)[1:]  # painted over the other
    arrays = people_arrays(last, info, matrix, SIZE_HW, most_people=3, atlas=source.surface, silhouettes=True)
    assert arrays["valid"].tolist() == [True, False, False] and arrays["has"][0].all()
    colours = {2: (200, 40, 40), 9: (40, 200, 40), 10: (40, 40, 200)}
    if mirrors(matrix):
        colours[9], colours[10] = colours[10], colours[9]
    points = arrays["points"][0]
    points = points[points[:, 2] > 0]
    assert len(points) == 49
    for x, y, chart, *_ in points:
        assert tuple(image[int(y), int(x)]) == colours[int(chart)]
    grid = arrays["grid"][0]
    assert (grid >= SILHOUETTE).all() and set(np.unique(grid % SILHOUETTE)) == {1, 6, 7}
    assert grid[200, 60] % SILHOUETTE == 6, "what is on the left of the picture is the right thigh, mirrored or not"
    shoulders = arrays["keypoints"][0][[5, 6], 0]
    assert shoulders[0] > shoulders[1], "the left shoulder is on the right of the picture, mirrored or not"


def test_part_maps_against_masks_one_by_one(source: PhotoSource) -> None:
    person = source.file.person(1)
    slow = np.zeros((GRID, GRID), np.uint8)
    for part, mask in enumerate(person.part_masks, start=1):
        if mask is not None:
            slow[decode_rle(mask)] = part
    np.testing.assert_array_equal(part_map(person), slow)
    listed = [mask and {"size": [GRID, GRID], "counts": parse_rle(mask)[0].tolist()} for mask in person.part_masks]
    np.testing.assert_array_equal(part_map(replace(person, record=person.record | {"dp_masks": listed})), slow)
    nobody = replace(person, record=person.record | {"dp_masks": [None] * 14})
    assert not part_map(nobody).any()


@pytest.mark.parametrize(
    "mask", ["text", {"counts": "1"}, {"size": [256, 256], "counts": "~"}, {"size": [256, 256], "counts": [3]}]
)
def test_damaged_part_masks_are_named(source: PhotoSource, mask: object) -> None:
    person = source.file.person(0)
    masks = [*person.record["dp_masks"]]
    masks[5] = mask
    with pytest.raises(FormatError, match=r"dp_masks\[5\]"):
        part_map(replace(person, record=person.record | {"dp_masks": masks}))


def test_grids_against_places_one_by_one(source: PhotoSource) -> None:
    """Turned, mirrored and moved partly out of the canvas."""
    info, person = source.file.images[0], source.file.people_of(0)[1]
    matrix = np.array([[-0.8, 0.3, 50.0], [0.25, 0.9, -9.0]])
    arrays = people_arrays([person], info, matrix, SIZE_HW, most_people=1, atlas=source.surface, silhouettes=True)
    x1, y1, x2, y2 = (float(v) for v in arrays["boxes_xyxy"][0])
    steps = (np.arange(GRID) + 0.5) / GRID
    at = place(inverse(matrix), np.stack(np.meshgrid(x1 + steps * (x2 - x1), y1 + steps * (y2 - y1)), axis=-1))
    x, y, w, h = person.bbox_xywh
    slow = MIRROR_PART[read_cells(part_map(person), (at - (x, y)) * (GRID / w, GRID / h))]
    outline = decode_rle(person.record["segmentation"], size_hw=info.size_hw)
    slow = slow + SILHOUETTE * read_cells(outline.view(np.uint8), at)
    assert (arrays["grid"][0] != slow).mean() < 1e-3, "but for cells whose centre lies on an edge"
    assert len(np.unique(slow)) > 3


def test_mirrored_twice_is_the_same(source: PhotoSource) -> None:
    people, info = source.file.people_of(0), source.file.images[0]

    def arrays(matrix: np.ndarray) -> dict[str, np.ndarray]:
        return people_arrays(people, info, matrix, SIZE_HW, most_people=2, atlas=source.surface, silhouettes=True)

    twice = FLIP[:, :2] @ FLIP
    twice[:, 2] += FLIP[:, 2]
    one, two = arrays(np.eye(2, 3)), arrays(twice)
    for name in one:
        np.testing.assert_allclose(one[name], two[name], atol=1e-6, err_msg=name)
    # And by the atlas alone: charts, U, V.
    atlas = Atlas.load()
    flipped = arrays(FLIP)["points"]
    there = flipped[..., 2] > 0
    charts, uv = atlas.mirror(flipped[there][:, 2].astype(np.uint8), flipped[there][:, 3:])
    known = one["points"][there]
    located = atlas.positions(atlas.locate(known[:, 2].astype(np.uint8), known[:, 3:]))
    back = atlas.positions(atlas.locate(charts, uv))
    assert (charts == known[:, 2]).all() and np.abs(located - back).max() < 1e-4, "metres on the body"


@pytest.mark.parametrize("flip", [0.0, pytest.param(1.0, marks=pytest.mark.slow)])
def test_dense_targets_follow_the_picture(source: PhotoSource, flip: float) -> None:
    sampler = PhotoSampler(source, SIZE_HW, augment=AugmentConfig(flip=flip, turn_deg=10, zoom=0.2, noise=0), most_people=2)
    agreed = []
    for index in range(6):
        sample = sampler(index)
        for slot in range(2):
            points = sample["points"][slot]
            for x, y, chart, u, _ in points[points[:, 2] > 0]:
                if sample["seen"][int(y), int(x)] == slot + 1:
                    code = sample["iuv"][int(y), int(x)]
                    agreed.append(code[0] == chart and abs(code[1] / 255 - u) < 0.15)
    assert np.mean(agreed) > 0.9 and len(agreed) > 300, "but for borders"


def test_samples_depend_on_their_number_alone(source: PhotoSource) -> None:
    sampler = PhotoSampler(replace(source, dense=None), SIZE_HW, augment=AugmentConfig())
    again = pickle.loads(pickle.dumps(sampler))
    for index in (0, 4):
        first, second = sampler(index), again(index)
        for name in first:
            np.testing.assert_array_equal(first[name], second[name], err_msg=name)
    assert sorted(sampler(i)["number"].item() for i in range(3)) == [0, 1, 2]


def test_crops_show_one_person_and_no_background(source: PhotoSource) -> None:
    crop = PhotoSampler(source, (64, 64), kind="crops")(1)
    assert crop["valid"].tolist() == [True]
    outside = (crop["image"] == FILL_RGB).all(-1)
    assert 0.1 < outside.mean() < 0.9 and outside[0].all(), "the margin is gone"


def test_known_background(source: PhotoSource) -> None:
    sample = PhotoSampler(source, SIZE_HW, most_people=2)(0)
    cells = ground(sample, SIZE_HW)
    middle = ((sample["boxes_xyxy"][:, :2] + sample["boxes_xyxy"][:, 2:]) / 8).astype(int)
    assert (cells[middle[:, 1], middle[:, 0]] == UNKNOWN).all() and (cells == KNOWN_BACKGROUND).mean() > 0.5
    sample["has"][:, HAS_PARTS] = False
    assert (ground(sample, SIZE_HW) == UNKNOWN).sum() >= (cells == UNKNOWN).sum()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"dp_I": [25.0] * 49}, FormatError, r"annotations\[0\] \(id 1\): dp_I holds 25, but charts are 1\.\.24"),
        ({"dp_I": [2.0] * 48 + [0.0]}, FormatError, r"dp_I holds 0, but charts are 1\.\.24"),
        ({"category_id": 17}, InputError, r"categories \[1, 17\], but these networks know one class"),
    ],
)
def test_annotations_are_checked_first(tmp_path: Path, changes: dict[str, object], error: type, message: str) -> None:
    path = write_dolls(tmp_path / "set", images=2, changes=changes)
    with pytest.raises(error, match=message):
        PhotoSource(path, path.parent / "images").check()


def test_files_are_looked_for_first(source: PhotoSource, tmp_path: Path) -> None:
    source.check()
    with pytest.raises(MissingFileError, match="nowhere"):
        PhotoSource(tmp_path / "nowhere.json", source.images).check()
    with pytest.raises(MissingFileError, match="no such folder of pictures"):
        PhotoSource(source.annotations, tmp_path / "nowhere").check()
    with pytest.raises(MissingFileError, match="no dense target for a picture: run `vitruv train inpaint` to the end"):
        PhotoSource(source.annotations, source.images, tmp_path).check()
    (source.images / "1.png").unlink()
    with pytest.raises(MissingFileError, match=r"1\.png: no such picture, although"):
        PhotoSource(source.annotations, source.images).check()


def test_pictures_of_another_size(source: PhotoSource) -> None:
    Image.new("RGB", (10, 10)).save(source.images / "0.png")
    with pytest.raises(FormatError, match=r"the picture has \(h, w\) = \(10, 10\), but the annotations say \(96, 128\)"):
        source.read(0)
    (source.images / "0.png").write_bytes(b"no picture")
    with pytest.raises(VitruvError, match="not a readable picture"):
        source.read(0)


def test_a_set_without_points_is_refused(tmp_path: Path) -> None:
    path = write_dolls(tmp_path / "set", images=1, changes={"iscrowd": 1})
    with pytest.raises(InputError, match="has no person with dense points"):
        PhotoSource(path, path.parent / "images").check()
    assert len(AnnotationFile.open(path)) == 1
