"""How a person moved between two frames, told by the surface: a point of the body that both maps show went from here to there."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from vitruv.geometry import resize_bilinear
from vitruv.types import AnyArray, Float32Array, Float64Array

_SAME_UV = 0.15  # points of a chart are taken for the same up to this distance in U and V
_NEAREST = 3
_LEAST = 6  # points that both maps show; fewer tell nothing
_FARTHEST = 0.2  # of the window's longer side; what seems to have moved farther is a mistake of one of the maps
_ODD = 0.04  # ... and what moved otherwise than its surroundings by this counts a quarter
_REACH = 0.1  # of the window's longer side, how far a point's motion speaks for its surroundings
_GRID = 16  # points a side for which the motion is worked out; between them it is smooth
_COMMON = 0.05  # weight of the common motion, which is all that is known where nothing is near


def surface_flow(
    labels: AnyArray,
    uv: Float32Array,
    at_xy: Float32Array,
    labels_before: AnyArray,
    uv_before: Float32Array,
    before_xy: Float32Array,
) -> Float32Array:
    """(2, h, w) float32: x and y by which what is seen in each cell of a map has moved since the map before, in pixels.

    labels: (h, w), 0..24; uv: (2, h, w) of those labels; at_xy: (2, h, w) centres of the cells in the picture. The same of the map
    before, which may have another window. 0 where nothing is known.
    """
    shape = labels.shape
    nothing = np.zeros((2, *shape), np.float32)
    points, place = _points(labels, uv, at_xy)
    points_before, place_before = _points(labels_before, uv_before, before_xy)
    if min(len(points), len(points_before)) < _LEAST:
        return nothing
    distance, which = cKDTree(points_before).query(points, k=_NEAREST, distance_upper_bound=_SAME_UV)
    found = np.isfinite(distance[:, -1])
    if found.sum() < _LEAST:
        return nothing
    near = 1 / (distance[found] + 0.01)
    came_from = (place_before[which[found]] * (near / near.sum(axis=1, keepdims=True))[:, :, None]).sum(axis=1)
    place = place[found]
    moved = place - came_from
    common = np.median(moved, axis=0)
    side = float(max(np.ptp(at_xy[0]), np.ptp(at_xy[1]), 1.0))
    kept = np.abs(moved - common).max(axis=1) < _FARTHEST * side
    if not kept.any():
        return nothing
    place, moved = place[kept], moved[kept]
    sure = np.ones(len(moved))
    for _ in range(2):
        odd = np.abs(moved - _spread(place, moved, sure, place, common, side)).max(axis=1) / (_ODD * side)
        sure = 1 / (1 + odd**2) ** 2
    rows = np.linspace(0, shape[0] - 1, _GRID).round().astype(int)
    columns = np.linspace(0, shape[1] - 1, _GRID).round().astype(int)
    grid_xy = at_xy[:, rows[:, None], columns].reshape(2, -1).T.astype(np.float64)
    flow = _spread(place, moved, sure, grid_xy, common, side)
    return resize_bilinear(flow.T.reshape(2, _GRID, _GRID), (shape[0], shape[1]))


def _points(labels: AnyArray, uv: Float32Array, at_xy: Float32Array) -> tuple[Float64Array, Float64Array]:
    """Points of the surface that are seen, (n, 3): U, V and the chart, far from every other; where, (n, 2)."""
    rows, columns = np.nonzero(labels)
    surface = np.stack([uv[0, rows, columns], uv[1, rows, columns], 10.0 * labels[rows, columns]], axis=1)
    return surface.astype(np.float64), at_xy[:, rows, columns].T.astype(np.float64)


def _spread(
    place: Float64Array, moved: Float64Array, sure: Float64Array, targets: Float64Array, common: AnyArray, side: float
) -> Float64Array:
    """(m, 2): the motion at the targets (m, 2), from that at places (n, 2)."""
    distance = ((targets[:, None] - place[None]) ** 2).sum(axis=2) / (2 * (_REACH * side) ** 2)
    weight = np.exp(-distance) * sure
    return np.asarray((weight @ moved + _COMMON * common) / (weight.sum(axis=1, keepdims=True) + _COMMON))
