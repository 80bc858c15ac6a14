"""What a measure needs to know of a body surface."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from vitruv.surface import KAPPA_GROUPS
from vitruv.types import AnyArray, Float32Array, Float64Array, Int32Array

PAPER_KAPPA_M = 0.255
"""The paper's one kappa: a point 0.30 m away is worth one half."""


@runtime_checkable
class GeodesicSurface(Protocol):
    """IUV -> vertex, pair of vertices -> metres along the surface, kappa of each group of parts."""

    @property
    def name(self) -> str:
        """What a report calls this surface."""

    @property
    def kappa_m(self) -> Float64Array:
        """(8,) float64, metres, by `vitruv.surface.KAPPA_GROUPS`."""

    def vertices(self, charts: AnyArray, u: AnyArray, v: AnyArray) -> Int32Array:
        """Vertex nearest to each annotated point, within its chart: (n,) int32, -1 where the chart does not exist.

        charts: (n,) numbers; only whole ones in 1..24 exist. u, v: (n,) float64.
        """

    def vertices_of_codes(self, iuv_u8: AnyArray) -> Int32Array:
        """The same for image codes: (3, n) uint8, I, 255 U, 255 V -> (n,) int32, -1 for background."""

    def distances_m(self, a: AnyArray, b: AnyArray) -> Float32Array:
        """(n,) float32: distance of each pair of vertices (none of them -1); 0 where both are the same."""


def single_kappa(kappa_m: float = PAPER_KAPPA_M) -> Float64Array:
    """The same kappa for every group: the measure as the paper has it."""
    return np.full(len(KAPPA_GROUPS), kappa_m)
