"""Average precision of boxes on a held-out set, for watching a training run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vitruv.geometry import iou
from vitruv.types import BoolArray, Float32Array, Float64Array


def average_precision(
    scores: Sequence[Float32Array],
    boxes_xyxy: Sequence[Float32Array],
    people_xyxy: Sequence[Float32Array],
    *,
    threshold: float = 0.5,
) -> tuple[float, float]:
    """(area under the precision-recall curve, recall at score 0.5).

    One entry per picture: scores (k,), boxes (k, 4), people (m, 4).

    The best-scored boxes choose first; a box is right when it overlaps a person nobody took by `threshold` or more.
    """
    total = sum(len(people) for people in people_xyxy)
    if not total:
        return float("nan"), float("nan")
    hits = [_hits(s, b, p, threshold) for s, b, p in zip(scores, boxes_xyxy, people_xyxy, strict=True)]
    flat_scores = np.concatenate(list(scores))
    flat_hits = np.concatenate(hits)
    order = np.argsort(-flat_scores, kind="stable")
    found = np.cumsum(flat_hits[order])
    precision: Float64Array = found / np.arange(1, len(found) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(found, prepend=0)
    return float((envelope * steps).sum() / total), float(flat_hits[flat_scores >= 0.5].sum() / total)


def _hits(scores: Float32Array, boxes: Float32Array, people: Float32Array, threshold: float) -> BoolArray:
    hits = np.zeros(len(scores), np.bool_)
    if not len(people) or not len(boxes):
        return hits
    overlap = np.array(iou(boxes, people))
    for i in np.argsort(-scores, kind="stable"):
        j = int(overlap[i].argmax())
        if overlap[i, j] >= threshold:
            hits[i] = True
            overlap[:, j] = 0
    return hits
