"""Box rules of two-stage detectors (Faster R-CNN with a feature pyramid, as Detectron2 has them), in NumPy.

One implementation for training, torch inference and ONNX Runtime. Boxes are xyxy in pixels of the network's input, float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vitruv.geometry.boxes import area, clip, nms
from vitruv.types import AnyArray, Float32Array, Int64Array

ANCHOR_RATIOS = (0.5, 1.0, 2.0)  # height / width
LARGEST_GROWTH = math.log(1000 / 16)
"""Sizes may grow by at most exp of this, so that an untrained layer cannot overflow."""

PROPOSAL_WEIGHTS = (1.0, 1.0, 1.0, 1.0)
DETECTION_WEIGHTS = (10.0, 10.0, 5.0, 5.0)

_CANONICAL_SIDE, _CANONICAL_LEVEL = 224, 4


def anchor_grid(size_hw: tuple[int, int], *, stride: int, side: float, ratios: Sequence[float] = ANCHOR_RATIOS) -> Float32Array:
    """Anchors of one pyramid level: (h * w * len(ratios), 4) in the order row, column, ratio.

    Each has area side**2 and is centred on (column * stride, row * stride).
    """
    widths = np.array([math.sqrt(side * side / ratio) for ratio in ratios])
    heights = widths * np.asarray(ratios)
    base = np.stack([-widths / 2, -heights / 2, widths / 2, heights / 2], axis=1).astype(np.float32)
    ys, xs = np.meshgrid(*(np.arange(n, dtype=np.float32) * stride for n in size_hw), indexing="ij")
    shift = np.stack([xs, ys, xs, ys], axis=-1).reshape(-1, 1, 4)
    return np.asarray((shift + base).reshape(-1, 4), np.float32)


def pyramid_anchors(sizes_hw: Sequence[tuple[int, int]]) -> list[Float32Array]:
    """Anchors of levels p2, p3, ... (strides 4, 8, ...; sides 32, 64, ...), given the (h, w) of each level's map."""
    return [anchor_grid(size, stride=4 << i, side=32 << i) for i, size in enumerate(sizes_hw)]


def decode_deltas(boxes_xyxy: AnyArray, deltas: AnyArray, weights: Sequence[float]) -> Float32Array:
    """Move and scale boxes: (n, 4), (n, 4) dx dy dw dh -> (n, 4) float32."""
    boxes = np.asarray(boxes_xyxy, np.float32)
    scaled = np.asarray(deltas, np.float32) / np.asarray(weights, np.float32)
    sides = boxes[:, 2:] - boxes[:, :2]
    centre = boxes[:, :2] + np.float32(0.5) * sides
    centre = scaled[:, :2] * sides + centre
    half = np.float32(0.5) * np.exp(np.minimum(scaled[:, 2:], np.float32(LARGEST_GROWTH))) * sides
    return np.concatenate([centre - half, centre + half], axis=1)


def encode_deltas(boxes_xyxy: AnyArray, targets_xyxy: AnyArray, weights: Sequence[float]) -> Float32Array:
    """The deltas that `decode_deltas` turns into the targets: (n, 4), (n, 4) -> (n, 4) float32. Boxes must not be empty."""
    boxes, targets = np.asarray(boxes_xyxy, np.float32), np.asarray(targets_xyxy, np.float32)
    sides, wanted = boxes[:, 2:] - boxes[:, :2], targets[:, 2:] - targets[:, :2]
    move = (targets[:, :2] + 0.5 * wanted - boxes[:, :2] - 0.5 * sides) / sides
    return np.asarray(np.concatenate([move, np.log(wanted / sides)], axis=1) * np.asarray(weights), np.float32)


def pyramid_level(boxes_xyxy: AnyArray, *, lowest: int = 2, highest: int = 5) -> Int64Array:
    """(n,) pyramid level to pool each box from: a box of 224 x 224 pixels from level 4, twice the side one level up."""
    side = np.sqrt(area(np.asarray(boxes_xyxy, np.float32)))
    level = np.floor(_CANONICAL_LEVEL + np.log2(side / np.float32(_CANONICAL_SIDE) + np.float32(1e-8)))
    return np.asarray(np.clip(level, lowest, highest), np.int64)


def best(values: AnyArray, count: int) -> Int64Array:
    """Indices of the `count` largest of (n,) values, falling; equal values keep their order."""
    if count < len(values):
        # Everything at or above the last one kept, so that ties are cut by order and not at random.
        least = np.partition(values, len(values) - count)[len(values) - count]
        candidates = np.flatnonzero(values >= least)
    else:
        candidates = np.arange(len(values))
    return np.asarray(candidates[np.argsort(-values[candidates], kind="stable")][:count], np.int64)


