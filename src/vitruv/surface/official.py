"""The original's surface file, for people who have it: `UV_Processed.mat` (MATLAB 5).

All_Faces (f, 3), 1-based into the chart vertices; All_FaceIndices (f, 1), chart of every face; All_vertices (1, n), 1-based SMPL
vertex of every chart vertex; All_U_norm and All_V_norm (n, 1) in [0, 1].
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np

from vitruv.errors import FormatError, InputError
from vitruv.surface.charts import NUM_CHARTS
from vitruv.surface.official_mat import read_mat
from vitruv.types import AnyArray, Float32Array, Float64Array, Int32Array, PathLike, UInt8Array

_FIELDS = ("All_Faces", "All_FaceIndices", "All_vertices", "All_U_norm", "All_V_norm")

OFFICIAL_KAPPA_M = (0.351, 0.107, 0.126, 0.237, 0.173, 0.142, 0.128, 0.150)
"""The official evaluator's kappa (2019), by `KAPPA_GROUPS`: mean geodesic distance inside such a part, metres."""

# Two neighbours on SMPL's midline, from which its mirror image is walked (1-based and 0-based readings are both tried).
_MIDLINE_EDGES = ((384, 385), (383, 384))


def read_official(path: PathLike) -> tuple[Int32Array, Int32Array, Float32Array, UInt8Array]:
    """chart_faces (f, 3) int32, chart_vertex (n,) int32, chart_uv (n, 2) float32, chart_of_face (f,) uint8; all 0-based but charts.

    Raises MissingFileError, UnreadableFileError, or FormatError when the file is another one or damaged.
    """
    file = Path(path)
    stored = read_mat(file)
    faces, charts, vertices = (_whole(file, stored, name) for name in _FIELDS[:3])
    u, v = (_real(file, stored, name) for name in _FIELDS[3:])
    count = vertices.size
    if faces.ndim != 2 or faces.shape[1] != 3 or not len(faces) or charts.size != len(faces) or not u.size == v.size == count:
        raise FormatError(file, "the arrays of the official surface do not fit each other")
    for name, array, largest in (
        ("All_Faces", faces, count),
        ("All_FaceIndices", charts, NUM_CHARTS),
        ("All_vertices", vertices, 1 << 24),
    ):
        if array.min() < 1 or array.max() > largest:
            raise FormatError(file, f"{name} must be in 1..{largest}, but ranges over {array.min()}..{array.max()}")
    uv = np.stack([u.ravel(), v.ravel()], axis=1)
    if not ((uv >= 0) & (uv <= 1)).all():
        raise FormatError(file, "All_U_norm and All_V_norm must be in [0, 1]")
    chart_faces = (faces - 1).astype(np.int32)
    chart_of_face = charts.ravel().astype(np.uint8)
    chart_of_vertex = np.zeros(count, np.uint8)
    chart_of_vertex[chart_faces] = chart_of_face[:, None]
    if (chart_of_vertex[chart_faces] != chart_of_face[:, None]).any():
        raise FormatError(file, "some chart vertex belongs to two charts")
    return chart_faces, (vertices.ravel() - 1).astype(np.int32), uv.astype(np.float32), chart_of_face


def _array(file: Path, stored: dict[str, Float64Array], name: str) -> AnyArray:
    array = stored.get(name)
    if array is None or not array.size:
        raise FormatError(file, f"there is no array of numbers {name!r}; the official surface is UV_Processed.mat")
    return array


def _real(file: Path, stored: dict[str, Float64Array], name: str) -> AnyArray:
    array = _array(file, stored, name)
    if not np.isfinite(array).all():
        raise FormatError(file, f"{name} must be finite")
    return array


def _whole(file: Path, stored: dict[str, Float64Array], name: str) -> AnyArray:
    array = _real(file, stored, name)
    if (array != np.round(array)).any() or np.abs(array).max() > 1 << 31:
        raise FormatError(file, f"{name} must hold whole numbers")
    return array.astype(np.int64)


def walk_mirror(faces: AnyArray, vertex_count: int, *, starts: tuple[tuple[int, int], ...] = _MIDLINE_EDGES) -> Int32Array:
    """(v,) int32: mirror image of every vertex of a mirror-symmetric mesh, from the connectivity alone.

    Starts with an edge on the midline, whose two triangles are mirror images, and goes on from triangle to triangle: the
    triangle behind edge (a, b) is the mirror image of the one behind (b', a'). Vertices without a face are their own images.
    Raises InputError when no start gives a mirror image.
    """
    corners = np.asarray(faces, np.int64)
    apex = {(int(face[k]), int(face[(k + 1) % 3])): int(face[(k + 2) % 3]) for face in corners.tolist() for k in range(3)}
    for a, b in starts:
        image = _walk(apex, a, b)
        if image is not None and len(image) == len(np.unique(corners)):
            mirror = np.arange(vertex_count, dtype=np.int32)
            mirror[list(image)] = list(image.values())
            if (mirror[mirror] == np.arange(vertex_count)).all():
                return mirror
    raise InputError("the mesh is not mirror-symmetric about the edge it was started from")


def _walk(apex: dict[tuple[int, int], int], a: int, b: int) -> dict[int, int] | None:
    if (a, b) not in apex or (b, a) not in apex:
        return None
    image = {a: a, b: b}
    queue = deque([(a, b)])
    done = set()
    while queue:
        edge = queue.popleft()
        if edge in done:
            continue
        done.add(edge)
        first, second = edge
        mirrored = (image[second], image[first])
        if edge not in apex or mirrored not in apex:
            continue  # a border (the original misses a triangle on each big toe)
        c, d = apex[edge], apex[mirrored]
        if image.setdefault(c, d) != d or image.setdefault(d, c) != c:
            return None
        queue.extend([(second, first), (c, second), (first, c)])
    return image
