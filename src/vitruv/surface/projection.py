"""The nearest point of a triangle mesh."""

from __future__ import annotations

import numpy as np

from vitruv.types import AnyArray, Float64Array, Int64Array

_CELLS = 32  # along the longest side of the mesh; the points of a cell are compared with the same few faces
_CHUNK = 2_000_000


def project(points: Float64Array, vertices: Float64Array, faces: AnyArray) -> tuple[Int64Array, Float64Array]:
    """Face (n,) and barycentric weights (n, 3) of the nearest surface point of every point (n, 3). Exact.

    The middle of the nearest face bounds the distance; a face whose bounding sphere does not come as near cannot hold the point.
    That is asked of all faces once for a cell of space with points in it, then of those left for each point; the rest is tested
    one by one. Some thousand points a second on a body, more of them when they lie close together.
    """
    corners = vertices[faces]
    centre = corners.mean(axis=1)
    radius = np.linalg.norm(corners - centre[:, None], axis=2).max(axis=1)
    square = np.sum(centre**2, axis=1)
    side = max(float(np.ptp(vertices, axis=0).max()) / _CELLS, 1e-9)
    cell, owner = np.unique(np.floor(points / side), axis=0, return_inverse=True)
    order = np.argsort(owner, kind="stable")
    ends = np.cumsum(np.bincount(owner, minlength=len(cell)))
    face = np.zeros(len(points), np.int64)
    weights = np.zeros((len(points), 3))
    for middle, begin, end in zip((cell + 0.5) * side, np.append(0, ends), ends, strict=False):
        distance = np.sqrt(np.maximum(square - 2 * centre @ middle + middle @ middle, 0.0))
        bound = distance.min() + np.sqrt(3.0) * side  # from the middle to a point, and back
        near = np.flatnonzero(distance - radius <= bound + 1e-9)
        step = max(1, _CHUNK // len(near))
        for first in range(begin, end, step):
            some = order[first : min(first + step, end)]
            which, weights[some] = _among(points[some], corners[near], centre[near], radius[near])
            face[some] = near[which]
    return face, weights


def _among(
    points: Float64Array, corners: Float64Array, centre: Float64Array, radius: Float64Array
) -> tuple[Int64Array, Float64Array]:
    """`project` on few faces: of several equally near ones the first."""
    squared = np.sum(points**2, axis=1)[:, None] - 2 * points @ centre.T + np.sum(centre**2, axis=1)
    distance = np.sqrt(np.maximum(squared, 0.0))
    bound = distance.min(axis=1)
    who, which = np.nonzero(distance - radius <= bound[:, None] + 1e-9)
    found = closest_on_triangles(points[who], corners[which])
    gap = np.linalg.norm(np.einsum("nk,nkc->nc", found, corners[which]) - points[who], axis=1)
    order = np.lexsort((which, gap, who))
    _, first = np.unique(who[order], return_index=True)
    best = order[first]
    return which[best], found[best]


def closest_on_triangles(points: Float64Array, corners: Float64Array) -> Float64Array:
    """Barycentric weights (n, 3) of the point of triangle i, corners (n, 3, 3), nearest to points[i].

    The foot of the perpendicular where it falls inside, otherwise the best of the three edges' nearest points.
    """
    a, b, c = (corners[:, k] for k in range(3))
    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11 = np.sum(ab * ab, 1), np.sum(ab * ac, 1), np.sum(ac * ac, 1)
    d20, d21 = np.sum(ap * ab, 1), np.sum(ap * ac, 1)
    area = np.maximum(d00 * d11 - d01 * d01, 1e-300)
    second, third = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    weights = np.stack([1 - second - third, second, third], axis=1)
    outside = np.flatnonzero(weights.min(axis=1, initial=np.inf) < 0)
    best = np.full(len(outside), np.inf)
    for k in range(3):
        start, end = corners[outside, k], corners[outside, (k + 1) % 3]
        along = end - start
        share = np.clip(np.sum((points[outside] - start) * along, 1) / np.maximum(np.sum(along * along, 1), 1e-300), 0, 1)
        gap = np.linalg.norm(start + share[:, None] * along - points[outside], axis=1)
        nearer = np.flatnonzero(gap < best)
        rows = outside[nearer]
        best[nearer] = gap[nearer]
        weights[rows] = 0.0
        weights[rows, k] = 1 - share[nearer]
        weights[rows, (k + 1) % 3] = share[nearer]
    return weights
