"""Average precision of boxes on a held-out set, for watching a training run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vitruv.geometry import iou
from vitruv.types import BoolArray, Float32Array, Float64Array


class BoxScores(NamedTuple):
    """precision: area under the precision-recall curve. recall: share of people found at the balance.

    balance: the score from which on boxes should be believed: where the harmonic mean of precision and recall (F1) is largest.
    All NaN when there is nobody to find; balance NaN when nobody is found.
    """

    precision: float
    recall: float
    balance: float


def average_precision(
    scores: Sequence[Float32Array],
    boxes_xyxy: Sequence[Float32Array],
    people_xyxy: Sequence[Float32Array],
    *,
    threshold: float = 0.5,
) -> BoxScores:
    """How well boxes tell people. One entry per picture: scores (k,), boxes (k, 4), people (m, 4).

    The best-scored boxes choose first; a box is right when it overlaps a person nobody took by `threshold` or more.
    """
    total = sum(len(people) for people in people_xyxy)
    if not total:
        return BoxScores(float("nan"), float("nan"), float("nan"))
    hits = [_hits(s, b, p, threshold) for s, b, p in zip(scores, boxes_xyxy, people_xyxy, strict=True)]
    flat_scores = np.concatenate(list(scores))
    flat_hits = np.concatenate(hits)
    order = np.argsort(-flat_scores, kind="stable")
    found = np.cumsum(flat_hits[order])
    if not found.any():
        return BoxScores(0.0, 0.0, float("nan"))
    precision: Float64Array = found / np.arange(1, len(found) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(found, prepend=0)
    best = int(np.argmax(2 * found / (np.arange(1, len(found) + 1) + total)))
    return BoxScores(float((envelope * steps).sum() / total), float(found[best] / total), float(flat_scores[order[best]]))


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
