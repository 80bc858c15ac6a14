"""The size of a picture that people are drawn over, and of the lines in it."""

from __future__ import annotations

import numpy as np

from vitruv.errors import InputError
from vitruv.results import DensePoses
from vitruv.types import UInt8Array


def checked_picture(rgb: UInt8Array, people: DensePoses) -> None:
    """Raises InputError unless `rgb` is an (h, w, 3) uint8 picture of the size of the people's."""
    if rgb.shape != (*people.size_hw, 3) or rgb.dtype != np.uint8:
        height, width = people.size_hw
        raise InputError(f"rgb must be ({height}, {width}, 3) uint8 as the people's picture, but got {rgb.shape} {rgb.dtype}")


def line_width_px(size_hw: tuple[int, int]) -> int:
    """Two pixels in a small picture, more in a large one."""
    return max(2, round(min(size_hw) / 300))
