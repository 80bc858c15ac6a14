"""Triangles of a plane drawn onto a grid of points: which one covers each point, and where in it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vitruv.types import AnyArray, Float32Array, Float64Array, Int32Array

_CHUNK = 1 << 21  # points tested at once
_TOLERANCE = 1e-6


class PlaneRaster(NamedTuple):
    """face: (h, w) int32, -1 = no triangle. barycentric: (h, w, 3) float32, weights of the corners; 0 where no triangle is."""

    face: Int32Array
    barycentric: Float32Array


def rasterise_plane(corners: AnyArray, size_hw: tuple[int, int]) -> PlaneRaster:
    """Draw triangles onto the points (column, row) = (0, 0) .. (w - 1, h - 1).

    corners: (f, 3, 2) column and row. Of triangles that share a point (a common edge) the last one has it; those without area have
    none. Triangles of one size are tested together, so the time goes with their area.
    """
    height, width = size_hw
    triangles: Float64Array = np.asarray(corners, np.float64)
    face = np.full(height * width, -1, np.int32)
    weights = np.zeros((height * width, 3), np.float32)
    low = np.maximum(np.ceil(triangles.min(axis=1) - _TOLERANCE), 0).astype(np.int64)
    high = np.minimum(np.floor(triangles.max(axis=1) + _TOLERANCE), [width - 1, height - 1]).astype(np.int64)
    size = high - low + 1  # columns, rows
    a, b, c = (triangles[:, i] for i in range(3))
    area = _cross(b - a, c - a)
    usable = (size > 0).all(axis=1) & (area != 0)
    side = np.where(usable, np.maximum(size.max(axis=1), 1), 0)
    steps = np.ceil(np.log2(np.maximum(side, 1))).astype(np.int64)
    for step in np.unique(steps[usable]):
        edge = 1 << int(step)
        offsets = np.stack(np.meshgrid(np.arange(edge), np.arange(edge)), axis=-1).reshape(-1, 2)
        members = np.flatnonzero(usable & (steps == step))
        for start in range(0, len(members), max(_CHUNK // len(offsets), 1)):
            chosen = members[start : start + max(_CHUNK // len(offsets), 1)]
            points = low[chosen, None] + offsets  # (n, edge * edge, 2)
            within = (offsets < size[chosen, None]).all(axis=2)
            to = [corner[chosen, None] - points for corner in (a, b, c)]
            inverse = 1 / area[chosen, None]
            wa, wb = _cross(to[1], to[2]) * inverse, _cross(to[2], to[0]) * inverse
            wc = 1 - wa - wb
            covered = within & (np.minimum(np.minimum(wa, wb), wc) >= -_TOLERANCE)
            which, _ = np.nonzero(covered)
            place = points[covered][:, 1] * width + points[covered][:, 0]
            face[place] = chosen[which]
            weights[place] = np.stack([wa[covered], wb[covered], wc[covered]], axis=-1)
    return PlaneRaster(face.reshape(height, width), weights.reshape(height, width, 3))


def _cross(a: AnyArray, b: AnyArray) -> AnyArray:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])
