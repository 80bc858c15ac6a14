"""Distances on a mesh for which no table came: only the rows that are asked for, or all of them, once, in a file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vitruv.errors import UnwritableFileError
from vitruv.metrics.surfaces.distance_table import DistanceTable
from vitruv.metrics.surfaces.table_files import write_table
from vitruv.surface.geodesics import GeodesicGraph
from vitruv.types import AnyArray, Float32Array

_FEW = 8  # up to one vertex in so many is measured without a table


@dataclass(eq=False)
class MeshDistances:
    """A table of distances that is written to `path` when questions have touched more than an eighth of the vertices.

    graph: the mesh. progress: called with the vertices done and their number while the table is made. Where
    `path` cannot be written the table is kept for this process only. Raises FormatError for a damaged file.
    """

    graph: GeodesicGraph
    path: Path
    progress: Callable[[int, int], None] | None = None
    _table: DistanceTable | None = field(default=None, init=False)
    _folder: tempfile.TemporaryDirectory[str] | None = field(default=None, init=False)
    _asked: set[int] = field(default_factory=set, init=False)

    @property
    def vertices(self) -> int:
        return len(self.graph.vertices)

    def distances_m(self, a: AnyArray, b: AnyArray) -> Float32Array:
        """a, b: (n,) vertices -> (n,) float32 metres, 0 where both are the same. Better with fewer different ones in `a`."""
        if self._table is None and not self._are_few(a):
            self._table = self._whole()
        return self._table.distances_m(a, b) if self._table is not None else self.graph.between(a, b)

    def _whole(self) -> DistanceTable:
        if self.path.exists():
            return DistanceTable.of_npy(self.path, self.vertices)
        try:
            write_table(self.path, self.graph.triangle(self.progress), self.vertices)
            return DistanceTable.of_npy(self.path, self.vertices)
        except UnwritableFileError:
            # Nothing can be kept there: the table lives as long as this process, in the system's folder for such files.
            self._folder = tempfile.TemporaryDirectory(prefix="vitruv-")
            path = Path(self._folder.name) / self.path.name
            write_table(path, self.graph.triangle(self.progress), self.vertices)
            return DistanceTable.of_npy(path, self.vertices)

    def _are_few(self, a: AnyArray) -> bool:
        if self.path.exists():
            return False
        self._asked.update(np.unique(a).tolist())
        return len(self._asked) <= self.vertices // _FEW