def suppress_per_group(boxes_xyxy: AnyArray, scores: AnyArray, groups: AnyArray, *, threshold: float, limit: int) -> Int64Array:
    """Non-maximum suppression within each group, then the best `limit` of all, in order of falling score."""
    kept = [np.zeros(0, np.int64)]
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        kept.append(members[nms(boxes_xyxy[members], scores[members], threshold)])
    survivors = np.sort(np.concatenate(kept))
    kept_best: Int64Array = survivors[best(scores[survivors], limit)]
    return kept_best


def propose(
    logits: Sequence[AnyArray],
    deltas: Sequence[AnyArray],
    anchors: Sequence[AnyArray],
    size_hw: tuple[int, int],
    *,
    before: int = 1000,
    limit: int = 1000,
    threshold: float = 0.7,
) -> tuple[Float32Array, Float32Array]:
    """Region proposals of one picture from the raw maps of a proposal network.

    Per level: logits (a, h, w), deltas (4a, h, w), anchors (h * w * a, 4). The `before` best anchors of each level are
    decoded, cut at the picture, suppressed within their level, and the `limit` best of all are kept.
    size_hw: the picture without padding. Returns boxes (n, 4) and logits (n,), falling.
    """
    boxes, scores, levels = [], [], []
    for level, (logit, delta, anchor) in enumerate(zip(logits, deltas, anchors, strict=True)):
        flat = np.asarray(logit, np.float32).transpose(1, 2, 0).reshape(-1)
        top = best(flat, before)
        per_anchor = np.asarray(delta, np.float32).reshape(-1, 4, delta.shape[-2] * delta.shape[-1])  # (a, 4, h * w)
        cell, ratio = np.divmod(top, len(per_anchor))
        boxes.append(decode_deltas(anchor[top], per_anchor[ratio, :, cell], PROPOSAL_WEIGHTS))
        scores.append(flat[top])
        levels.append(np.full(len(top), level))
    all_boxes, all_scores, all_levels = np.concatenate(boxes), np.concatenate(scores), np.concatenate(levels)
    all_boxes, all_scores, all_levels = _usable(all_boxes, all_scores, all_levels, size_hw)
    kept = suppress_per_group(all_boxes, all_scores, all_levels, threshold=threshold, limit=limit)
    return all_boxes[kept], all_scores[kept]


def select_detections(
    proposals_xyxy: AnyArray,
    class_logits: AnyArray,
    deltas: AnyArray,
    size_hw: tuple[int, int],
    *,
    score_threshold: float = 0.05,
    nms_threshold: float = 0.5,
    limit: int = 100,
) -> tuple[Float32Array, Float32Array, Int64Array]:
    """Detections of one picture from the raw outputs of a box head.

    proposals_xyxy: (n, 4). class_logits: (n, classes + 1), background last. deltas: (n, 4 * classes).
    Scores above the threshold are kept, suppressed within their class, and the `limit` best are returned: boxes (m, 4) cut at
    the picture, scores (m,) falling, classes (m,).
    """
    shifted = np.exp(class_logits - class_logits.max(axis=1, keepdims=True, initial=-np.inf))
    scores = (shifted / shifted.sum(axis=1, keepdims=True))[:, :-1].astype(np.float32)
    row, label = np.nonzero(scores > score_threshold)
    per_class = np.asarray(deltas).reshape(len(scores), scores.shape[1], 4)
    boxes = decode_deltas(np.asarray(proposals_xyxy)[row], per_class[row, label], DETECTION_WEIGHTS)
    finite = np.isfinite(boxes).all(axis=1) & np.isfinite(scores[row, label])
    boxes, found, label = clip(boxes[finite], size_hw), scores[row, label][finite], label[finite]
    kept = suppress_per_group(boxes, found, label, threshold=nms_threshold, limit=limit)
    return boxes[kept], found[kept], label[kept]


def _usable(
    boxes: Float32Array, scores: Float32Array, groups: AnyArray, size_hw: tuple[int, int]
) -> tuple[Float32Array, Float32Array, AnyArray]:
    """Without what is not finite or, cut at the picture, empty."""
    finite = np.isfinite(boxes).all(axis=1) & np.isfinite(scores)
    inside = clip(boxes, size_hw)
    keep = finite & (inside[:, 2] > inside[:, 0]) & (inside[:, 3] > inside[:, 1])
    return inside[keep], scores[keep], groups[keep]
