"""Geodesic distances between vertices, computed when asked for.

A full table would be 300 MB. Instead every vertex is joined to all vertices it sees along a straight line over a few unfolded
triangles (exact local geodesics), and Dijkstra's algorithm runs on that graph: paths bend only in vertices, in many directions, so
lengths are about half a percent too long (measured against exact geodesics in the tests).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from vitruv.errors import InputError, MissingExtraError
from vitruv.surface.mesh import opposite_faces
from vitruv.types import AnyArray, Float16Array, Float64Array, Int64Array

_DEPTH = 4
_CHUNK = 128


@dataclass(frozen=True, eq=False)
class GeodesicGraph:
    """vertices: (v, 3) metres; faces: (f, 3). Rows of distances are kept once computed, as float16 (25 kB for 12,000 vertices)."""

    vertices: Float64Array
    faces: AnyArray
    _rows: dict[int, Float16Array] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def _graph(self) -> Any:
        try:
            from scipy.sparse import coo_matrix
        except ImportError as error:
            raise MissingExtraError("scipy", "eval") from error
        start, end, length = straight_lines(self.vertices, np.asarray(self.faces, np.int64))
        count = len(self.vertices)
        return coo_matrix((length, (start, end)), shape=(count, count)).tocsr()

    def rows(self, sources: AnyArray) -> Float16Array:
        """(n, v) float16 metres: distances from every source to all vertices; inf where the surface does not connect them."""
        wanted = np.asarray(sources, np.int64)
        missing = np.array(sorted(set(wanted.tolist()) - self._rows.keys()), np.int64)
        if len(missing):
            graph = self._graph
            from scipy.sparse.csgraph import dijkstra

            for begin in range(0, len(missing), _CHUNK):
                some = missing[begin : begin + _CHUNK]
                for source, row in zip(some.tolist(), dijkstra(graph, directed=False, indices=some), strict=True):
                    self._rows[source] = row.astype(np.float16)
        if not len(wanted):
            return np.zeros((0, len(self.vertices)), np.float16)
        return np.stack([self._rows[source] for source in wanted.tolist()])

    def between(self, a: AnyArray, b: AnyArray) -> Float64Array:
        """(n,) metres between vertices a[i] and b[i]."""
        first, second = np.asarray(a, np.int64), np.asarray(b, np.int64)
        if first.ndim != 1 or first.shape != second.shape:
            raise InputError(f"a_vertex and b_vertex must be (n,), but they are {first.shape} and {second.shape}")
        for vertices in (first, second):
            if vertices.size and not (vertices.min() >= 0 and vertices.max() < len(self.vertices)):
                raise InputError(
                    f"vertices must be in 0..{len(self.vertices) - 1}, but range over {vertices.min()}..{vertices.max()}"
                )
        if len(np.unique(second)) < len(np.unique(first)):
            first, second = second, first
        distance = np.zeros(len(first))
        sources, which = np.unique(first, return_inverse=True)
        for begin in range(0, len(sources), _CHUNK):
            here = (which >= begin) & (which < begin + _CHUNK)
            rows = self.rows(sources[begin : begin + _CHUNK])
            distance[here] = rows[which[here] - begin, second[here]]
        return distance


def straight_lines(vertices: Float64Array, faces: Int64Array, depth: int = _DEPTH) -> tuple[Int64Array, Int64Array, Float64Array]:
    """Pairs of vertices that see each other over at most `depth` edges, and their distance: start, end (n,), length (n,).

    From every corner of every triangle the opposite edge opens a wedge of view; the triangle behind is unfolded into the same
    plane, and the wedge goes on through its two other edges.
    """
    neighbours = opposite_faces(faces)
    corner = np.repeat(np.arange(3), len(faces))
    face = np.tile(np.arange(len(faces)), 3)
    source, p, q = (faces[face, (corner + k) % 3] for k in range(3))
    to_p, to_q = vertices[p] - vertices[source], vertices[q] - vertices[source]
    length_p = np.linalg.norm(to_p, axis=1)
    along = np.sum(to_p * to_q, axis=1) / length_p
    across = np.sqrt(np.maximum(np.sum(to_q**2, axis=1) - along**2, 0.0))
    at_p, at_q = np.stack([length_p, np.zeros_like(length_p)], axis=1), np.stack([along, across], axis=1)
    starts, ends, lengths = [source, source], [p, q], [length_p, np.linalg.norm(to_q, axis=1)]
    edge = (corner + 1) % 3
    low, high = at_p, at_q
    for _ in range(depth):
        behind = neighbours[face, edge]
        onward = behind >= 0
        behind, source, p, q = behind[onward], source[onward], p[onward], q[onward]
        at_p, at_q, low, high = at_p[onward], at_q[onward], low[onward], high[onward]
        apex_corner = 3 - (faces[behind] == p[:, None]).argmax(axis=1) - (faces[behind] == q[:, None]).argmax(axis=1)
        apex = faces[behind, apex_corner]
        at_apex = _unfolded(vertices, p, q, apex, at_p, at_q)
        seen = (_cross(low, at_apex) >= 0) & (_cross(at_apex, high) >= 0)
        starts.append(source[seen])
        ends.append(apex[seen])
        lengths.append(np.linalg.norm(at_apex[seen], axis=1))
        # The wedge goes on through (p, apex) and (apex, q); in the face behind, the edge starts at p and q's other end.
        right, left = _cross(low, at_apex) > 0, _cross(at_apex, high) > 0
        high_right = np.where(left[:, None], at_apex, high)
        low_left = np.where(right[:, None], at_apex, low)
        source, behind = np.concatenate([source[right], source[left]]), np.concatenate([behind[right], behind[left]])
        edge = np.concatenate([((apex_corner + 2) % 3)[right], apex_corner[left]])
        p, q = np.concatenate([p[right], apex[left]]), np.concatenate([apex[right], q[left]])
        at_p, at_q = np.concatenate([at_p[right], at_apex[left]]), np.concatenate([at_apex[right], at_q[left]])
        low, high = np.concatenate([low[right], low_left[left]]), np.concatenate([high_right[right], high[left]])
        face = behind
    start, end, length = np.concatenate(starts), np.concatenate(ends), np.concatenate(lengths)
    start, end = np.minimum(start, end), np.maximum(start, end)
    order = np.lexsort((length, end, start))
    start, end, length = start[order], end[order], length[order]
    first = np.ones(len(start), np.bool_)
    first[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    return start[first], end[first], length[first]


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
