"""Cutting charts open: a hand or a foot is a bag, and must be slit before it can lie flat.

The slits are those of the body model's own texture, which a modeller laid where the original's layout has them too: from the
wrist along the thumb's edge and over the finger tips to the little finger, and from the heel along the outer edge and over the
toes to the big toe.
"""

from __future__ import annotations

import numpy as np

from vitruv.errors import InputError
from vitruv.surface.mesh import border_loops, edges, half_edges, opposite_faces
from vitruv.surface.template import BodyTemplate
from vitruv.types import AnyArray, BoolArray, Float64Array, Int64Array

_SAME_TEXTURE = 1e-6
_LEAVE_TEXTURE_M = 0.065
"""Near the wrist the texture's slit turns into a ring around it: from here on the slit runs straight to the border."""


def split_along(faces: AnyArray, cut: AnyArray) -> tuple[Int64Array, Int64Array]:
    """Give every side of a slit its own vertices.

    faces: (f, 3); cut: (n, 2) vertex pairs, in any order. Returns the faces by new vertices (f, 3), numbered from 0, and the old
    vertex of every new one, ascending.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    corners = np.asarray(faces, np.int64)
    count = int(corners.max()) + 1
    other = opposite_faces(corners)
    low_high = np.sort(np.asarray(cut, np.int64).reshape(-1, 2), axis=1)
    directed = half_edges(corners)
    mine = np.sort(directed, axis=1)
    slit = np.isin(mine[:, 0] * count + mine[:, 1], low_high[:, 0] * count + low_high[:, 1]).reshape(3, -1).T
    first, second = [], []
    for k in range(3):
        here = np.flatnonzero((other[:, k] >= 0) & ~slit[:, k])
        there = other[here, k]
        for corner in (k, (k + 1) % 3):
            opposite = (corners[there] == corners[here, corner][:, None]).argmax(axis=1)
            first.append(3 * here + corner)
            second.append(3 * there + opposite)
    a, b = np.concatenate(first), np.concatenate(second)
    size = 3 * len(corners)
    piece = connected_components(coo_matrix((np.ones(len(a)), (a, b)), shape=(size, size)), directed=False)[1]
    old = np.zeros(int(piece.max()) + 1, np.int64)
    old[piece] = corners.ravel()
    order = np.argsort(old, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place[piece].reshape(-1, 3), old[order]


def texture_slit(template: BodyTemplate, chart_faces: BoolArray, *, end: int | None = None) -> Int64Array:
    """(n, 2): the edges of a left hand's or foot's slit, from its inner end to the chart's border.

    chart_faces: (f,) bool. end: vertex of the border to which the slit is led; None follows the texture all the way.
    """
    faces, texture = template.faces[chart_faces].astype(np.int64), template.corner_uv[chart_faces]
    other = opposite_faces(faces)
    pairs = []
    for k in range(3):
        here = np.flatnonzero(other[:, k] >= 0)
        there, jump = other[here, k], np.zeros(len(here), np.bool_)
        for corner in (k, (k + 1) % 3):
            opposite = (faces[there] == faces[here, corner][:, None]).argmax(axis=1)
            jump |= np.abs(texture[here, corner] - texture[there, opposite]).max(axis=1) > _SAME_TEXTURE
        pairs.append(faces[here[jump]][:, [k, (k + 1) % 3]])
    slit = np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)
    path = _walk(slit, set(border_loops(faces)[0].tolist()))
    if end is None:
        return np.stack([path[:-1], path[1:]], axis=1)
    near = np.linalg.norm(template.vertices[path] - template.vertices[end], axis=1) < _LEAVE_TEXTURE_M
    path = np.concatenate([path[: int(np.argmax(near)) + 1], _shortest(template.vertices, faces, int(path[np.argmax(near)]), end)])
    return np.stack([path[:-1], path[1:]], axis=1)


def _walk(slit: Int64Array, border: set[int]) -> Int64Array:
    """The slit as one path of vertices from its end inside the chart to its end on the border."""
    neighbours: dict[int, list[int]] = {}
    for a, b in slit.tolist():
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    tips = [vertex for vertex, others in neighbours.items() if len(others) == 1 and vertex not in border]
    if len(tips) != 1 or max(map(len, neighbours.values())) > 2:
        raise InputError("the template's texture must have one slit in a hand or foot, but has another layout")
    path = [tips[0]]
    while True:
        onward = [vertex for vertex in neighbours[path[-1]] if vertex not in path[-2:]]
        if not onward:
            return np.array(path, np.int64)
        path.append(onward[0])


def _shortest(vertices: Float64Array, faces: Int64Array, start: int, end: int) -> Int64Array:
    """Vertices of the shortest walk along edges, without `start`."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    ends = edges(faces)
    length = np.linalg.norm(vertices[ends[:, 0]] - vertices[ends[:, 1]], axis=1)
    graph = coo_matrix((length, (ends[:, 0], ends[:, 1])), shape=(len(vertices), len(vertices))).tocsr()
    _, previous = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
    path = [end]
    while previous[path[-1]] != start:
        path.append(int(previous[path[-1]]))
    return np.array(path[::-1], np.int64)
