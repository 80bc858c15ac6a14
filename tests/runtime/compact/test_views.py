from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from vitruv.runtime.compact.views import View, draw_charts, largest_piece, seen_boxes
from vitruv.types import BoolArray, Float32Array


def _view(mask: BoolArray, window: tuple[float, float, float, float]) -> View:
    logits = np.zeros((25, *mask.shape), np.float32)
    logits[0] = 0.5
    logits[2][mask] = 1
    return View(np.array(window, np.float32), logits, np.full((48, *mask.shape), 0.5, np.float32))


def _mask(rows: slice, columns: slice) -> BoolArray:
    mask = np.zeros((12, 8), np.bool_)
    mask[rows, columns] = True
    return mask


def _boxes(*boxes: tuple[float, ...]) -> Float32Array:
    return np.array(boxes, np.float32).reshape(-1, 4)


def test_nobody() -> None:
    assert seen_boxes([], _boxes(), (10, 10)).shape == (0, 4)
    assert draw_charts([], _boxes()) == []
    assert not largest_piece(np.zeros((3, 2), np.bool_)).any()


def test_boxes_reach_as_far_as_people_are_seen() -> None:
    """A window of 10 pixels a cell, whose corner is at (100, 50)."""
    window = (100.0, 50.0, 180.0, 170.0)
    found = seen_boxes([_view(_mask(slice(1, 11), slice(3, 5)), window)] * 2, _boxes((110, 60, 150, 90), (0, 0, 9, 9)), (300, 300))
    np.testing.assert_allclose(found, [[130, 60, 150, 160]] * 2)
    assert found.dtype == np.float32


def test_a_smaller_piece_is_somebody_else() -> None:
    mask = _mask(slice(1, 11), slice(3, 5))
    mask[0:2, 7] = True
    found = seen_boxes([_view(mask, (0.0, 0.0, 8.0, 12.0))], _boxes((0, 0, 8, 12)), (300, 300))
    np.testing.assert_allclose(found, [[3, 1, 5, 11]])


def test_boxes_end_at_the_borders_of_the_picture() -> None:
    whole = _view(_mask(slice(None), slice(None)), (-4.0, -2.0, 4.0, 10.0))
    np.testing.assert_allclose(seen_boxes([whole], _boxes((0, 0, 4, 9)), (9, 100)), [[0, 0, 4, 9]])


@pytest.mark.parametrize(
    "view",
    [
        _view(_mask(slice(0, 0), slice(None)), (0.0, 0.0, 8.0, 12.0)),
        _view(_mask(slice(None), slice(0, 2)), (-4.0, 0.0, 4.0, 12.0)),
    ],
    ids=["shows nothing", "shows nothing inside the picture"],
)
def test_who_is_not_seen_keeps_the_box(view: View) -> None:
    np.testing.assert_allclose(seen_boxes([view], _boxes((1, 2, 3, 5)), (20, 20)), [[1, 2, 3, 5]])


def test_charts_are_drawn_in_the_boxes() -> None:
    view = _view(_mask(slice(0, 6), slice(None)), (0.0, 0.0, 8.0, 12.0))
    [chart] = draw_charts([view], _boxes((0, 0, 8, 12)))
    assert chart.labels.shape == (12, 8)
    assert (chart.labels[:5] == 2).all() and (chart.labels[7:] == 0).all()


def test_views_may_have_other_shapes() -> None:
    """Those of people who lie have been turned."""
    views = [
        _view(_mask(slice(1, 2), slice(3, 4)), (0.0, 0.0, 8.0, 12.0)),
        _view(np.ones((8, 12), np.bool_), (0.0, 0.0, 24.0, 16.0)),
    ]
    np.testing.assert_allclose(seen_boxes(views, _boxes((0, 0, 8, 12), (0, 0, 24, 16)), (90, 90)), [[3, 1, 4, 2], [0, 0, 24, 16]])


@settings(max_examples=60, deadline=None)
@given(arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_the_largest_piece_is_that_of_scipy(mask: BoolArray) -> None:
    piece = largest_piece(mask)
    numbers, count = ndimage.label(mask)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)[1:]
    assert piece.sum() == (sizes.max() if count else 0)
    assert len(np.unique(numbers[piece])) == (1 if count else 0), "all of one piece"
    assert mask[piece].all()
