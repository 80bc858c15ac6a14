"""Resampling, with Vitruv's one pixel convention.

Pixel (x, y) covers [x, x + 1) x [y, y + 1); its centre is at (x + 0.5, y + 0.5). Resizing maps the edges of the source onto the
edges of the target (what others call half-pixel centres, or align_corners=False).
"""

from __future__ import annotations

import numpy as np

from vitruv.types import AnyArray, Float32Array, Int64Array


def _taps(source: int, target: int) -> tuple[Int64Array, Int64Array, Float32Array]:
    """For each target pixel: lower and upper source index and the weight of the upper one."""
    position = (np.arange(target, dtype=np.float64) + 0.5) * (source / target) - 0.5
    position = np.clip(position, 0, source - 1)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, source - 1)
    return low, high, (position - low).astype(np.float32)


def resize_bilinear(maps: AnyArray, size_hw: tuple[int, int]) -> Float32Array:
    """Resize float maps (..., h, w) to (..., *size_hw) by bilinear interpolation, without smoothing when shrinking.

    Equals torch's `interpolate(mode="bilinear", align_corners=False)`.
    """
    maps = np.asarray(maps, np.float32)
    top, bottom, down = _taps(maps.shape[-2], size_hw[0])
    left, right, across = _taps(maps.shape[-1], size_hw[1])
    rows = maps[..., top, :] * (1 - down)[:, None] + maps[..., bottom, :] * down[:, None]
    return np.asarray(rows[..., left] * (1 - across) + rows[..., right] * across, np.float32)
