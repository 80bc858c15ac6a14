"""The second look at work: a toy regressor that believes the opposite of its detector."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from toy_model import CROP_SIZE_HW, MAP_SIZE_HW, painted_picture, write_toy_model
from vitruv import DensePoses, load
from vitruv.errors import ModelError
from vitruv.runtime.compact.regressor import Regressor

# Two people as wide as their crops leave them: 1 / 1.15 of the width. The detector gives .9, .8 (and .6 for a double).
PICTURE, TRUTH = painted_picture((120, 160), [(10, 20, 45, 60), (100, 30, 30, 40)])
WIDTH = 1 / 1.15


def folder(path: Path, *, batch: int | str = "n", **look: object) -> Path:
    return write_toy_model(path, batch=batch, second_look={"least_score": 0.5, "most": 10, "most_shared": 0.8, **look})


def _regressor(path: Path, *, mirror: bool = False, turned_from: float | None = None) -> Regressor:
    return Regressor(
        path,
        size_hw=CROP_SIZE_HW,
        output_size_hw=MAP_SIZE_HW,
        box_scale=1.15,
        pad_value=0,
        device="cpu",
        mirror=mirror,
        judges=True,
        turned_from=turned_from,
    )


@pytest.mark.parametrize("batch", ["n", 1, 3])
def test_the_second_look_decides(tmp_path: Path, batch: int | str) -> None:
    people = load(folder(tmp_path, batch=batch))(PICTURE, threshold=0.05)
    assert people.scores == pytest.approx([0.2 * WIDTH, 0.1 * WIDTH], abs=1e-5), "falling, by the second look"
    np.testing.assert_allclose(people.boxes_xyxy, [[100, 30, 130, 70], [10, 20, 55, 80]], atol=1)
    np.testing.assert_array_equal(people.charts[0].labels[3:17, 3:27], TRUTH.labels[33:47, 103:127])


def test_who_fails_it_is_left_out(tmp_path: Path) -> None:
    people = load(folder(tmp_path))(PICTURE, threshold=0.12)
    assert people.scores == pytest.approx([0.2 * WIDTH], abs=1e-5)
    assert len(load(tmp_path)(PICTURE)) == 0, "nobody reaches a half"


def test_who_is_looked_at(tmp_path: Path) -> None:
    sure = load(folder(tmp_path / "a", most=1))(PICTURE, threshold=0.05)
    assert len(sure) == 2, "the detector is sure of both"
    sure = load(folder(tmp_path / "b", least_score=0.85))
    assert len(sure(PICTURE, threshold=0.86)) == 0
    assert len(sure(PICTURE, threshold=0.05)) == 2, "who asks for low scores gets looks at low scores"


def test_given_boxes_are_not_judged(tmp_path: Path) -> None:
    people = load(folder(tmp_path))(PICTURE, boxes=[[10, 20, 55, 80]])
    assert people.scores.tolist() == [1.0]
    assert len(load(tmp_path)(np.zeros((50, 60, 3), np.uint8))) == 0


def test_no_looks_believe_the_detector(tmp_path: Path) -> None:
    people = load(folder(tmp_path, most=0))(PICTURE)
    assert people.scores == pytest.approx([0.9, 0.8])


def test_mirrored_too(tmp_path: Path) -> None:
    people = load(folder(tmp_path), augment=True)(PICTURE, threshold=0.05)
    assert people.scores == pytest.approx([0.2 * WIDTH, 0.1 * WIDTH], abs=1e-5)


@pytest.mark.parametrize(
    "entry",
    [
        3,
        {"least_score": 0.3},
        {"least_score": 2, "most": 3, "most_shared": 1},
        {"least_score": 0.3, "most": -1, "most_shared": 1},
        {"least_score": 0.3, "most": 3, "most_shared": 1, "refit_iou": None},
        {"least_score": 0.3, "most": 3, "most_shared": 1, "other": 1},
    ],
)
def test_a_damaged_entry(tmp_path: Path, entry: object) -> None:
    write_toy_model(tmp_path, second_look={"least_score": 0.5, "most": 1, "most_shared": 0.8})
    manifest = json.loads((tmp_path / "model.json").read_text())
    manifest["regressor"]["second_look"] = entry
    (tmp_path / "model.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="second_look"):
        load(tmp_path)


def test_boxes_are_fitted_to_who_is_seen(tmp_path: Path) -> None:
    """The toy's detector is exact; people cut by their window's cells are told to within one of them."""
    plain = load(folder(tmp_path / "a"))(PICTURE, threshold=0.05)
    fitted = load(folder(tmp_path / "b", refit_iou=0.6))(PICTURE, threshold=0.05)
    assert fitted.scores == pytest.approx(plain.scores)
    np.testing.assert_allclose(fitted.boxes_xyxy, plain.boxes_xyxy, atol=3)
    assert [chart.size_hw for chart in fitted.charts] != [chart.size_hw for chart in plain.charts]


def test_a_brief_look_is_neither_in_the_mirror_nor_turned(tmp_path: Path) -> None:
    """It judges as the whole one does; the toy tells other charts in the mirror."""
    path = folder(tmp_path) / "regressor.onnx"
    plain, careful = _regressor(path), _regressor(path, mirror=True, turned_from=0.1)
    boxes, scores = np.array([[10, 20, 55, 80], [100, 30, 130, 70]], np.float32), np.array([0.9, 0.8], np.float32)
    expected = plain.judge_people(PICTURE, boxes, scores, 0.05)
    whole = careful.judge_people(PICTURE, boxes, scores, 0.05)
    brief = careful.judge_people(PICTURE, boxes, scores, 0.05, brief=True)
    assert brief[0].tolist() == whole[0].tolist() == expected[0].tolist() == [1, 0]
    assert brief[1].tolist() == whole[1].tolist() == expected[1].tolist()
    for k in range(2):
        np.testing.assert_array_equal(brief[2][k].logits, expected[2][k].logits)
        assert (whole[2][k].logits != expected[2][k].logits).any()
    assert careful.judge_people(PICTURE, boxes, scores, 0.9, brief=True)[2] == []


def test_people_whose_fitted_boxes_overlap_are_one(tmp_path: Path) -> None:
    """The detector gives the left one twice, and here neither it nor the second look drops the double."""

    def people(name: str, **fitted: float) -> DensePoses:
        path = folder(tmp_path / name, most_shared=1.0, **fitted) / "model.json"
        manifest = json.loads(path.read_text())
        manifest["detector"]["nms_iou"] = 1.0
        path.write_text(json.dumps(manifest))
        return load(path.parent)(PICTURE, threshold=0.05)

    assert len(people("plain")) == 3
    fitted = people("fitted", refit_iou=0.6)
    np.testing.assert_allclose(fitted.boxes_xyxy, [[10, 20, 55, 80], [100, 30, 130, 70]], atol=3)
    assert fitted.scores == pytest.approx([0.4 * WIDTH, 0.2 * WIDTH], abs=0.02), "the better score stays"
