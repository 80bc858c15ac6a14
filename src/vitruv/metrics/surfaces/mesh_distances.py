"""Distances on a mesh for which no table came: only the rows that are asked for, or all of them, once, in a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vitruv.metrics.surfaces.distance_table import DistanceTable
from vitruv.metrics.surfaces.table_files import write_table
from vitruv.surface.geodesics import GeodesicGraph
from vitruv.types import AnyArray, Float32Array

_FEW = 8  # up to one vertex in so many is measured without a table


@dataclass(eq=False)
class MeshDistances:
    """A table of distances that is written to `path` when questions have touched more than an eighth of the vertices.

    graph: the mesh. progress: called with the vertices done and their number while the table is made. Raises
    UnwritableFileError, and FormatError for a damaged file.
    """

    graph: GeodesicGraph
    path: Path
    progress: Callable[[int, int], None] | None = None
    _table: DistanceTable | None = field(default=None, init=False)
    _asked: set[int] = field(default_factory=set, init=False)

    @property
    def vertices(self) -> int:
        return len(self.graph.vertices)

    def distances_m(self, a: AnyArray, b: AnyArray) -> Float32Array:
        """a, b: (n,) vertices -> (n,) float32 metres, 0 where both are the same. Better with fewer different ones in `a`."""
        if self._table is None and not self._are_few(a):
            if not self.path.exists():
                write_table(self.path, self.graph.triangle(self.progress), self.vertices)
            self._table = DistanceTable.of_npy(self.path, self.vertices)
        return self._table.distances_m(a, b) if self._table is not None else self.graph.between(a, b)

    def _are_few(self, a: AnyArray) -> bool:
        if self.path.exists():
            return False
        self._asked.update(np.unique(a).tolist())
        return len(self._asked) <= self.vertices // _FEW
