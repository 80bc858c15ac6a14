"""People who lie, or stand on their hands: their joints say which way up they are, and the crop is turned by quarters to match.

Networks that learn from people learn from people who stand.
"""

from __future__ import annotations

import numpy as np

from vitruv.types import BoolArray, Float32Array, Int64Array, UInt8Array

_SHOULDERS, _HIPS = (5, 6), (11, 12)
_TURNS_PER_QUARTER = np.pi / 2


def quarters_to_upright(joints: Float32Array, *, size_hw: tuple[int, int], min_score: float) -> Int64Array:
    """(n,) 0..3: how many quarters to turn crops counter-clockwise (as `numpy.rot90`) so that shoulders come above hips.

    joints: (n, 17, 3) in crops of side 1. 0 wherever one of the four joints is surer by less than `min_score`.
    """
    trunk = joints[:, [*_SHOULDERS, *_HIPS]]
    side = np.array(size_hw[::-1], np.float32)
    up = (trunk[:, :2, :2].mean(axis=1) - trunk[:, 2:, :2].mean(axis=1)) * side  # hips to shoulders, x right, y down
    # A direction at angle a to the right of straight up becomes upright after a / 90 degrees counter-clockwise.
    angle = np.arctan2(up[:, 0], -up[:, 1])
    quarters = np.round(angle / _TURNS_PER_QUARTER).astype(np.int64) % 4
    return np.where((trunk[:, :, 2] >= min_score).all(axis=1), quarters, 0)


def turn_crop(crop: UInt8Array, quarters: int) -> UInt8Array:
    """A square crop (s, s, 3), turned counter-clockwise."""
    return np.ascontiguousarray(np.rot90(crop, quarters))


def turn_boxes(boxes_xyxy: Float32Array, quarters: int) -> Float32Array:
    """Boxes (..., 4) in a crop of side 1, turned counter-clockwise with it."""
    corners = turn_points(np.asarray(boxes_xyxy, np.float32).reshape(*boxes_xyxy.shape[:-1], 2, 2), quarters)
    return np.concatenate([corners.min(axis=-2), corners.max(axis=-2)], axis=-1)


def turn_points(points_xy: Float32Array, quarters: int) -> Float32Array:
    """Points (..., 2) in a crop of side 1, turned counter-clockwise with it."""
    x, y = points_xy[..., 0], points_xy[..., 1]
    turned = ((x, y), (y, 1 - x), (1 - x, 1 - y), (1 - y, x))[quarters % 4]
    return np.stack(turned, axis=-1)


def turn_maps(maps: Float32Array, quarters: int) -> Float32Array:
    """Maps (..., s, s), turned counter-clockwise. Charts, U and V are of the body: they stay."""
    return np.ascontiguousarray(np.rot90(maps, quarters, axes=(-2, -1)))


def lying(quarters: Int64Array) -> BoolArray:
    return np.asarray(quarters != 0)
