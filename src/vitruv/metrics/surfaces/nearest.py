"""The nearest of many chart vertices, exactly, as a search through all of them would find it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from vitruv.errors import MissingExtraError
from vitruv.types import AnyArray, Float64Array, Int32Array, Int64Array, UInt8Array

_FIRST_LOOK, _SECOND_LOOK = 2, 8
_SAME = 1e-9  # closer than this, two distances are compared in full
_BLOCK = 1 << 22


class NearestVertex:
    """Charts of vertices in the U, V plane.

    chart: (n,) uint8, 1..24, of every row. uv: (n, 2) float64. A query finds the row of its chart with the smallest Euclidean
    distance, the first of those where several are equally near; the distance is rounded to float64 before it is compared.
    """

    def __init__(self, chart: UInt8Array, uv: Float64Array) -> None:
        self._uv = np.ascontiguousarray(uv, np.float64)
        self._rows = {c: np.flatnonzero(chart == c) for c in range(1, 25)}

    @cached_property
    def _trees(self) -> dict[int, tuple[Any, Int64Array]]:
        try:
            from scipy.spatial import cKDTree
        except ImportError:
            raise MissingExtraError("scipy", "eval") from None
        # Of several rows at one place only the first can be found.
        trees = {}
        for chart, rows in self._rows.items():
            if len(rows):
                _, first = np.unique(self._uv[rows], axis=0, return_index=True)
                kept = rows[np.sort(first)]
                trees[chart] = cKDTree(self._uv[kept]), kept
        return trees

    def rows(self, charts: AnyArray, uv: Float64Array) -> Int32Array:
        """charts: (n,) numbers, uv: (n, 2) float64 -> (n,) int32, -1 where there is no such chart or uv is not finite."""
        found = np.full(len(charts), -1, np.int32)
        charts = np.where(np.isfinite(uv).all(axis=1), charts, 0)
        for chart in np.unique(charts).tolist():
            if chart in self._trees:
                chosen = np.flatnonzero(charts == chart)
                found[chosen] = self._in_chart(int(chart), uv[chosen])
        return found

    def _in_chart(self, chart: int, uv: Float64Array) -> Int32Array:
        tree, rows = self._trees[chart]
        found = np.full(len(uv), -1, np.int64)
        left = np.arange(len(uv))
        for look in (_FIRST_LOOK, _SECOND_LOOK):
            look = min(look, len(rows))
            apart, index = tree.query(uv[left], k=range(1, look + 1))
            sure = (apart[:, -1] > apart[:, 0] + _SAME) if look < len(rows) else np.ones(len(left), bool)
            found[left[sure]] = self._first_of_nearest(uv[left[sure]], rows[index[sure]])
            left = left[~sure]
            if not len(left):
                return found.astype(np.int32)
        for start in range(0, len(left), max(_BLOCK // len(rows), 1)):
            block = left[start : start + max(_BLOCK // len(rows), 1)]
            found[block] = self._first_of_nearest(uv[block], np.broadcast_to(rows, (len(block), len(rows))))
        return found.astype(np.int32)

    def _first_of_nearest(self, uv: Float64Array, candidates: Int64Array) -> Int64Array:
        """candidates: (n, k) rows -> (n,) the nearest, the smallest row number where equal."""
        apart = self._uv[candidates] - uv[:, None]
        distance = np.sqrt(apart[..., 0] * apart[..., 0] + apart[..., 1] * apart[..., 1])
        nearest = distance == distance.min(axis=1, keepdims=True)
        return np.asarray(np.where(nearest, candidates, np.iinfo(np.int64).max).min(axis=1))
