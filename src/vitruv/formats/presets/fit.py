"""How a chart map is brought to the size that its reader expects.

Charts are never mixed: every target pixel takes the one source pixel that its centre falls into.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vitruv.errors import InputError
from vitruv.geometry import pixel_centres
from vitruv.results import ChartMap
from vitruv.types import Int64Array

Rule = Literal["keep", "stretch", "pad", "short-side"]


@dataclass(frozen=True)
class Fit:
    """How large a map becomes.

    keep: the photo's size. stretch: `size_hw`, whatever the photo's proportions. pad: inside `size_hw` with its proportions, in the
    middle, the rest background. short-side: the shorter side becomes `short_side`, the other follows (rounded to even at .5, as
    NumPy and the DensePose preprocessor round; that one pads to multiples of 64 and cuts the padding off again).
    """

    rule: Rule = "keep"
    size_hw: tuple[int, int] | None = None
    short_side: int | None = None

    def __post_init__(self) -> None:
        if (self.size_hw is not None) != (self.rule in ("stretch", "pad")):
            raise InputError(f"a size belongs to the fits stretch and pad, and to them only, but the fit is {self.rule!r}")
        if (self.short_side is not None) != (self.rule == "short-side"):
            raise InputError(f"a short side belongs to the fit short-side, and to it only, but the fit is {self.rule!r}")
        if min(*(self.size_hw or (1, 1)), self.short_side or 1) < 1:
            raise InputError("sizes must be at least 1 pixel")

    def size_of(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """Height and width that a map of `size_hw` becomes."""
        if self.size_hw is not None:
            return self.size_hw
        if self.short_side is not None:
            scale = self.short_side / min(size_hw)
            return max(int(np.round(size_hw[0] * scale)), 1), max(int(np.round(size_hw[1] * scale)), 1)
        return size_hw

    def stretches(self, size_hw: tuple[int, int]) -> bool:
        """Whether proportions change by more than a pixel's rounding."""
        height, width = self.size_of(size_hw)
        return self.rule == "stretch" and abs(height * size_hw[1] - width * size_hw[0]) > max(size_hw)

    def __call__(self, chart: ChartMap) -> ChartMap:
        """The map in its new size; the same object where nothing changes."""
        height, width = self.size_of(chart.size_hw)
        if (height, width) == chart.size_hw:
            return chart
        if self.rule != "pad":
            return _resized(chart, (height, width))
        scale = min(height / chart.size_hw[0], width / chart.size_hw[1])
        inner = max(round(chart.size_hw[0] * scale), 1), max(round(chart.size_hw[1] * scale), 1)
        top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
        place = (slice(top, top + inner[0]), slice(left, left + inner[1]))
        padded, small = ChartMap.empty((height, width)), _resized(chart, inner)
        padded.labels[place], padded.uv[(slice(None), *place)] = small.labels, small.uv
        return padded


def _resized(chart: ChartMap, size_hw: tuple[int, int]) -> ChartMap:
    rows, columns = (_nearest(old, new) for old, new in zip(chart.size_hw, size_hw, strict=True))
    return ChartMap(chart.labels[rows[:, None], columns], chart.uv[:, rows[:, None], columns])


def _nearest(old: int, new: int) -> Int64Array:
    return np.minimum(np.floor(pixel_centres(new, step=old / new)).astype(np.int64), old - 1)
