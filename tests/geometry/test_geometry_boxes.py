"""Boxes: checks at the door, conversions, overlap, suppression."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vitruv.errors import InputError
from vitruv.geometry import area, as_boxes_xyxy, clip, iou, nms, placement_xywh, without_doubles, xywh_to_xyxy, xyxy_to_xywh
from vitruv.types import AnyArray

NO_BOXES = np.zeros((0, 4), np.float32)


def some_boxes(most: int = 8) -> st.SearchStrategy[AnyArray]:
    """Boxes on a small grid of whole numbers, so that many overlap and touch."""
    corners = hnp.arrays(np.int64, st.tuples(st.integers(0, most), st.just(4)), elements=st.integers(0, 12))
    return corners.map(lambda c: np.concatenate([c[:, :2], c[:, :2] + c[:, 2:]], axis=1).astype(np.float32))


def slow_iou(a: AnyArray, b: AnyArray) -> float:
    w = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    h = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h
    return float(w * h / union) if union > 0 else 0.0


@pytest.mark.parametrize("empty", [[], (), np.zeros((0, 4)), np.zeros(0), [[]]])
def test_no_boxes_are_boxes(empty: object) -> None:
    assert as_boxes_xyxy(empty).shape == (0, 4)
    assert as_boxes_xyxy(empty).dtype == np.float32


def test_boxes_from_outside() -> None:
    boxes = as_boxes_xyxy([[0, 1, 2.5, 3], (4, 5, 6, 7)])
    assert boxes.dtype == np.float32
    assert boxes.tolist() == [[0, 1, 2.5, 3], [4, 5, 6, 7]]


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([0, 0, 1, 1], r"people must have shape \(n, 4\), x1 y1 x2 y2, but got shape \(4,\)"),
        ([[0, 0, 1]], r"people must have shape \(n, 4\), x1 y1 x2 y2, but got shape \(1, 3\)"),
        ([[0, 0, 1, 1], [0, 0, float("nan"), 1]], r"people\[1\] is not finite"),
        ([[0, 0, 1, float("inf")]], r"people\[0\] is not finite"),
        ([[0, 0, 1, 1e300]], r"people\[0\] is not finite: \[0\.0, 0\.0, 1\.0, inf\]"),
        ([[3, 0, 3, 1]], r"people\[0\] is empty or inverted: \[3\.0, 0\.0, 3\.0, 1\.0\]; expected x1 < x2 and y1 < y2"),
        ([[0, 4, 3, 1]], r"people\[0\] is empty or inverted"),
        ([["a", 0, 1, 1]], r"people must be an \(n, 4\) array of numbers"),
        (None, r"people must have shape \(n, 4\)"),
    ],
)
def test_unusable_boxes_are_named(boxes: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_boxes_xyxy(boxes, name="people")


@given(some_boxes())
def test_there_and_back(boxes: AnyArray) -> None:
    np.testing.assert_array_equal(xywh_to_xyxy(xyxy_to_xywh(boxes)), boxes)
    np.testing.assert_array_equal(area(boxes), xyxy_to_xywh(boxes)[:, 2] * xyxy_to_xywh(boxes)[:, 3])


@pytest.mark.parametrize(
    ("box", "place"),
    [
        ((0, 0, 1, 1), (0, 0, 1, 1)),
        ((1.9, 2.9, 5.8, 6.8), (1, 2, 3, 3)),  # sides are truncated by themselves, not the far corner
        ((-1.9, -0.5, 5, 5), (-1, 0, 6, 5)),  # towards zero
        ((3, 3, 3.2, 3.9), (3, 3, 1, 1)),  # at least one pixel
    ],
)
def test_placement(box: tuple[float, ...], place: tuple[int, ...]) -> None:
    assert placement_xywh(np.array([box])).tolist() == [list(place)]


def test_placement_of_nothing() -> None:
    assert placement_xywh(NO_BOXES).shape == (0, 4)


@given(some_boxes(), some_boxes())
def test_iou_equals_the_formula(a: AnyArray, b: AnyArray) -> None:
    expected = np.array([[slow_iou(p, q) for q in b] for p in a]).reshape(len(a), len(b))
    np.testing.assert_allclose(iou(a, b), expected, rtol=1e-6)


def test_iou_of_nothing_is_no_warning() -> None:
    assert iou(NO_BOXES, NO_BOXES).shape == (0, 0)
    assert iou(np.zeros((1, 4)), np.zeros((1, 4))).tolist() == [[0]]


def test_clip() -> None:
    assert clip(np.array([[-5.0, 1, 20, 30]]), (10, 15)).tolist() == [[0, 1, 15, 10]]
    assert clip(NO_BOXES, (10, 15)).shape == (0, 4)


def slow_nms(boxes: AnyArray, scores: AnyArray, threshold: float) -> list[int]:
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if all(iou(boxes[i : i + 1], boxes[k : k + 1])[0, 0] <= threshold for k in kept):
            kept.append(i)
    return kept


@given(some_boxes(12), st.data(), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_nms_equals_the_definition(boxes: AnyArray, data: st.DataObject, threshold: float) -> None:
    scores = data.draw(hnp.arrays(np.float32, len(boxes), elements=st.sampled_from([0.1, 0.2, 0.5, 0.9])))
    assert nms(boxes, scores, threshold).tolist() == slow_nms(boxes, scores, threshold)


def test_parts_of_boxes_are_doubles() -> None:
    boxes = np.array([[0, 0, 10, 20], [1, 1, 9, 9], [8, 0, 18, 20], [0, 0, 10, 19]])
    scores = np.array([0.5, 0.9, 0.3, 0.4])
    assert without_doubles(boxes, scores, 0.8).tolist() == [1, 2], "the better one stays, though it is the smaller"
    assert without_doubles(boxes, scores, 1.0).tolist() == [1, 0, 3, 2]
    assert without_doubles(boxes[[0, 2, 3]], scores[[0, 2, 3]], 0.8).tolist() == [0, 1]
    assert without_doubles(NO_BOXES, np.zeros(0), 0.8).tolist() == []


def test_nms_of_nothing() -> None:
    assert nms(NO_BOXES, np.zeros(0), 0.5).tolist() == []
