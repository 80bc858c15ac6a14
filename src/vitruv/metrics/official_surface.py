"""The official evaluator's surface, read from the files its users have.

SMPL_subdiv.mat             U_subdiv, V_subdiv, Part_ID_subdiv of the charts, once subdivided
SMPL_SUBDIV_TRANSFORM.mat   index: row -> vertex from 1, which joins the two sides of a seam
Pdist_matrix.pkl or .mat    geodesic distances of all pairs of vertices, metres
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vitruv.errors import FormatError, MissingExtraError, MissingFileError
from vitruv.formats.atomic import replacing
from vitruv.metrics.distance_table import DistanceTable
from vitruv.metrics.nearest import NearestVertex
from vitruv.metrics.surfaces import OFFICIAL_KAPPA_M
from vitruv.metrics.table_files import cache_folder, cached_name, open_table
from vitruv.surface import NUM_LABELS
from vitruv.types import AnyArray, Float32Array, Float64Array, Int32Array, PathLike, UInt8Array

_CODES = 256


@dataclass(frozen=True, eq=False)
class OfficialSurface:
    """Rows of the subdivided charts, and the table of distances of the vertices they stand for.

    chart: (n,) uint8. uv: (n, 2) float64. vertex_of_row: (n,) int32 from 0. table: distances of those vertices.
    """

    chart: UInt8Array
    uv: Float64Array
    vertex_of_row: Int32Array
    table: DistanceTable
    codes_file: Path | None = None

    name = "official"

    @classmethod
    def open(cls, folder: PathLike, *, cache: PathLike | None = None) -> OfficialSurface:
        """The three files in `folder`.

        cache: where converted tables go (default `cache_folder()`). The first use of a large table may take minutes.
        Raises MissingFileError, FormatError, UnsafeFileError.
        """
        folder, cache = Path(folder), cache_folder() if cache is None else Path(cache)
        charts = folder / "SMPL_subdiv.mat"
        rows = read_mat(charts, ("U_subdiv", "V_subdiv", "Part_ID_subdiv"))
        merge = folder / "SMPL_SUBDIV_TRANSFORM.mat"
        index = read_mat(merge, ("index",))["index"]
        u, v, chart = rows["U_subdiv"], rows["V_subdiv"], rows["Part_ID_subdiv"]
        if not len(u) == len(v) == len(chart) == len(index) or not len(u):
            raise FormatError(
                charts, f"U, V, chart and index of every row expected: {len(u)}, {len(v)}, {len(chart)}, {len(index)}"
            )
        if not np.isin(chart, np.arange(25)).all() or not np.isfinite(u).all() or not np.isfinite(v).all():
            raise FormatError(charts, "charts must be in 0..24, U and V finite")
        if not (index >= 1).all() or not (index == np.trunc(index)).all() or index.max() > 1 << 20:
            raise FormatError(merge, "index must hold vertices, counted from 1")
        for source in (folder / "Pdist_matrix.pkl", folder / "Pdist_matrix.mat"):
            if source.exists():
                table = open_table(source, int(index.max()), cache)
                codes = cache / cached_name(charts, ".codes.npy")
                return cls(chart.astype(np.uint8), np.stack([u, v], 1), (index - 1).astype(np.int32), table, codes)
        raise MissingFileError(folder / "Pdist_matrix.pkl", "no such file, nor Pdist_matrix.mat beside it")

    @property
    def kappa_m(self) -> Float64Array:
        return np.array(OFFICIAL_KAPPA_M)

    @cached_property
    def _vertex_of_code(self) -> Int32Array:
        """(25 * 256 * 256,) int32: vertex of every image code; written to `codes_file` once, as it takes seconds."""
        if self.codes_file is not None and self.codes_file.exists():
            try:
                known = np.load(self.codes_file, allow_pickle=False)
                if known.shape == (NUM_LABELS * _CODES * _CODES,) and known.dtype == np.int32 and known.max() < self.table.vertices:
                    return np.asarray(known)
            except (OSError, ValueError, EOFError):
                pass  # damaged: made again below
        charts, u, v = np.meshgrid(np.arange(NUM_LABELS), np.arange(_CODES) / 255.0, np.arange(_CODES) / 255.0, indexing="ij")
        found = self.vertices(charts.ravel(), u.ravel(), v.ravel())
        if self.codes_file is not None:
            self.codes_file.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.codes_file) as stream:
                np.save(stream, found)
        return found

    @cached_property
    def _nearest(self) -> NearestVertex:
        return NearestVertex(self.chart, self.uv)

    def vertices(self, charts: AnyArray, u: AnyArray, v: AnyArray) -> Int32Array:
        rows = self._nearest.rows(np.asarray(charts), np.stack([u, v], axis=1))
        return np.where(rows >= 0, self.vertex_of_row[rows], np.int32(-1))

    def vertices_of_codes(self, iuv_u8: AnyArray) -> Int32Array:
        place = (iuv_u8[0].astype(np.int32) << 16) + (iuv_u8[1].astype(np.int32) << 8) + iuv_u8[2]
        return np.asarray(self._vertex_of_code[place])

    def distances_m(self, a: AnyArray, b: AnyArray) -> Float32Array:
        return self.table.distances_m(a, b)


def read_mat(path: Path, names: tuple[str, ...]) -> dict[str, Float64Array]:
    """Vectors of numbers in a MATLAB 5 file, as float64. Raises MissingFileError, FormatError, MissingExtraError."""
    try:
        import scipy.io
    except ImportError:
        raise MissingExtraError("scipy", "eval") from None
    if not path.exists():
        raise MissingFileError(path)
    try:
        stored = scipy.io.loadmat(path, variable_names=list(names))
    # The reader answers damaged files with errors of every kind; all of them mean the same here.
    except Exception as error:
        raise FormatError(path, f"not a readable MATLAB 5 file: {error}") from None
    found = {}
    for name in names:
        values = stored.get(name)
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
            raise FormatError(path, f"there are no numbers under {name!r}")
        found[name] = values.astype(np.float64).ravel()
    return found
