"""Colours of charts."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.draw import colour_labels, legend, palette
from vitruv.errors import InputError


@pytest.mark.parametrize("name", ["vitruv", "parula", "viridis"])
def test_25_different_colours(name: str) -> None:
    colours = palette(name)  # type: ignore[arg-type]
    assert colours.shape == (25, 3)
    assert colours.dtype == np.uint8
    assert len({tuple(colour) for colour in colours.tolist()}) == 25


def test_known_entries() -> None:
    """First and last colours of the two maps, as published with them."""
    assert palette("viridis")[[0, 24]].tolist() == [[68, 1, 84], [253, 231, 37]]
    assert palette("parula")[[0, 1, 24]].tolist() == [[0, 0, 0], [37, 60, 163], [249, 251, 14]]


def test_neighbours_are_told_apart() -> None:
    """Any two colours of our own palette differ by much more than JPEG or scaling changes them."""
    colours = palette().astype(float)
    distance = np.linalg.norm(colours[:, None] - colours[None], axis=2)
    np.fill_diagonal(distance, 255)
    assert distance.min() > 18


def test_labels() -> None:
    assert colour_labels(np.zeros((0, 3), np.uint8)).shape == (0, 3, 3)
    labels = np.arange(25, dtype=np.uint8).reshape(5, 5)
    np.testing.assert_array_equal(colour_labels(labels, "viridis").reshape(25, 3), palette("viridis"))


def test_unknown_palette() -> None:
    with pytest.raises(InputError, match="palette must be one of vitruv, parula, viridis, but got 'jet'"):
        palette("jet")  # type: ignore[arg-type]


@pytest.mark.parametrize("height", [1, 240, 480, 1200])
def test_legend_shows_every_colour(height: int) -> None:
    picture = legend(height=height)
    assert picture.dtype == np.uint8
    seen = {tuple(colour) for colour in picture.reshape(-1, 3).tolist()}
    assert {tuple(colour) for colour in palette()[1:].tolist()} <= seen


def test_labels_without_a_colour_are_refused() -> None:
    with pytest.raises(InputError, match=r"labels must be in 0\.\.24, but the largest is 30"):
        colour_labels(np.array([[0, 30]], np.uint8))
    assert colour_labels(np.zeros((0, 0), np.uint8)).shape == (0, 0, 3)
