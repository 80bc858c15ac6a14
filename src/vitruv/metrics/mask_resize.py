"""Part masks resized over the boxes of people, by bilinear interpolation and a threshold of one half."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from vitruv.geometry import GRID
from vitruv.metrics.part_masks import pixels
from vitruv.types import AnyArray, BoolArray, Float64Array, Int32Array, Int64Array, UInt8Array

_AT_ONCE = 16  # people whose masks and pixels fit a cache


def resized(unions: Sequence[Int32Array], sides_hw: Sequence[tuple[float, float]], *, align_corners: bool) -> list[BoolArray]:
    """Masks on the grid (`part_masks.unions`) -> (h, w) bool of each over its box, whose sides are rounded, at least 1.

    align_corners: as SciPy's `zoom(order=1)`, which the official evaluator uses.
    """
    result: list[BoolArray] = []
    for start in range(0, len(unions), _AT_ONCE):
        chosen = slice(start, start + _AT_ONCE)
        result += _some(pixels(unions[chosen]), sides_hw[chosen], align_corners)
    return result


def _some(grids: UInt8Array, sides_hw: Sequence[tuple[float, float]], align_corners: bool) -> list[BoolArray]:
    taps = [tuple(_taps(round(max(side, 1)), align_corners) for side in sides) for sides in sides_hw]
    sizes = [(len(down[0]), len(across[0])) for down, across in taps]
    begins = np.cumsum([0, *(h * w for h, w in sizes)])
    # Of every pixel its four neighbours as four bits; where they agree there is nothing to compute. (Sums, as NumPy shifts bytes
    # one by one; a whole number of words, for `_places`.)
    bits = np.zeros(-(-begins[-1] // 8) * 8, np.uint8)
    for grid, (down, across), begin, (height, width) in zip(grids, taps, begins.tolist(), sizes, strict=False):
        pair = grid.take(across[1], axis=0)
        pair += pair
        pair += grid.take(across[0], axis=0)
        pair = np.ascontiguousarray(pair.T)
        rows = pair.take(down[1], axis=0)
        rows += rows
        rows += rows
        np.add(rows, pair.take(down[0], axis=0), out=bits[begin : begin + height * width].reshape(height, width))
    filled = bits == 15
    torn = _places((bits + np.uint8(1)) & np.uint8(14))  # neither 0 nor 15
    cuts = np.searchsorted(torn, begins).tolist()
    low, left = np.empty(len(torn)), np.empty(len(torn))
    for i, (down, across) in enumerate(taps):
        mine = slice(cuts[i], cuts[i + 1])
        place = torn[mine] - begins[i]
        row = place // sizes[i][1]
        low[mine] = down[2].take(row)
        left[mine] = across[2].take(place - row * sizes[i][1])
    filled[torn] = _halves(bits.take(torn), low, left)
    masks = [filled[begins[i] : begins[i + 1]].reshape(sizes[i]) for i in range(len(sizes))]
    for mask, (down, across) in zip(masks, taps, strict=True):
        if not (down[3].all() and across[3].all()):
            mask &= down[3][:, None] & across[3]
    return masks


def _places(flags: UInt8Array) -> Int64Array:
    """Where bytes are not 0, few of many: words of eight are looked through first."""
    words = flags.view(np.uint64)
    some = np.flatnonzero(words != 0)
    inside = np.flatnonzero(words[some].view(np.uint8) != 0)
    return np.asarray(some[inside >> 3] * 8 + (inside & 7))


def _halves(four: UInt8Array, low: Float64Array, left: Float64Array) -> AnyArray:
    """Whether the weights of those neighbours that are filled reach more than one half, added in the order of SciPy."""
    high, right = 1 - low, 1 - left
    total = (high * right) * (four & 1)
    total += (high * left) * (four >> 1 & 1)
    total += (low * right) * (four >> 2 & 1)
    total += (low * left) * (four >> 3)
    return total > 0.5


@lru_cache(4096)
def _taps(count: int, align_corners: bool) -> tuple[Int64Array, Int64Array, Float64Array, BoolArray]:
    """For each of `count` pixels along a side: grid index, the next one, the weight of that, and whether it lies on the grid."""
    if align_corners:
        at = np.arange(count) * ((GRID - 1) / (count - 1) if count > 1 else 1.0)
    else:
        at = np.clip((np.arange(count) + 0.5) * (GRID / count) - 0.5, 0, GRID - 1)
    low = np.minimum(at.astype(np.int64), GRID - 1)
    return low, np.minimum(low + 1, GRID - 1), at - np.floor(at), at <= GRID - 1
