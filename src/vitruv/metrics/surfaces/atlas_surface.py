"""Vitruv's own surface, or any `Atlas`, for measuring."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vitruv.files import cache_folder
from vitruv.metrics.surfaces.charted_surface import ChartedSurface
from vitruv.metrics.surfaces.mesh_distances import MeshDistances
from vitruv.surface import Atlas
from vitruv.surface.geodesics import METHOD
from vitruv.types import PathLike


def open_atlas(
    atlas: Atlas | None = None, *, cache: PathLike | None = None, progress: Callable[[int, int], None] | None = None
) -> ChartedSurface:
    """An atlas with the geodesic distances of its rest pose; default is the atlas in the package.

    Small jobs compute the distances they need (9 ms a vertex). When more than an eighth of the vertices are asked about, those of
    all pairs are computed once (about two minutes, 300 MB) and kept in `cache`, default `cache_folder()`; `progress` is then
    called with the vertices done and their number. Raises UnwritableFileError.
    """
    atlas, cache = atlas or Atlas.load(), cache_folder() if cache is None else Path(cache)
    chart = np.zeros(len(atlas.chart_vertex), np.uint8)
    chart[atlas.chart_faces] = atlas.chart_of_face[:, None]
    content = hashlib.sha256(METHOD.encode())
    for array in (atlas.rest_vertices, atlas.faces, atlas.chart_vertex, atlas.chart_uv, chart):
        content.update(np.ascontiguousarray(array).tobytes())
    name = f"atlas-{content.hexdigest()[:16]}"
    return ChartedSurface(
        "vitruv",
        chart,
        atlas.chart_uv.astype(np.float64),
        atlas.chart_vertex,
        MeshDistances(atlas.geodesics, cache / f"{name}.npy", progress),
        atlas.kappa_m.astype(np.float64),
        cache / f"{name}.codes.npy",
    )
