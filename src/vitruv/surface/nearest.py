"""The nearest of many line segments or points in the unit square, with a short list of candidates for every cell of a grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vitruv.errors import InputError
from vitruv.types import Float64Array, Int64Array

_LEVELS = (8, 32, 64)
"""Cells along a side of the square, from level to level."""

_CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class NearestInSquare:
    """start, end: (m, 2) float64 ends of the segments, in [0, 1]; a point has both ends in one place.

    For points p of a cell with centre c and half diagonal r, the nearest segment s is nearer than any other segment o:
    |c s| <= |p s| + r <= |p o| + r <= |c o| + 2 r. So a cell needs only the segments within 2 r of its centre's nearest.
    """

    start: Float64Array
    end: Float64Array

    def __post_init__(self) -> None:
        if not len(self.start):
            raise InputError("there must be a segment at least to be near to")

    def find(self, points: Float64Array) -> tuple[Int64Array, Float64Array]:
        """The nearest segment of every point (n, 2), and the share of the way from its start to its end (n,)."""
        found, share = np.zeros(len(points), np.int64), np.zeros(len(points))
        inside = ((points >= 0.0) & (points <= 1.0)).all(axis=1)
        first, candidates = self._cells
        side = _LEVELS[-1]
        column, row = np.minimum((points[inside] * side).astype(np.int64), side - 1).T
        cell = row * side + column
        # Most common: a point in the square. The others are compared with all segments.
        for chosen, at, count, items in (
            (np.flatnonzero(inside), first[cell], first[cell + 1] - first[cell], candidates),
            (*_everything(np.flatnonzero(~inside), len(self.start)), np.arange(len(self.start))),
        ):
            most = int(count.max(initial=1))
            step = max(1, _CHUNK // most)
            for begin in range(0, len(chosen), step):
                some = slice(begin, begin + step)
                found[chosen[some]], share[chosen[some]] = self._best(points[chosen[some]], at[some], count[some], items)
        return found, share

    def _best(self, points: Float64Array, at: Int64Array, count: Int64Array, items: Int64Array) -> tuple[Int64Array, Float64Array]:
        owner, place = _ragged(at, count)
        segment = items[place]
        squared, share = self._measure(points[owner], segment)
        begins = np.cumsum(count) - count
        smallest = np.minimum.reduceat(squared, begins)
        hits = np.flatnonzero(squared == smallest[owner])
        winner = hits[np.searchsorted(hits, begins)]  # the first of equals
        return segment[winner], share[winner]

    def _measure(self, points: Float64Array, segment: Int64Array) -> tuple[Float64Array, Float64Array]:
        """Squared distance of points[i] from segment[i], and the share along it."""
        x, y = (points - self.start[segment]).T
        along_x, along_y, length = (part[segment] for part in self._along)
        share = np.clip((x * along_x + y * along_y) / length, 0.0, 1.0)
        return (x - share * along_x) ** 2 + (y - share * along_y) ** 2, share

    @cached_property
    def _along(self) -> tuple[Float64Array, Float64Array, Float64Array]:
        along = self.end - self.start
        return along[:, 0].copy(), along[:, 1].copy(), np.maximum((along**2).sum(axis=1), 1e-30)

    @cached_property
    def _cells(self) -> tuple[Int64Array, Int64Array]:
        """Candidates of cell c (row by row) of the finest level: `candidates[first[c] : first[c + 1]]`, ascending."""
        first, candidates = np.array([0, len(self.start)]), np.arange(len(self.start))
        before = 1
        for side in _LEVELS:
            row, column = np.divmod(np.arange(side * side), side)
            factor = side // before
            parent = (row // factor) * before + column // factor
            centre = np.stack([column + 0.5, row + 0.5], axis=1) / side
            owner, place = _ragged(first[parent], first[parent + 1] - first[parent])
            segment = candidates[place]
            distance = np.sqrt(self._measure(centre[owner], segment)[0])
            begins = np.searchsorted(owner, np.arange(side * side))
            nearest = np.minimum.reduceat(distance, begins)
            kept = distance <= nearest[owner] + np.sqrt(2.0) / side + 1e-9
            first = np.searchsorted(owner[kept], np.arange(side * side + 1))
            candidates, before = segment[kept], side
        return first, candidates


def _everything(chosen: Int64Array, count: int) -> tuple[Int64Array, Int64Array, Int64Array]:
    return chosen, np.zeros(len(chosen), np.int64), np.full(len(chosen), count)


def _ragged(first: Int64Array, count: Int64Array) -> tuple[Int64Array, Int64Array]:
    """For n runs, run i being first[i] .. first[i] + count[i] - 1: the run of every element, and the element."""
    owner = np.repeat(np.arange(len(first)), count)
    return owner, np.arange(len(owner)) + np.repeat(first - (np.cumsum(count) - count), count)
