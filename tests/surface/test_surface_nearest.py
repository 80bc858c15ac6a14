"""The nearest of many segments, against looking at all of them."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.errors import InputError
from vitruv.surface.nearest import NearestInSquare


def slowly(start: np.ndarray, end: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Distance of every point from its nearest segment, by looking at many places along all segments."""
    share = np.linspace(0, 1, 2001)[:, None, None]
    places = (start + share * (end - start)).reshape(-1, 2)
    return np.array([np.linalg.norm(places - point, axis=1).min() for point in points])


def test_no_points_no_answers() -> None:
    search = NearestInSquare(np.zeros((1, 2)), np.ones((1, 2)))
    found, share = search.find(np.zeros((0, 2)))
    assert found.shape == (0,) and share.shape == (0,)


def test_nothing_to_be_near_to_is_refused() -> None:
    with pytest.raises(InputError, match="a segment at least"):
        NearestInSquare(np.zeros((0, 2)), np.zeros((0, 2)))


@pytest.mark.parametrize("length", [0.0, 0.02, 0.5])
def test_as_near_as_by_looking_at_all(length: float) -> None:
    rng = np.random.default_rng(0)
    start = rng.random((40, 2))
    end = np.clip(start + length * rng.normal(size=(40, 2)), 0, 1)
    points = np.concatenate([rng.random((150, 2)), rng.random((40, 2)) * 3 - 1, [[0, 0], [1, 1], [1, 0]], start[:5]])
    found, share = NearestInSquare(start, end).find(points)
    assert share.min() >= 0 and share.max() <= 1
    reached = start[found] + share[:, None] * (end[found] - start[found])
    assert np.linalg.norm(reached - points, axis=1) == pytest.approx(slowly(start, end, points), abs=1e-3)


def test_the_first_of_equally_near_ones_is_taken() -> None:
    place = np.array([[0.5, 0.5], [0.2, 0.2], [0.2, 0.2]])
    found, _ = NearestInSquare(place, place).find(np.array([[0.21, 0.2], [5.0, 5.0]]))
    assert found.tolist() == [1, 0]
