"""Boxes. Inside Vitruv a box is xyxy: left, top, right, bottom in pixels, edges (not centres), right and bottom exclusive.

COCO's xywh exists only at the edge, in the adapters of file formats.
"""

from __future__ import annotations

import numpy as np

from vitruv.errors import InputError
from vitruv.types import AnyArray, BoolArray, Float32Array, Int64Array

_NMS_BLOCK = 128  # boxes compared with all later ones at a time


def as_boxes_xyxy(boxes: object, *, name: str = "boxes") -> Float32Array:
    """Check boxes that come from outside.

    boxes: (n, 4) numbers, xyxy in pixels; an empty sequence is n = 0. Returns (n, 4) float32.
    Raises InputError naming the first box that is not finite, or is empty or inverted (x2 <= x1 or y2 <= y1).
    """
    try:
        with np.errstate(over="ignore"):  # numbers beyond float32 become infinite, which is refused below
            array = np.asarray(boxes, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be an (n, 4) array of numbers: {error}") from None
    if array.size == 0:
        return np.zeros((0, 4), np.float32)
    if array.ndim != 2 or array.shape[1] != 4:
        raise InputError(f"{name} must have shape (n, 4), x1 y1 x2 y2, but got shape {array.shape}")
    for i, box in enumerate(array):
        x1, y1, x2, y2 = (float(v) for v in box)
        if not np.isfinite(box).all():
            raise InputError(f"{name}[{i}] is not finite: {[x1, y1, x2, y2]}")
        if x2 <= x1 or y2 <= y1:
            raise InputError(f"{name}[{i}] is empty or inverted: {[x1, y1, x2, y2]}; expected x1 < x2 and y1 < y2")
    return array


def xywh_to_xyxy(boxes_xywh: AnyArray) -> AnyArray:
    """(n, 4) left, top, width, height -> (n, 4) xyxy, same dtype."""
    boxes_xywh = np.asarray(boxes_xywh).reshape(-1, 4)
    return np.concatenate([boxes_xywh[:, :2], boxes_xywh[:, :2] + boxes_xywh[:, 2:]], axis=1)


def xyxy_to_xywh(boxes_xyxy: AnyArray) -> AnyArray:
    """(n, 4) xyxy -> (n, 4) left, top, width, height, same dtype."""
    boxes_xyxy = np.asarray(boxes_xyxy).reshape(-1, 4)
    return np.concatenate([boxes_xyxy[:, :2], boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]], axis=1)


def placement_xywh(boxes_xyxy: AnyArray) -> Int64Array:
    """Where the chart map of each box lies: (n, 4) int64 x, y, w, h.

    The official result format truncates each of x, y, w and h towards zero, w and h of at least 1; x and y may be negative.
    """
    xywh = xyxy_to_xywh(np.asarray(boxes_xyxy, np.float32)).astype(np.int64)
    xywh[:, 2:] = np.maximum(xywh[:, 2:], 1)
    return xywh


def area(boxes_xyxy: AnyArray) -> AnyArray:
    """(n,) areas in square pixels."""
    boxes_xyxy = np.asarray(boxes_xyxy).reshape(-1, 4)
    sides = np.maximum(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1])


def iou(a_xyxy: AnyArray, b_xyxy: AnyArray) -> AnyArray:
    """Intersection over union of every pair: (n, 4), (m, 4) -> (n, m); 0 where both are empty."""
    a, b = np.asarray(a_xyxy).reshape(-1, 4), np.asarray(b_xyxy).reshape(-1, 4)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.maximum(high - low, 0)
    intersection = sides[..., 0] * sides[..., 1]
    union = area(a)[:, None] + area(b)[None, :] - intersection
    return np.where(union > 0, intersection / np.where(union > 0, union, 1), 0)


def clip(boxes_xyxy: AnyArray, size_hw: tuple[int, int]) -> AnyArray:
    """Boxes cut at the borders of an image of `size_hw`."""
    height, width = size_hw
    limit = np.array([width, height, width, height], dtype=np.asarray(boxes_xyxy).dtype)
    return np.clip(boxes_xyxy, 0, limit)


def nms(boxes_xyxy: AnyArray, scores: AnyArray, threshold: float) -> Int64Array:
    """Greedy non-maximum suppression: indices kept, in order of falling score.

    A box is dropped when its IoU with a kept box of higher score is above `threshold` (equal is kept); equal scores keep
    their order.
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    boxes = np.asarray(boxes_xyxy).reshape(-1, 4)[order]
    alive = np.ones(len(order), bool)
    # Overlaps are computed for blocks of boxes against all later ones: few calls, and memory stays bounded.
    for start in range(0, len(order), _NMS_BLOCK):
        rows = start + np.flatnonzero(alive[start : start + _NMS_BLOCK])
        if not len(rows):
            continue
        later = start + np.flatnonzero(alive[start:])
        overlaps = _overlap_above(boxes[rows], boxes[later], threshold)
        remaining = np.ones(len(later), bool)
        place = np.searchsorted(later, rows)
        for row, own in enumerate(place):
            if remaining[own]:
                # Boxes of the same block that come before stay as they are: they were decided already.
                remaining[own + 1 :] &= ~overlaps[row, own + 1 :]
        alive[later] = remaining
    return np.asarray(order[alive], np.int64)


def without_doubles(boxes_xyxy: AnyArray, scores: AnyArray, share: float) -> Int64Array:
    """Indices kept, in order of falling score: a box is dropped when it and a kept box of higher score share more than `share` of
    the smaller one. Where `nms` asks whether two boxes are alike, this also finds boxes of a part of somebody. For few boxes."""
    boxes = np.asarray(boxes_xyxy, np.float64).reshape(-1, 4)
    sides = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    smaller = np.minimum(area(boxes)[:, None], area(boxes)[None, :])
    doubles = sides.clip(min=0).prod(axis=2) > share * smaller
    kept: list[int] = []
    for i in np.argsort(-np.asarray(scores), kind="stable"):
        if not doubles[i, kept].any():
            kept.append(int(i))
    return np.array(kept, np.int64)


def _overlap_above(a: AnyArray, b: AnyArray, threshold: float) -> BoolArray:
    """(n, m): whether IoU exceeds the threshold; what `iou` computes, one coordinate at a time and in place."""
    low = np.maximum(a[:, None, 0], b[None, :, 0])
    shared = np.minimum(a[:, None, 2], b[None, :, 2])
    shared -= low
    np.maximum(shared, 0, out=shared)
    np.maximum(a[:, None, 1], b[None, :, 1], out=low)
    tall = np.minimum(a[:, None, 3], b[None, :, 3])
    tall -= low
    np.maximum(tall, 0, out=tall)
    shared *= tall
    union = np.add(area(a)[:, None], area(b)[None, :], out=tall)
    union -= shared
    # Two empty boxes share nothing of nothing: their IoU is 0.
    share = np.divide(shared, union, out=low, where=union > 0)
    share[union <= 0] = 0
    return np.asarray(share > threshold)
