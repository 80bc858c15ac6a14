"""The grid of DensePose-COCO annotations: masks and points of a person live on 256 x 256 cells over the person's box.

Cell i covers [i, i + 1) / 256 of a side of the box. `dp_x`, `dp_y` are pixel-index coordinates: 0 is the first cell. Where in its
cell a point lies differs by reader: Vitruv draws at the centre, training takes the edge, the official evaluator has rules of its
own (`vitruv.metrics.rules`).
"""

from __future__ import annotations

import numpy as np

from vitruv.types import AnyArray, Float64Array, Int64Array

GRID = 256


def from_grid(at: AnyArray, start: float, length: float, *, grid: float = GRID, middle: float = 0.0) -> Float64Array:
    """Coordinates on the grid to pixels of the picture, along one axis of the box.

    at: (n,) as in dp_x or dp_y. start, length: the box along this axis, pixels. grid: the cells that a side of the box is long.
    middle: where in its cell a point lies, 0 (its edge) to 1. Returns (n,) float64.
    """
    return np.asarray((np.asarray(at) + middle) * length / grid + start, np.float64)


def pixels_under_grid(start: float, length: float, limit: int) -> Int64Array:
    """(256,) int64: the pixel, 0..limit - 1, under the centre of every cell, along one axis of the box.

    start, length: the box along this axis, pixels. limit: how many pixels the picture has; cells outside it take the nearest.
    """
    at = start + (np.arange(GRID) + 0.5) * (length / GRID)
    return np.asarray(np.clip(np.floor(at), 0, limit - 1), np.int64)
