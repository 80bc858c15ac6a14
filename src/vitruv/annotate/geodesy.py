"""How far apart two points are along the surface of the body: in the accuracy study, and between annotators.

A front runs from one point over the mesh, as Dijkstra's, but across triangles instead of along edges: from the distances of two
corners, the source is unfolded into the plane of the triangle, and the third corner is seen from there (after M. Novotni and
R. Klein, "Computing geodesic distances on triangular meshes", 2002). Between points of one face or of two neighbours it is
exact; elsewhere a straight line is cut short by corners at most.
"""

from __future__ import annotations

import heapq
from functools import lru_cache

import numpy as np
from numba import njit

from vitruv.surface import Atlas, SurfacePoints
from vitruv.types import AnyArray, Float64Array, Int32Array


def distances_m(atlas: Atlas, a: SurfacePoints, b: SurfacePoints) -> Float64Array:
    """(n,) float64: metres along the surface from each point of `a` to the point of `b` in the same place; inf where there is
    no point in one of them, or no way between them."""
    start, around = _incident_faces(atlas)
    vertices = atlas.vertices.astype(np.float64)
    return np.asarray(
        _pairs(
            vertices, atlas.faces, start, around, atlas.positions(a), a.face, atlas.positions(b), b.face,
        )
    )  # fmt: skip


@lru_cache(maxsize=2)
def _incident_faces(atlas: Atlas) -> tuple[Int32Array, Int32Array]:
    """Faces around vertex i: around[start[i]:start[i + 1]]."""
    flat = atlas.faces.ravel()
    order = np.argsort(flat, kind="stable")
    start = np.searchsorted(flat[order], np.arange(len(atlas.vertices) + 1))
    return start.astype(np.int32), (order // 3).astype(np.int32)


@njit(cache=True)
def _length(a: AnyArray, b: AnyArray) -> float:
    return float(np.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2))


@njit(cache=True)
def _across(a: AnyArray, b: AnyArray, c: AnyArray, at_a: float, at_b: float) -> float:
    """Distance of c from a source that is at_a from a and at_b from b, on the other side of the edge a-b."""
    edge = _length(a, b)
    to_a, to_b = _length(a, c), _length(b, c)
    best = min(at_a + to_a, at_b + to_b)
    if edge <= 0.0 or not (np.isfinite(at_a) and np.isfinite(at_b)):
        return best
    # In the plane: a = (0, 0), b = (edge, 0), the source below the edge, c above.
    source_x = (at_a * at_a - at_b * at_b + edge * edge) / (2 * edge)
    below = at_a * at_a - source_x * source_x
    c_x = (to_a * to_a - to_b * to_b + edge * edge) / (2 * edge)
    above = to_a * to_a - c_x * c_x
    if below < 0.0 or above < 0.0:
        return best
    source_y, c_y = -np.sqrt(below), np.sqrt(above)
    if c_y - source_y <= 0.0:
        return best
    crossing = source_x + (c_x - source_x) * (-source_y) / (c_y - source_y)
    if crossing < 0.0 or crossing > edge:
        return best
    return float(np.sqrt((c_x - source_x) ** 2 + (c_y - source_y) ** 2))


@njit(cache=True)
def _pairs(
    vertices: AnyArray, faces: AnyArray, start: AnyArray, around: AnyArray,
    from_xyz: AnyArray, from_face: AnyArray, to_xyz: AnyArray, to_face: AnyArray,
) -> AnyArray:  # fmt: skip
    result = np.full(len(from_face), np.inf)
    for i in range(len(from_face)):
        if from_face[i] >= 0 and to_face[i] >= 0:
            result[i] = _pair(vertices, faces, start, around, from_xyz[i], from_face[i], to_xyz[i], to_face[i])
    return result


@njit(cache=True)
def _pair(
    vertices: AnyArray, faces: AnyArray, start: AnyArray, around: AnyArray,
    source: AnyArray, source_face: int, target: AnyArray, target_face: int,
) -> float:  # fmt: skip
    if source_face == target_face:
        return _length(source, target)
    distance = np.full(len(vertices), np.inf)
    settled = np.zeros(len(vertices), np.bool_)
    heap = [(0.0, np.int64(0)) for _ in range(0)]
    for k in range(3):
        corner = faces[source_face, k]
        distance[corner] = _length(source, vertices[corner])
        heapq.heappush(heap, (distance[corner], np.int64(corner)))
    left = 3  # corners of the target's face
    while len(heap) > 0 and left > 0:
        _, vertex = heapq.heappop(heap)
        if settled[vertex]:
            continue
        settled[vertex] = True
        for k in range(3):
            if faces[target_face, k] == vertex:
                left -= 1
        for slot in range(start[vertex], start[vertex + 1]):
            face = around[slot]
            for k in range(3):
                c = faces[face, k]
                a, b = faces[face, (k + 1) % 3], faces[face, (k + 2) % 3]
                if settled[c] or (a != vertex and b != vertex):
                    continue
                found = _across(vertices[a], vertices[b], vertices[c], distance[a], distance[b])
                if found < distance[c]:
                    distance[c] = found
                    heapq.heappush(heap, (found, np.int64(c)))
    best = np.inf
    for k in range(3):
        a, b = faces[target_face, k], faces[target_face, (k + 1) % 3]
        best = min(best, _across(vertices[a], vertices[b], target, distance[a], distance[b]))
    return float(best)
