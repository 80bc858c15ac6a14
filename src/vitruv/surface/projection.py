"""The nearest point of a triangle mesh."""

from __future__ import annotations

import numpy as np

from vitruv.types import AnyArray, Float64Array, Int64Array

_CHUNK = 2_000_000


def project(points: Float64Array, vertices: Float64Array, faces: AnyArray) -> tuple[Int64Array, Float64Array]:
    """Face (n,) and barycentric weights (n, 3) of the nearest surface point of every point (n, 3). Exact.

    A face can only hold the nearest point when its bounding sphere comes as near as the far side of some other face's sphere;
    those faces are tested one by one. Time grows with points times faces: some thousand points a second.
    """
    corners = vertices[faces]
    centre = corners.mean(axis=1)
    radius = np.linalg.norm(corners - centre[:, None], axis=2).max(axis=1)
    face = np.zeros(len(points), np.int64)
    weights = np.zeros((len(points), 3))
    step = max(1, _CHUNK // max(len(faces), 1))
    square = np.sum(centre**2, axis=1)
    for begin in range(0, len(points), step):
        some = points[begin : begin + step]
        squared = np.sum(some**2, axis=1)[:, None] - 2 * some @ centre.T + square
        distance = np.sqrt(np.maximum(squared, 0.0))
        bound = (distance + radius).min(axis=1)
        who, which = np.nonzero(distance - radius <= bound[:, None] + 1e-9)
        found = closest_on_triangles(some[who], corners[which])
        gap = np.linalg.norm(np.einsum("nk,nkc->nc", found, corners[which]) - some[who], axis=1)
        order = np.lexsort((which, gap, who))
        _, first = np.unique(who[order], return_index=True)
        best = order[first]
        face[begin : begin + step] = which[best]
        weights[begin : begin + step] = found[best]
    return face, weights


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
