"""Chart and surface coordinates of every pixel of a rectangle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vitruv.errors import InputError
from vitruv.types import Float32Array, UInt8Array

if TYPE_CHECKING:
    from vitruv.surface import Atlas, SurfacePoints

LAST_CHART = 24


@dataclass(frozen=True, eq=False)
class ChartMap:
    """Chart and surface coordinates of every pixel of a rectangle.

    labels: (h, w) uint8, 0..24, 0 = background.
    uv: (2, h, w) float32, U and V in [0, 1]; 0 where labels is 0.
    """

    labels: UInt8Array
    uv: Float32Array

    def __post_init__(self) -> None:
        if self.labels.ndim != 2 or self.labels.dtype != np.uint8:
            raise InputError(f"labels must be (h, w) uint8, but got {self.labels.shape} {self.labels.dtype}")
        if self.uv.shape != (2, *self.labels.shape) or self.uv.dtype != np.float32:
            raise InputError(
                f"uv must be (2, {self.labels.shape[0]}, {self.labels.shape[1]}) float32, but got {self.uv.shape} {self.uv.dtype}"
            )
        if self.labels.size and int(self.labels.max()) > LAST_CHART:
            raise InputError(f"labels must be in 0..{LAST_CHART}, but the largest is {int(self.labels.max())}")

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.labels.shape[0], self.labels.shape[1]

    @classmethod
    def empty(cls, size_hw: tuple[int, int]) -> ChartMap:
        """Background everywhere."""
        return cls(np.zeros(size_hw, np.uint8), np.zeros((2, *size_hw), np.float32))

    def surface(self, atlas: Atlas) -> SurfacePoints:
        """The points of the body that the pixels show.

        Returns n points, one for each pixel with a label, row by row: in the order of `rows, columns = numpy.nonzero(labels)`.
        `atlas.positions(points)` gives (n, 3) metres: y up, feet at y = 0, the body facing +z, its left at +x.
        """
        inside = self.labels > 0
        return atlas.locate(self.labels[inside], self.uv[:, inside].T)

    def __repr__(self) -> str:
        counts = np.bincount(self.labels.ravel(), minlength=LAST_CHART + 1)[1:]
        height, width = self.size_hw
        return f"ChartMap({width}x{height} pixels, {int(counts.sum())} on the body, {np.count_nonzero(counts)} charts)"
