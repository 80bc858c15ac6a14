"""Whether U and V are what they should be: the share of points inside the outlines of their charts tells.

Every chart fills only a part of the unit square. Points whose U and V are swapped fall beside it more often. The
outlines are those of the atlas in the package; another surface's differ a little, so shares are compared with each other and not
with 1.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vitruv.surface import Atlas
from vitruv.types import AnyArray, BoolArray, Float64Array

_NEAR = 0.01  # in units of U and V: borders of two surfaces do not agree better
_FEW = 50  # points, below which a share says little
_CLEAR = 0.02  # by how much another reading must be better to be worth a remark
_MOST = 20_000  # points tested
READINGS = ("as they are", "U and V swapped")


@lru_cache(maxsize=1)
def _atlas() -> Atlas:
    return Atlas.load()


def inside_outlines(charts: AnyArray, uv: AnyArray) -> BoolArray:
    """charts: (n,) integers 1..24; uv: (n, 2) -> (n,) bool, whether each point lies in its chart, or within 0.01 of it."""
    if not len(charts):
        return np.zeros(0, bool)
    atlas = _atlas()
    _, nearest = atlas.iuv(atlas.locate(np.asarray(charts, np.uint8), np.clip(uv, 0, 1)))
    return np.asarray(np.abs(nearest - uv).max(axis=1) <= _NEAR)


class ChartOutlines:
    """Gathers points, and tells how many lie in their charts in each reading."""

    def __init__(self) -> None:
        self._charts: list[Float64Array] = []
        self._uv: list[Float64Array] = []
        self._count = 0

    def add(self, charts: AnyArray, u: AnyArray, v: AnyArray) -> None:
        """(n,) each; charts 1..24, U and V 0..1. The first 20,000 points are kept."""
        if self._count < _MOST and len(charts):
            self._charts.append(np.asarray(charts, np.float64))
            self._uv.append(np.stack([u, v], axis=1).astype(np.float64))
            self._count += len(charts)

    def shares(self) -> dict[str, float]:
        """Reading -> share of points inside their chart; empty where there are too few points to tell."""
        if self._count < _FEW:
            return {}
        charts, uv = np.concatenate(self._charts)[:_MOST], np.concatenate(self._uv)[:_MOST]
        return {
            name: float(inside_outlines(charts, values).mean()) for name, values in zip(READINGS, (uv, uv[:, ::-1]), strict=True)
        }


def remark_on(shares: dict[str, float]) -> str | None:
    """One sentence when another reading of U and V fits the charts clearly better than the values as they are."""
    if not shares:
        return None
    best = max(shares, key=lambda name: shares[name])
    usual = shares[READINGS[0]]
    if shares[best] <= usual + _CLEAR:
        return None
    return f"{100 * usual:.1f}% of the points lie in their charts, but {100 * shares[best]:.1f}% would with {best}"
