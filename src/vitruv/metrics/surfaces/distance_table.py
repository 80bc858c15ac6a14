"""Distances of all pairs of vertices, on disk: the strict lower triangle, row by row; pair i > j stands at i (i - 1) / 2 + j.

For the official surface that is 1.5 GB. Only the pages that are asked for are mapped, a stretch at a time, so that they do not
pile up in the memory of the process.
"""

from __future__ import annotations

import mmap
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from vitruv.errors import FormatError, InputError
from vitruv.formats.npy import map_npy
from vitruv.types import AnyArray, Float32Array, Int64Array

_WINDOW = 1 << 26  # bytes mapped at a time


class Distances(Protocol):
    """Distances between vertices 0 .. vertices - 1, however they are found."""

    @property
    def vertices(self) -> int:
        """How many there are."""

    def distances_m(self, a: AnyArray, b: AnyArray) -> Float32Array:
        """a, b: (n,) vertices -> (n,) float32 metres, 0 where both are the same."""


@dataclass(frozen=True, eq=False)
class DistanceTable:
    """vertices: how many. path, offset, dtype: where the numbers stand in a file, metres."""

    vertices: int
    path: Path
    offset: int
    dtype: np.dtype[np.float32]

    @classmethod
    def of_npy(cls, path: Path, vertices: int) -> DistanceTable:
        """A table in an .npy file of `vertices * (vertices - 1) / 2` float32. Raises as `map_npy`."""
        mapped = map_npy(path)
        if mapped.shape != (vertices * (vertices - 1) // 2,) or mapped.dtype != np.float32:
            raise FormatError(path, f"expected {vertices * (vertices - 1) // 2} float32, found {mapped.shape} {mapped.dtype}")
        return cls(vertices, path, int(mapped.offset), mapped.dtype)

    def distances_m(self, a: AnyArray, b: AnyArray) -> Float32Array:
        """a, b: (n,) vertices -> (n,) float32 metres, 0 where both are the same."""
        a, b = np.asarray(a, np.int64), np.asarray(b, np.int64)
        if len(a) and (min(a.min(), b.min()) < 0 or max(a.max(), b.max()) >= self.vertices):
            raise InputError(f"vertices must be in 0..{self.vertices - 1}")
        distances = np.zeros(len(a), np.float32)
        apart = np.flatnonzero(a != b)
        high, low = np.maximum(a[apart], b[apart]), np.minimum(a[apart], b[apart])
        distances[apart] = self._read(high * (high - 1) // 2 + low)
        return distances

    def _read(self, entries: Int64Array) -> Float32Array:
        order = np.argsort(entries)
        ordered = entries[order]
        values = np.zeros(len(entries), np.float32)
        window = _WINDOW // self.dtype.itemsize
        windows = np.arange(0, self.vertices * (self.vertices - 1) // 2, window)
        cuts = np.searchsorted(ordered, np.append(windows, np.iinfo(np.int64).max)).tolist()
        with self.path.open("rb") as stream, ThreadPoolExecutor(os.cpu_count()) as pool:

            def fill(begin: int, inside: slice) -> None:
                values[order[inside]] = self._read_window(stream.fileno(), begin, ordered[inside] - begin)

            parts = zip(windows.tolist(), map(slice, cuts[:-1], cuts[1:]), strict=True)
            list(pool.map(lambda part: fill(*part), [(b, inside) for b, inside in parts if inside.start < inside.stop]))
        return values

    def _read_window(self, file: int, begin: int, places: Int64Array) -> Float32Array:
        """Numbers at `places` of those from `begin` on; most of the time goes into mapping their pages, which threads share."""
        count = min(_WINDOW // self.dtype.itemsize, self.vertices * (self.vertices - 1) // 2 - begin)
        at = self.offset + begin * self.dtype.itemsize
        slack = at % mmap.ALLOCATIONGRANULARITY
        length = slack + count * self.dtype.itemsize
        with mmap.mmap(file, length, access=mmap.ACCESS_READ, offset=at - slack) as mapped:
            numbers = np.frombuffer(mapped, self.dtype, count, slack)
            values = numbers[places]
            del numbers  # a mapping with views cannot be closed
        return values
