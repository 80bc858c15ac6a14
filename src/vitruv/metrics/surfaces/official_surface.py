"""The official evaluator's surface, read from the files its users have.

SMPL_subdiv.mat             U_subdiv, V_subdiv, Part_ID_subdiv of the charts, once subdivided
SMPL_SUBDIV_TRANSFORM.mat   index: row -> vertex from 1, which joins the two sides of a seam
Pdist_matrix.pkl or .mat    geodesic distances of all pairs of vertices, metres
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vitruv.errors import FormatError, MissingFileError
from vitruv.files import cache_folder
from vitruv.metrics.surfaces.charted_surface import ChartedSurface
from vitruv.metrics.surfaces.table_files import cached_name, open_table
from vitruv.surface.official import OFFICIAL_KAPPA_M
from vitruv.surface.official_mat import read_mat
from vitruv.types import Float64Array, PathLike

SUBDIVIDED = "SMPL_subdiv.mat"


def open_official(folder: PathLike, *, cache: PathLike | None = None) -> ChartedSurface:
    """The surface in the three files in `folder`.

    cache: where converted tables go (default `cache_folder()`). The first use of a large table may take minutes.
    Raises MissingFileError, FormatError, UnsafeFileError.
    """
    folder, cache = Path(folder), cache_folder() if cache is None else Path(cache)
    charts = folder / SUBDIVIDED
    rows = read_vectors(charts, ("U_subdiv", "V_subdiv", "Part_ID_subdiv"))
    merge = folder / "SMPL_SUBDIV_TRANSFORM.mat"
    index = read_vectors(merge, ("index",))["index"]
    u, v, chart = rows["U_subdiv"], rows["V_subdiv"], rows["Part_ID_subdiv"]
    if not len(u) == len(v) == len(chart) == len(index) or not len(u):
        raise FormatError(charts, f"U, V, chart and index of every row expected: {len(u)}, {len(v)}, {len(chart)}, {len(index)}")
    if not np.isin(chart, np.arange(25)).all() or not np.isfinite(u).all() or not np.isfinite(v).all():
        raise FormatError(charts, "charts must be in 0..24, U and V finite")
    if not (index >= 1).all() or not (index == np.trunc(index)).all() or index.max() > 1 << 20:
        raise FormatError(merge, "index must hold vertices, counted from 1")
    for source in (folder / "Pdist_matrix.pkl", folder / "Pdist_matrix.mat"):
        if source.exists():
            table = open_table(source, int(index.max()), cache)
            codes = cache / cached_name(charts, ".codes.npy")
            return ChartedSurface(
                "official",
                chart.astype(np.uint8),
                np.stack([u, v], axis=1),
                (index - 1).astype(np.int32),
                table,
                np.array(OFFICIAL_KAPPA_M),
                codes,
            )
    raise MissingFileError(folder / "Pdist_matrix.pkl", "no such file, nor Pdist_matrix.mat beside it")


def read_vectors(path: Path, names: tuple[str, ...]) -> dict[str, Float64Array]:
    """Vectors of numbers in a MATLAB 5 file, as float64. Raises MissingFileError, FormatError."""
    stored = read_mat(path)
    for name in names:
        if name not in stored:
            raise FormatError(path, f"there are no numbers under {name!r}")
    return {name: stored[name].ravel() for name in names}
