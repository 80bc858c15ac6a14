"""The official surface without its table of distances: from the charts of SMPL and the user's own SMPL vertices.

UV_Processed.mat                        the original's charts (`surface.official`)
SMPL_vertices.npy or SMPL_vertices.obj  the 6,890 vertices of SMPL in rest pose, metres

As for the official evaluator, every triangle is cut into four at the middles of its edges: 6,890 vertices and 20,664 middles make
27,554. Distances are computed along the mesh (`surface.geodesics`). The official rows are in another order and may treat a point
on a seam in another way, so numbers are close to the official ones, not equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitruv.errors import FormatError, MissingFileError, UnreadableFileError
from vitruv.files import cache_folder
from vitruv.formats.npy import map_npy
from vitruv.metrics.surfaces.charted_surface import ChartedSurface
from vitruv.metrics.surfaces.mesh_distances import MeshDistances
from vitruv.surface.geodesics import METHOD, GeodesicGraph
from vitruv.surface.official import OFFICIAL_KAPPA_M, read_official
from vitruv.types import Float64Array, Int32Array, Int64Array, PathLike, UInt8Array

CHARTS = "UV_Processed.mat"
_VERTICES = ("SMPL_vertices.npy", "SMPL_vertices.obj")


@dataclass(frozen=True, eq=False)
class ChartedMesh:
    """vertices: (v, 3) float64 metres. faces: (f, 3), of vertices; chart_faces: the same of chart vertices. chart, uv, vertex: of
    every chart vertex, (n,) uint8 1..24, (n, 2) float64 and (n,) int32."""

    vertices: Float64Array
    faces: Int64Array
    chart_faces: Int64Array
    chart: UInt8Array
    uv: Float64Array
    vertex: Int32Array

    def subdivided(self) -> ChartedMesh:
        """Every triangle cut into four. Middles of edges come after the vertices; a seam has one middle and two chart vertices."""
        middles, of_face = _edges(self.faces)
        chart_middles, of_chart_face = _edges(self.chart_faces)
        vertex = np.zeros(len(chart_middles), np.int32)
        vertex[of_chart_face] = of_face + len(self.vertices)
        return ChartedMesh(
            np.concatenate([self.vertices, self.vertices[middles].mean(axis=1)]),
            _in_four(self.faces, of_face + len(self.vertices)),
            _in_four(self.chart_faces, of_chart_face + len(self.chart)),
            np.concatenate([self.chart, self.chart[chart_middles[:, 0]]]),
            np.concatenate([self.uv, self.uv[chart_middles].mean(axis=1)]),
            np.concatenate([self.vertex, vertex]),
        )


def open_recomputed(
    folder: PathLike, *, cache: PathLike | None = None, progress: Callable[[int, int], None] | None = None
) -> ChartedSurface:
    """The surface from the two files in `folder`; cache and progress as for `open_atlas`.

    Raises MissingFileError, UnreadableFileError, FormatError.
    """
    folder, cache = Path(folder), cache_folder() if cache is None else Path(cache)
    chart_faces, chart_vertex, uv, chart_of_face = read_official(folder / CHARTS)
    vertices = _vertices(folder, int(chart_vertex.max()) + 1)
    chart = np.zeros(len(chart_vertex), np.uint8)
    chart[chart_faces] = chart_of_face[:, None]
    faces = chart_vertex[chart_faces].astype(np.int64)
    mesh = ChartedMesh(vertices, faces, chart_faces.astype(np.int64), chart, uv.astype(np.float64), chart_vertex).subdivided()
    content = hashlib.sha256(METHOD.encode())
    for array in (mesh.vertices, mesh.faces, mesh.uv):
        content.update(np.ascontiguousarray(array).tobytes())
    name = f"recomputed-{content.hexdigest()[:16]}"
    distances = MeshDistances(GeodesicGraph(mesh.vertices, mesh.faces), cache / f"{name}.npy", progress)
    codes = cache / f"{name}.codes.npy"
    kappa_m = np.array(OFFICIAL_KAPPA_M)
    return ChartedSurface("official, distances recomputed", mesh.chart, mesh.uv, mesh.vertex, distances, kappa_m, codes)


def _edges(faces: Int64Array) -> tuple[Int64Array, Int64Array]:
    """(e, 2), every edge once, and (f, 3), those of each face: of its corners 0 and 1, 1 and 2, 2 and 0."""
    pairs = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1), axis=-1)
    edges, number = np.unique(pairs.reshape(-1, 2), axis=0, return_inverse=True)
    return edges, number.reshape(faces.shape)


def _in_four(faces: Int64Array, middles: Int64Array) -> Int64Array:
    (a, b, c), (ab, bc, ca) = faces.T, middles.T
    return np.concatenate([np.stack(part, axis=1) for part in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])


def _vertices(folder: Path, least: int) -> Float64Array:
    """(v, 3) metres, at least as many as the charts need."""
    path = next((folder / name for name in _VERTICES if (folder / name).exists()), None)
    if path is None:
        raise MissingFileError(folder / _VERTICES[0], f"no such file, nor {_VERTICES[1]} beside it")
    found = read_vertices(path)
    if len(found) < least:
        raise FormatError(path, f"there are {len(found)} vertices, but the charts of {CHARTS} have {least}")
    return found


def read_vertices(path: Path) -> Float64Array:
    """(v, 3) float64 metres of an .npy or .obj file; v is 1 or more. Raises MissingFileError, UnreadableFileError, FormatError."""
    found = map_npy(path) if path.suffix == ".npy" else _of_obj(path)
    if found.dtype.kind not in "fi" or found.ndim != 2 or found.shape[1] != 3 or not len(found):
        raise FormatError(path, "vertices must be an array of numbers (v, 3)")
    vertices = np.array(found, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # numbers that are not finite are refused here, too
        size = float(np.ptp(vertices, axis=0).max())
    if not 0.5 <= size <= 5:
        raise FormatError(path, f"the body is {size:g} long; vertices must be finite numbers in metres")
    return vertices


def _of_obj(path: Path) -> Float64Array:
    """The lines "v x y z" of a Wavefront file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return np.array([[float(value) for value in line.split()[1:4]] for line in lines if line.startswith("v ")]).reshape(-1, 3)
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read: {error}") from None
    except ValueError as error:  # not text, not numbers, or not three of them
        raise FormatError(path, f"not readable as vertices: {error}") from None
