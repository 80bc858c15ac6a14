"""Geodesic distances of all pairs of vertices of a mesh, when no table comes with it.

Shortest paths along edges, and along the straight lines that cross one edge (two triangles laid flat). On the atlas in the package
they are 1.4% longer than exact geodesics in the mean, and less than 5.3% for 99 of 100 pairs; 2.4 ms a vertex.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from vitruv.types import AnyArray, Float32Array, Float64Array, Int64Array

_ROWS = 128


def triangle_rows(
    vertices: AnyArray, faces: AnyArray, progress: Callable[[int, int], None] | None = None
) -> Iterator[Float32Array]:
    """Distances in the order of `DistanceTable`, some rows of the triangle at a time.

    vertices: (v, 3) metres. faces: (f, 3). progress: called with the vertices done and their number. Parts of the mesh that do
    not hang together are infinitely far apart.
    """
    from scipy.sparse.csgraph import dijkstra

    links = _links(np.asarray(vertices, np.float64), np.asarray(faces, np.int64))
    for start in range(0, len(vertices), _ROWS):
        sources = np.arange(start, min(start + _ROWS, len(vertices)))
        rows = dijkstra(links, directed=True, indices=sources).astype(np.float32)
        yield np.concatenate([row[:i] for row, i in zip(rows, sources.tolist(), strict=True)])
        if progress is not None:
            progress(int(sources[-1]) + 1, len(vertices))


def _links(vertices: Float64Array, faces: Int64Array) -> Any:
    """Sparse (v, v): lengths of edges and of lines across one edge."""
    from scipy.sparse import coo_matrix

    sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    apex = np.concatenate([faces[:, 2], faces[:, 0], faces[:, 1]])
    lengths = np.linalg.norm(vertices[sides[:, 0]] - vertices[sides[:, 1]], axis=1)
    # An edge between two faces stands twice, once in each direction: bring both next to each other.
    low, high = sides.min(axis=1), sides.max(axis=1)
    order = np.lexsort((high, low))
    same = (low[order][1:] == low[order][:-1]) & (high[order][1:] == high[order][:-1])
    one, two = order[:-1][same], order[1:][same]
    across, crosses = _unfolded(vertices, low[one], high[one], apex[one], apex[two])
    a, b = apex[one][crosses], apex[two][crosses]
    rows = np.concatenate([low, high, a, b])
    columns = np.concatenate([high, low, b, a])
    weights = np.concatenate([lengths, lengths, across[crosses], across[crosses]])
    # Entries of one pair would be added up: keep the shortest.
    order = np.lexsort((weights, columns, rows))
    first = np.append(True, (np.diff(rows[order]) != 0) | (np.diff(columns[order]) != 0))
    kept = order[first]
    return coo_matrix((weights[kept], (rows[kept], columns[kept])), (len(vertices), len(vertices))).tocsr()


def _unfolded(
    vertices: Float64Array, start: Int64Array, end: Int64Array, apex: Int64Array, other: Int64Array
) -> tuple[Float64Array, AnyArray]:
    """Length of the line between the apexes of two triangles laid flat along their edge, and whether it crosses that edge."""
    along = vertices[end] - vertices[start]
    length = np.maximum(np.linalg.norm(along, axis=1), 1e-12)
    places = []
    for corner in (apex, other):
        offset = vertices[corner] - vertices[start]
        x = np.einsum("nc,nc->n", offset, along) / length
        places.append((x, np.sqrt(np.maximum((offset**2).sum(axis=1) - x**2, 0))))
    (x1, y1), (x2, y2) = places
    meets = x1 + (x2 - x1) * y1 / np.maximum(y1 + y2, 1e-12)
    return np.hypot(x2 - x1, y1 + y2), (meets > 0) & (meets < length)
