"""Triangle meshes as plain arrays: edges, borders, areas, and the tests that a chart must pass.

faces: (f, 3) integers, wound counter-clockwise seen from outside.
"""

from __future__ import annotations

import numpy as np

from vitruv.errors import InputError
from vitruv.types import AnyArray, Float64Array, Int64Array


def half_edges(faces: AnyArray) -> Int64Array:
    """(3 f, 2): the directed edges of all faces; edge k of face i stands in row k f + i and runs from corner k to k + 1."""
    corners = np.asarray(faces, np.int64)
    return np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])


def edges(faces: AnyArray) -> Int64Array:
    """(e, 2): every edge once, smaller vertex first, sorted."""
    return np.unique(np.sort(half_edges(faces), axis=1), axis=0)


def opposite_faces(faces: AnyArray) -> Int64Array:
    """(f, 3): the face on the other side of edges (0, 1), (1, 2), (2, 0) of every face; -1 at the border."""
    directed = half_edges(faces)
    count = int(directed.max(initial=-1)) + 1
    key = directed[:, 0] * count + directed[:, 1]
    order = np.argsort(key, kind="stable")
    wanted = directed[:, 1] * count + directed[:, 0]
    place = np.minimum(np.searchsorted(key[order], wanted), max(len(key) - 1, 0))
    found = key[order][place] == wanted if len(key) else np.zeros(0, np.bool_)
    owner = np.where(found, order[place] % max(len(faces), 1), -1)
    return np.asarray(owner.reshape(3, -1).T, np.int64)


def border_loops(faces: AnyArray) -> list[Int64Array]:
    """The borders as closed walks of vertices with the surface on the left, longest first.

    Raises InputError when a vertex is passed twice (two fans of faces meet in one vertex).
    """
    directed = half_edges(faces)
    count = int(directed.max(initial=-1)) + 1
    key = directed[:, 0] * count + directed[:, 1]
    border = directed[~np.isin(directed[:, 1] * count + directed[:, 0], key)]
    following = dict(zip(border[:, 0].tolist(), border[:, 1].tolist(), strict=True))
    if len(following) != len(border):
        raise InputError("faces must form a manifold, but a border passes a vertex twice")
    loops = []
    while following:
        start = min(following)
        walk = [start]
        step = following.pop(start)
        while step != start:
            walk.append(step)
            step = following.pop(step)
        loops.append(np.array(walk, np.int64))
    return sorted(loops, key=len, reverse=True)


def euler_characteristic(faces: AnyArray) -> int:
    """Vertices in use - edges + faces: 1 for a disk, 2 for a sphere."""
    return len(np.unique(faces)) - len(edges(faces)) + len(faces)


def is_disk(faces: AnyArray) -> bool:
    """One connected piece with one border and no handle."""
    if not len(faces):
        return False
    try:
        loops = border_loops(faces)
    except InputError:
        return False
    return len(loops) == 1 and euler_characteristic(faces) == 1 and int(face_components(faces).max()) == 0


def face_components(faces: AnyArray, cut: AnyArray | None = None) -> Int64Array:
    """(f,): number of the piece of every face, where faces hang together over shared edges that are not in `cut`.

    cut: (n, 2) vertex pairs, in any order.
    """
    neighbours = opposite_faces(faces)
    directed = half_edges(faces)
    closed = neighbours.T.ravel() < 0
    if cut is not None and len(cut):
        count = int(directed.max()) + 1
        low_high = np.sort(np.asarray(cut, np.int64), axis=1)
        mine = np.sort(directed, axis=1)
        closed |= np.isin(mine[:, 0] * count + mine[:, 1], low_high[:, 0] * count + low_high[:, 1])
    open_to = np.where(closed.reshape(3, -1).T, -1, neighbours)
    piece = np.full(len(faces), -1, np.int64)
    number = 0
    for seed in range(len(faces)):
        if piece[seed] >= 0:
            continue
        front = np.array([seed])
        while len(front):
            piece[front] = number
            reached = np.unique(open_to[front])
            reached = reached[reached >= 0]
            front = reached[piece[reached] < 0]
        number += 1
    return piece


def face_normals(vertices: Float64Array, faces: AnyArray) -> Float64Array:
    """(f, 3): normals as long as twice the face's area, outwards."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.asarray(np.cross(b - a, c - a))


def face_areas(vertices: Float64Array, faces: AnyArray) -> Float64Array:
    """(f,): areas in the unit of `vertices` squared."""
    return np.asarray(0.5 * np.linalg.norm(face_normals(vertices, faces), axis=1))


def signed_uv_areas(uv: Float64Array, faces: AnyArray) -> Float64Array:
    """(f,): areas in the plane, negative where a face is wound clockwise. uv: (v, 2)."""
    a, b, c = (uv[faces[:, k]] for k in range(3))
    ab, ac = b - a, c - a
    return np.asarray(0.5 * (ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]))
