"""Which vertices a place on a mesh sees along a straight line over the unfolded triangles around it, and how far they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.surface.mesh import opposite_faces
from vitruv.types import AnyArray, Float64Array, Int64Array


@dataclass(frozen=True, eq=False)
class Lines:
    """Exact lengths of straight lines, all of them geodesics or longer than one: metres where the mesh is in metres.

    source: (n,) int64, number of the place they begin at. vertex: (n,) int64, where they end. length: (n,) float64. A pair may
    stand several times. to_goal: (places,) float64, to the goal of the place; inf where no line leads there.
    """

    source: Int64Array
    vertex: Int64Array
    length: Float64Array
    to_goal: Float64Array


@dataclass(frozen=True, eq=False)
class Goals:
    """One place for each source: face (n,), barycentric (n, 3)."""

    face: AnyArray
    barycentric: Float64Array


def from_vertices(vertices: Float64Array, faces: AnyArray, depth: int) -> tuple[Int64Array, Int64Array, Float64Array]:
    """Pairs of vertices that see each other over at most `depth` edges: start < end (n,), length (n,). A pair may stand twice."""
    corners = np.asarray(faces, np.int64)
    face, corner = np.tile(np.arange(len(corners)), 3), np.repeat(np.arange(3), len(corners))
    own = corners[face, corner]
    lines = _walk(vertices, corners, own, face, (corner + 1) % 3, vertices, depth, None)
    return np.minimum(lines.source, lines.vertex), np.maximum(lines.source, lines.vertex), lines.length


def from_places(
    vertices: Float64Array, faces: AnyArray, face: AnyArray, xyz: Float64Array, depth: int, goals: Goals | None = None
) -> Lines:
    """Lines from n places inside faces (not on their edges): face (n,), xyz (n, 3)."""
    own, edge = np.repeat(np.arange(len(xyz)), 3), np.tile(np.arange(3), len(xyz))
    return _walk(vertices, np.asarray(faces, np.int64), own, np.repeat(np.asarray(face, np.int64), 3), edge, xyz, depth, goals)


def _walk(
    vertices: Float64Array, faces: Int64Array, source: Int64Array, face: Int64Array, edge: Int64Array, places: Float64Array,
    depth: int, goals: Goals | None,
) -> Lines:  # fmt: skip
    """From every source an edge (p, q) of its face, from left to right as seen from there, opens a wedge of view; the triangle
    behind is unfolded into the same plane, and the wedge goes on through its two other edges.
    """
    neighbours = opposite_faces(faces)
    to_goal = np.full(len(places), np.inf)
    p, q = faces[face, edge], faces[face, (edge + 1) % 3]
    to_p, to_q = vertices[p] - places[source], vertices[q] - places[source]
    length_p = np.linalg.norm(to_p, axis=1)
    along = np.sum(to_p * to_q, axis=1) / length_p
    across = np.sqrt(np.maximum(np.sum(to_q**2, axis=1) - along**2, 0.0))
    at_p, at_q = np.stack([length_p, np.zeros_like(length_p)], axis=1), np.stack([along, across], axis=1)
    starts, ends, lengths = [source, source], [p, q], [length_p, np.linalg.norm(to_q, axis=1)]
    low, high = at_p, at_q
    for _ in range(depth):
        behind = neighbours[face, edge]
        onward = behind >= 0
        behind, source, p, q = behind[onward], source[onward], p[onward], q[onward]
        at_p, at_q, low, high = at_p[onward], at_q[onward], low[onward], high[onward]
        apex_corner = 3 - (faces[behind] == p[:, None]).argmax(axis=1) - (faces[behind] == q[:, None]).argmax(axis=1)
        apex = faces[behind, apex_corner]
        at_apex = _unfolded(vertices, p, q, apex, at_p, at_q)
        if goals is not None:
            there = np.flatnonzero(goals.face[source] == behind)
            weights = goals.barycentric[source[there][:, None], (apex_corner[there][:, None] + np.arange(3)) % 3]
            at_goal = np.einsum("kn,knc->nc", weights.T, np.stack([at_apex[there], at_q[there], at_p[there]]))
            visible = (_cross(low[there], at_goal) >= 0) & (_cross(at_goal, high[there]) >= 0)
            np.minimum.at(to_goal, source[there][visible], np.linalg.norm(at_goal[visible], axis=1))
        seen = (_cross(low, at_apex) >= 0) & (_cross(at_apex, high) >= 0)
        starts.append(source[seen])
        ends.append(apex[seen])
        lengths.append(np.linalg.norm(at_apex[seen], axis=1))
        # The wedge goes on through (p, apex) and (apex, q); in the face behind, the edge starts at p and q's other end.
        right, left = _cross(low, at_apex) > 0, _cross(at_apex, high) > 0
        high_right = np.where(left[:, None], at_apex, high)
        low_left = np.where(right[:, None], at_apex, low)
        source, face = np.concatenate([source[right], source[left]]), np.concatenate([behind[right], behind[left]])
        edge = np.concatenate([((apex_corner + 2) % 3)[right], apex_corner[left]])
        p, q = np.concatenate([p[right], apex[left]]), np.concatenate([apex[right], q[left]])
        at_p, at_q = np.concatenate([at_p[right], at_apex[left]]), np.concatenate([at_apex[right], at_q[left]])
        low, high = np.concatenate([low[right], low_left[left]]), np.concatenate([high_right[right], high[left]])
    return Lines(np.concatenate(starts), np.concatenate(ends), np.concatenate(lengths), to_goal)


def _cross(a: Float64Array, b: Float64Array) -> Float64Array:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def _unfolded(
    vertices: Float64Array, p: Int64Array, q: Int64Array, apex: Int64Array, at_p: Float64Array, at_q: Float64Array
) -> Float64Array:
    """Where the far corner of the triangle behind edge (p, q) comes to lie in the plane, away from the origin."""
    edge, side = vertices[q] - vertices[p], vertices[apex] - vertices[p]
    length = np.linalg.norm(edge, axis=1)
    along = np.sum(edge * side, axis=1) / length
    across = np.sqrt(np.maximum(np.sum(side**2, axis=1) - along**2, 0.0))
    direction = (at_q - at_p) / length[:, None]
    outwards = np.stack([direction[:, 1], -direction[:, 0]], axis=1)
    return np.asarray(at_p + along[:, None] * direction + across[:, None] * outwards)
