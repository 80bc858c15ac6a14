"""Resampling, with Vitruv's one pixel convention.

Pixel (x, y) covers [x, x + 1) x [y, y + 1); its centre is at (x + 0.5, y + 0.5). Resizing maps the edges of the source onto the
edges of the target (what others call half-pixel centres, or align_corners=False).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vitruv.types import AnyArray, Float32Array, Float64Array, Int64Array


class Taps(NamedTuple):
    """The two source pixels that each target pixel of one axis is mixed from.

    low, high: (n,) int64 indices of source pixels; weight: (n,) float32 in [0, 1), the share of `high`.
    """

    low: Int64Array
    high: Int64Array
    weight: Float32Array


def bilinear_taps(positions: Float64Array, size: int) -> Taps:
    """Where to read an axis of `size` pixels to get its values at `positions` (n,), in pixels from its first edge.

    Positions outside the outermost pixel centres get the value of the outermost pixel.
    """
    index = np.clip(positions - 0.5, 0, size - 1)
    low = np.floor(index).astype(np.int64)
    return Taps(low, np.minimum(low + 1, size - 1), (index - low).astype(np.float32))


def pixel_centres(count: int, *, start: float = 0.0, step: float = 1.0) -> Float64Array:
    """(count,) float64 centres of `count` pixels of width `step`, the first of which begins at `start`."""
    return start + (np.arange(count, dtype=np.float64) + 0.5) * step


def resize_bilinear(maps: AnyArray, size_hw: tuple[int, int]) -> Float32Array:
    """Resize float maps (..., h, w) to (..., *size_hw) by bilinear interpolation, without smoothing when shrinking.

    Equals torch's `interpolate(mode="bilinear", align_corners=False)`.
    """
    maps = np.asarray(maps, np.float32)
    source_h, source_w = maps.shape[-2:]
    top, bottom, down = bilinear_taps(pixel_centres(size_hw[0], step=source_h / size_hw[0]), source_h)
    left, right, across = bilinear_taps(pixel_centres(size_hw[1], step=source_w / size_hw[1]), source_w)
    rows = maps[..., top, :] * (1 - down)[:, None] + maps[..., bottom, :] * down[:, None]
    return np.asarray(rows[..., left] * (1 - across) + rows[..., right] * across, np.float32)
