"""Motion told by the surface, made exact by the picture: the surface says roughly where a point of the body went, even where
nothing is to be seen on it; the picture says it to a fraction of a pixel (Lucas and Kanade's way, for the whole map at once)."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from vitruv.geometry import pixel_centres, resize_bilinear
from vitruv.types import AnyArray, BoolArray, Float32Array, Float64Array, UInt8Array

_FINER = 3  # points a side of a map's cell at which pictures are compared
_SIGMA = 6.0  # points around one that have to agree on its motion
_STEPS = 6
_STILL = 20.0  # (steps of 255 a pixel) squared: on smoother ground than this the surface's word counts more than the picture's
_BACK = 6.0  # how strongly a motion is drawn back to the surface's
_FARTHEST = 0.1  # of the window's longer side, by which the picture may correct the surface


def refined(
    flow: Float32Array, body: BoolArray, window_xyxy: Float32Array, picture: UInt8Array, picture_before: UInt8Array
) -> Float32Array:
    """(2, h, w) float32: the motion of the cells of a map, in pixels, so that the pictures agree.

    flow: (2, h, w), as from `surface_flow`. body: (h, w), which cells show the person. window_xyxy: (4,), what the map covers.
    picture, picture_before: (H, W) uint8, one channel of this frame and of the one before.
    """
    height, width = flow.shape[1] * _FINER, flow.shape[2] * _FINER
    x1, y1, x2, y2 = (float(v) for v in window_xyxy)
    step_x, step_y = (x2 - x1) / width, (y2 - y1) / height
    x, y = np.meshgrid(pixel_centres(width, start=x1, step=step_x), pixel_centres(height, start=y1, step=step_y))
    now = _at(picture, x, y)
    down, across = np.gradient(now)
    across, down = across / step_x, down / step_y
    weight = resize_bilinear(body.astype(np.float32), (height, width)).astype(np.float64) * 0.95 + 0.05

    def around(values: AnyArray) -> Float64Array:
        return np.asarray(gaussian_filter(weight * values, _SIGMA), np.float64)

    firm = _STILL * around(np.ones_like(now)) + 1e-3
    xx, xy, yy = around(across * across) + firm, around(across * down), around(down * down) + firm
    determinant = xx * yy - xy * xy
    first = resize_bilinear(flow, (height, width)).astype(np.float64)
    motion = first.copy()
    for _ in range(_STEPS):
        difference = now - _at(picture_before, x - motion[0], y - motion[1])
        p = _BACK * around(first[0] - motion[0]) - around(across * difference)
        q = _BACK * around(first[1] - motion[1]) - around(down * difference)
        motion[0] += (yy * p - xy * q) / determinant
        motion[1] += (xx * q - xy * p) / determinant
    limit = _FARTHEST * max(x2 - x1, y2 - y1)
    motion = first + np.clip(motion - first, -limit, limit)
    cells = motion.reshape(2, flow.shape[1], _FINER, flow.shape[2], _FINER)
    return np.asarray(cells.mean(axis=(2, 4)), np.float32)


def _at(picture: UInt8Array, x: Float64Array, y: Float64Array) -> Float64Array:
    """The picture at places of it, bilinearly; beyond its borders their values."""
    values: Float64Array = map_coordinates(picture, [y - 0.5, x - 0.5], output=np.float64, order=1, mode="nearest")
    return values
