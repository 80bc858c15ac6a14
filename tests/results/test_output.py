"""What `DensePoses` hands over: single pixels, files, pictures, objects of other packages."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vitruv import ChartMap, DensePoses
from vitruv.draw import overlay, skeletons
from vitruv.errors import FormatError, InputError, MissingExtraError
from vitruv.formats import detected_people, read_iuv_png, read_label_png, read_npz, read_results
from vitruv.results import in_picture

SIZE_HW = (40, 60)


def two_people(*, extras: bool = True) -> DensePoses:
    """Two people who overlap; the second, with the higher score, reaches over the left border."""
    rng = np.random.default_rng(0)
    boxes = np.array([[5.25, 3.5, 25.75, 33.5], [-4.5, 10, 15.9, 38.2]], np.float32)
    sizes = [(30, 20), (28, 20)]
    charts = []
    for size in sizes:
        labels = rng.integers(0, 25, size).astype(np.uint8)
        uv = (rng.integers(0, 256, (2, *size)) / 255).astype(np.float32)
        uv[:, labels == 0] = 0
        charts.append(ChartMap(labels, uv))
    if not extras:
        return DensePoses(boxes, np.array([0.6, 0.9], np.float32), charts, SIZE_HW)
    keypoints = rng.random((2, 17, 3)).astype(np.float32)
    keypoints[:, :, 0] = keypoints[:, :, 0] * 20 + 4
    keypoints[:, :, 1] = keypoints[:, :, 1] * 28 + 8
    return DensePoses(
        boxes,
        np.array([0.6, 0.9], np.float32),
        charts,
        SIZE_HW,
        keypoints=keypoints,
        masks=[rng.random(size) < 0.5 for size in sizes],
        track_ids=np.array([7, 3], np.int64),
    )


def test_a_pixel_is_what_the_canvas_shows() -> None:
    people = two_people()
    canvas = people.canvas()
    for y in range(SIZE_HW[0]):
        for x in range(SIZE_HW[1]):
            found = people.at(x + 0.4, y + 0.9)
            assert (found is None) == (canvas.person[y, x] == 0)
            if found is not None:
                assert found.person == canvas.person[y, x] - 1
                assert found.chart == canvas.chart.labels[y, x]
                assert [found.u, found.v] == canvas.chart.uv[:, y, x].tolist()


def test_no_people_at_a_pixel() -> None:
    assert DensePoses.empty((3, 4)).at(3, 2) is None


@pytest.mark.parametrize(("x", "y"), [(-1, 0), (60, 0), (0, 40), (float("nan"), 0)])
def test_a_pixel_outside_the_picture(x: float, y: float) -> None:
    with pytest.raises(InputError, match=r"is outside the picture of 60x40 pixels"):
        two_people().at(x, y)


@pytest.mark.parametrize("people", [DensePoses.empty(SIZE_HW), two_people()])
def test_saved_by_the_end_of_the_name(tmp_path: Path, people: DensePoses) -> None:
    for name in ("a.npz", "a.json", "a_iuv.png", "a_vui_iuv.PNG", "labels.png"):
        people.save(tmp_path / name, channel_order="vui" if "vui" in name else "iuv")
    assert len(read_npz(tmp_path / "a.npz")) == len(people)
    assert len(read_results(tmp_path / "a.json")) == len(people)
    canvas = people.canvas().chart
    for name, order in (("a_iuv.png", "iuv"), ("a_vui_iuv.PNG", "vui")):
        np.testing.assert_array_equal(read_iuv_png(tmp_path / name, channel_order=order).labels, canvas.labels)  # type: ignore[arg-type]
    np.testing.assert_array_equal(read_label_png(tmp_path / "labels.png"), canvas.labels)


def test_other_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"path must end in .npz, .json, iuv.png or labels.png, but got 'a.png'"):
        two_people().save(tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def same_extras(one: DensePoses, other: DensePoses) -> None:
    assert one.keypoints is not None
    np.testing.assert_allclose(one.keypoints, other.keypoints, atol=2e-6)  # half a pixel off and on again
    np.testing.assert_array_equal(one.track_ids, other.track_ids)
    assert len(one.masks) == len(other.masks) == 2


def test_npz_there_and_back(tmp_path: Path) -> None:
    people = two_people()
    people.save(tmp_path / "a.npz")
    back = read_npz(tmp_path / "a.npz")
    same_extras(back, people)
    np.testing.assert_array_equal(back.keypoints, people.keypoints)
    for mask, expected in zip(back.masks, people.masks, strict=True):
        np.testing.assert_array_equal(mask, expected)
    two_people(extras=False).save(tmp_path / "bare.npz")
    bare = read_npz(tmp_path / "bare.npz")
    assert (bare.keypoints, len(bare.masks), bare.track_ids) == (None, 0, None)


def test_npz_keeps_the_fields_of_no_people(tmp_path: Path) -> None:
    two_people()[[]].save(tmp_path / "a.npz")
    back = read_npz(tmp_path / "a.npz")
    assert back.keypoints is not None
    assert back.keypoints.shape == (0, 17, 3)


def test_json_there_and_back(tmp_path: Path) -> None:
    people = two_people()
    people.save(tmp_path / "a.json", image_id=785)
    first = json.loads((tmp_path / "a.json").read_text())[0]
    assert first["image_id"] == 785
    assert first["track_id"] == 7
    assert len(first["keypoints"]) == 51
    assert first["segmentation"]["size"] == list(SIZE_HW)
    assert people.keypoints is not None
    assert first["keypoints"][:2] == pytest.approx(people.keypoints[0, 0, :2] - 0.5, abs=1e-6)  # COCO's zero is a pixel's centre
    results = read_results(tmp_path / "a.json")
    back = detected_people(results, results.indices_of_image()[785], SIZE_HW)
    same_extras(back, people)
    np.testing.assert_array_equal(back.placements_xywh, people.placements_xywh)
    for mask, expected, place in zip(back.masks, people.masks, people.placements_xywh.tolist(), strict=True):
        # What lies outside the picture is lost.
        np.testing.assert_array_equal(in_picture(mask, tuple(place), SIZE_HW), in_picture(expected, tuple(place), SIZE_HW))
    for chart, expected_chart in zip(back.charts, people.charts, strict=True):
        np.testing.assert_array_equal(chart.labels, expected_chart.labels)


def test_json_without_the_optional_fields(tmp_path: Path) -> None:
    two_people(extras=False).save(tmp_path / "a.json")
    results = read_results(tmp_path / "a.json")
    assert (results.keypoints, results.track_ids, results.segmentations) == (None, None, ())
    plain = {"image_id", "category_id", "score", "bbox", "uv_shape", "uv_data"}
    assert set(json.loads((tmp_path / "a.json").read_text())[0]) == plain


def test_json_with_the_optional_fields_of_some(tmp_path: Path) -> None:
    two_people().save(tmp_path / "a.json")
    records = json.loads((tmp_path / "a.json").read_text())
    for name in ("keypoints", "track_id", "segmentation"):
        del records[1][name]
    (tmp_path / "a.json").write_text(json.dumps(records))
    results = read_results(tmp_path / "a.json")
    back = detected_people(results, np.array([0, 1]), SIZE_HW)
    assert (back.keypoints, len(back.masks), back.track_ids) == (None, 0, None)
    alone = detected_people(results, np.array([0]), SIZE_HW)
    assert alone.keypoints is not None
    assert alone.track_ids is not None
    assert len(alone.masks) == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("keypoints", [1.0] * 50, "result 0: keypoints must be 51 finite numbers"),
        ("keypoints", ["a"] * 51, "result 0: keypoints must be 51 finite numbers"),
        ("track_id", 1.5, "result 0: track_id must be a whole number, not negative"),
        ("track_id", -1, "result 0: track_id must be a whole number, not negative"),
        ("segmentation", [[1, 2]], "result 0: segmentation must be run lengths"),
        ("segmentation", {"size": [1, 1], "counts": "1"}, "result 0: segmentation: "),
    ],
)
def test_damaged_optional_fields(tmp_path: Path, field: str, value: Any, message: str) -> None:
    two_people().save(tmp_path / "a.json")
    records = json.loads((tmp_path / "a.json").read_text())
    records[0][field] = value
    (tmp_path / "a.json").write_text(json.dumps(records))
    with pytest.raises(FormatError, match=message):
        detected_people(read_results(tmp_path / "a.json"), np.array([0]), SIZE_HW)


def grey() -> np.ndarray:
    return np.full((*SIZE_HW, 3), 90, np.uint8)


def test_overlay_is_the_drawing_of_the_charts() -> None:
    people = two_people()
    np.testing.assert_array_equal(people.overlay(grey()), overlay(grey(), people))
    np.testing.assert_array_equal(people.overlay(grey(), palette="parula"), overlay(grey(), people, palette_name="parula"))


def test_overlay_with_everything() -> None:
    people = two_people()
    plain = people.overlay(grey())
    np.testing.assert_array_equal(people.overlay(grey(), keypoints=True), skeletons(plain, people))
    for layer in ("masks", "keypoints", "track_ids"):
        assert (people.overlay(grey(), **{layer: True}) != plain).any(), layer  # type: ignore[arg-type]
    nobody = people[[]]
    np.testing.assert_array_equal(nobody.overlay(grey(), masks=True, keypoints=True, track_ids=True), grey())


@pytest.mark.parametrize("layer", ["masks", "keypoints", "track_ids"])
def test_overlay_of_what_is_not_there(layer: str) -> None:
    with pytest.raises(InputError, match=f"{layer} cannot be drawn: these people have none"):
        two_people(extras=False).overlay(grey(), **{layer: True})  # type: ignore[arg-type]
    bare = DensePoses.empty(SIZE_HW)
    np.testing.assert_array_equal(bare.overlay(grey(), **{layer: True}), grey())  # type: ignore[arg-type]


def test_overlay_of_another_size() -> None:
    with pytest.raises(InputError, match=r"rgb must be \(40, 60, 3\) uint8"):
        two_people().overlay(np.zeros((40, 61, 3), np.uint8))


@pytest.mark.filterwarnings("ignore")
def test_to_supervision() -> None:
    supervision = pytest.importorskip("supervision")
    people = two_people()
    found = people.to_supervision()
    assert isinstance(found, supervision.Detections)
    np.testing.assert_array_equal(found.xyxy, people.boxes_xyxy)
    np.testing.assert_array_equal(found.confidence, people.scores)
    np.testing.assert_array_equal(found.tracker_id, people.track_ids)
    x, y, w, h = people.placements_xywh[0].tolist()
    np.testing.assert_array_equal(found.mask[0, y : y + h, x : x + w], people.masks[0])
    assert found.mask[0].sum() == people.masks[0].sum()
    bare = two_people(extras=False).to_supervision()
    assert bare.mask[0].sum() == (people.charts[0].labels > 0).sum()
    assert len(DensePoses.empty(SIZE_HW).to_supervision()) == 0


def test_to_supervision_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(MissingExtraError, match="this needs the package 'supervision'"):
        two_people().to_supervision()
