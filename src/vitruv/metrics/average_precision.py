"""Average precision and recall from matches, as COCO defines them: 101 recall levels, precision made falling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitruv.errors import InputError
from vitruv.metrics.matching import AREAS, Matches
from vitruv.types import BoolArray, Float64Array

RECALL_LEVELS = np.linspace(0.0, 1.0, 101)
_NAMED = (0.5, 0.75)
_LOWER = (0.2, 0.3, 0.4)


def thresholds_from(lowest: float) -> Float64Array:
    """lowest, lowest + 0.05, ..., 0.95. Raises InputError unless 0.05 <= lowest <= 0.5."""
    if not 0.05 <= lowest <= 0.5:
        raise InputError(f"the lowest threshold must be between 0.05 and 0.5, but is {lowest}")
    return np.linspace(lowest, 0.95, int(np.round((0.95 - lowest) / 0.05)) + 1)


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """precision: (t, 101, k, a) float64 at the recall levels; recall: (t, k, a) float64; -1 where there is nothing to find.
    t thresholds, k categories, a areas (all, medium, large)."""

    thresholds: Float64Array
    precision: Float64Array
    recall: Float64Array


def precision_recall(
    categories: Sequence[Sequence[Matches]], measure: int, thresholds: Float64Array, areas: int = len(AREAS)
) -> PrecisionRecall:
    """categories: for each category, the matches of every image that has people or detections, in order of image ids.

    measure: which of the measures in the matches.
    """
    shape = len(thresholds), len(categories), areas
    precision = -np.ones((shape[0], len(RECALL_LEVELS), *shape[1:]))
    recall = -np.ones(shape)
    for k, images in enumerate(categories):
        if not images:
            continue
        scores = np.concatenate([image.scores for image in images])
        order = np.argsort(-scores, kind="stable")
        for a in range(areas):
            wanted = sum(int(np.count_nonzero(~image.person_ignored[a])) for image in images)
            if not wanted:
                continue
            hit = np.concatenate([image.hit[measure, a] for image in images], axis=1)[:, order]
            counts = ~np.concatenate([image.ignored[measure, a] for image in images], axis=1)[:, order]
            right = np.cumsum(hit & counts, axis=1, dtype=np.float64)
            wrong = np.cumsum(~hit & counts, axis=1, dtype=np.float64)
            recall[:, k, a] = right[:, -1] / wanted if len(scores) else 0.0
            falling = right / (right + wrong + np.spacing(1))
            falling = np.maximum.accumulate(falling[:, ::-1], axis=1)[:, ::-1]
            for t in range(len(thresholds)):
                at = np.searchsorted(right[t] / wanted, RECALL_LEVELS, side="left")
                padded = np.append(falling[t], 0.0)
                precision[t, :, k, a] = padded[np.minimum(at, len(scores))]
    return PrecisionRecall(thresholds, precision, recall)


def summary(curves: PrecisionRecall) -> dict[str, float | None]:
    """AP, AP50, AP75, APm, APl, AR, AR50, AR75, ARm, ARl, and AP20, AP30, AP40 where thresholds go that low.

    Fractions 0..1; None where there is nothing to find.
    """
    lower = [at for at in _LOWER if curves.thresholds[0] <= at + 0.001]
    result: dict[str, float | None] = {"AP": _mean(curves.precision[..., 0])}
    for at in (*lower, *_NAMED):
        result[f"AP{100 * at:.0f}"] = _mean(curves.precision[_near(curves, at)][..., 0])
    result["APm"], result["APl"] = _mean(curves.precision[..., 1]), _mean(curves.precision[..., 2])
    result["AR"] = _mean(curves.recall[..., 0])
    for at in _NAMED:
        result[f"AR{100 * at:.0f}"] = _mean(curves.recall[_near(curves, at)][..., 0])
    result["ARm"], result["ARl"] = _mean(curves.recall[..., 1]), _mean(curves.recall[..., 2])
    return result


def _near(curves: PrecisionRecall, threshold: float) -> BoolArray:
    return np.asarray(np.abs(curves.thresholds - threshold) < 0.001)


def _mean(values: Float64Array) -> float | None:
    known = values[values > -1]
    return float(np.mean(known)) if known.size else None
