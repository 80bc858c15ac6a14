"""A surface known by its chart vertices, and the distances of all pairs of its vertices."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vitruv.errors import FileError, FormatError, UnwritableFileError
from vitruv.files import make_folder, replacing
from vitruv.formats.npy import map_npy
from vitruv.metrics.surfaces.distance_table import Distances
from vitruv.metrics.surfaces.nearest import NearestVertex
from vitruv.surface import NUM_LABELS
from vitruv.types import AnyArray, Float32Array, Float64Array, Int32Array, UInt8Array

_CODES = 256


@dataclass(frozen=True, eq=False)
class ChartedSurface:
    """A `GeodesicSurface`: every point is taken for the nearest vertex of its chart.

    chart: (n,) uint8, 0..24, of every chart vertex. uv: (n, 2) float64. vertex_of_row: (n,) int32, the vertex it stands for (one
    vertex has a chart vertex on each side of a seam). table: distances of those vertices. kappa_m: (8,) float64, metres.
    codes_file: where the vertices of all image codes are kept once they are known.
    """

    name: str
    chart: UInt8Array
    uv: Float64Array
    vertex_of_row: Int32Array
    table: Distances
    kappa_m: Float64Array
    codes_file: Path | None = None

    @cached_property
    def _vertex_of_code(self) -> Int32Array:
        """(25 * 256 * 256,) int32: vertex of every image code; written to `codes_file` once, as it takes seconds."""
        if self.codes_file is not None and self.codes_file.exists():
            try:
                known = map_npy(self.codes_file)
                if known.shape == (NUM_LABELS * _CODES * _CODES,) and known.dtype == np.int32 and known.max() < self.table.vertices:
                    return np.array(known)
            except (FileError, FormatError):
                pass  # a damaged copy of what can be computed: made again below
        charts, u, v = np.meshgrid(np.arange(NUM_LABELS), np.arange(_CODES) / 255.0, np.arange(_CODES) / 255.0, indexing="ij")
        found = self.vertices(charts.ravel(), u.ravel(), v.ravel())
        if self.codes_file is not None:
            # A cache that cannot be written costs these seconds in the next run, too, and nothing else.
            with contextlib.suppress(UnwritableFileError):
                make_folder(self.codes_file.parent)
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
        if not iuv_u8.shape[1]:
            return np.zeros(0, np.int32)  # spares the table of codes
        place = (iuv_u8[0].astype(np.int32) << 16) + (iuv_u8[1].astype(np.int32) << 8) + iuv_u8[2]
        return np.asarray(self._vertex_of_code[place])

    def distances_m(self, a: AnyArray, b: AnyArray) -> Float32Array:
        return self.table.distances_m(a, b)
