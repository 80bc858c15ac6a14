"""The 256 x 256 grid of annotations over a box."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitruv.geometry import GRID, from_grid, pixels_under_grid


def test_no_points() -> None:
    assert from_grid(np.zeros(0), 3, 10).shape == (0,)


@pytest.mark.parametrize(
    ("at", "options", "expected"),
    [
        (0, {}, 10.0),
        (0, {"middle": 0.5}, 10.25),
        (256, {}, 138.0),
        (255, {"grid": 255.0}, 138.0),
        (255, {"middle": 0.5}, 137.75),
    ],
)
def test_points(at: float, options: dict[str, float], expected: float) -> None:
    assert from_grid(np.array([at]), 10, 128, **options).tolist() == [expected]


@given(st.integers(-300, 300), st.integers(1, 900), st.integers(1, 600))
def test_pixels_are_those_of_the_centres(start: int, length: int, limit: int) -> None:
    pixels = pixels_under_grid(start, length, limit)
    centres = from_grid(np.arange(GRID), start, length, middle=0.5)
    assert pixels.shape == (GRID,) and pixels.dtype == np.int64
    for pixel, centre in zip(pixels.tolist(), centres.tolist(), strict=True):
        assert pixel == min(max(int(np.floor(centre)), 0), limit - 1)
