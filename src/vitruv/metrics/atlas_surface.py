"""Vitruv's own surface, or any `Atlas`, for measuring."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vitruv.metrics.charted_surface import ChartedSurface
from vitruv.metrics.distance_table import DistanceTable
from vitruv.metrics.geodesic_table import triangle_rows
from vitruv.metrics.table_files import cache_folder, write_table
from vitruv.surface import Atlas
from vitruv.types import PathLike


def open_atlas(
    atlas: Atlas | None = None, *, cache: PathLike | None = None, progress: Callable[[int, int], None] | None = None
) -> ChartedSurface:
    """An atlas with the geodesic distances of its rest pose; default is the atlas in the package.

    The distances of all pairs are computed on first use (about a minute, 300 MB) and kept in `cache`, default `cache_folder()`.
    Raises UnwritableFileError.
    """
    atlas, cache = atlas or Atlas.load(), cache_folder() if cache is None else Path(cache)
    chart = np.zeros(len(atlas.chart_vertex), np.uint8)
    chart[atlas.chart_faces] = atlas.chart_of_face[:, None]
    content = hashlib.sha256()
    for array in (atlas.vertices, atlas.faces, atlas.chart_vertex, atlas.chart_uv, chart):
        content.update(np.ascontiguousarray(array).tobytes())
    name = f"atlas-{content.hexdigest()[:16]}"
    path = cache / f"{name}.npy"
    if not path.exists():
        write_table(path, triangle_rows(atlas.vertices, atlas.faces, progress), len(atlas.vertices))
    return ChartedSurface(
        "vitruv",
        chart,
        atlas.chart_uv.astype(np.float64),
        atlas.chart_vertex,
        DistanceTable.of_npy(path, len(atlas.vertices)),
        atlas.kappa_m.astype(np.float64),
        cache / f"{name}.codes.npy",
    )
