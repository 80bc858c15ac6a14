"""COCO's own average precision of boxes and outlines, beside the measures of points.

Crowds are ignored, 100 detections of an image count, and small people (below 32 x 32) have a range of their own. The outline
of a detection is where its chart map has any chart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vitruv.metrics.average_precision import precision_recall, thresholds_from
from vitruv.metrics.batches import ImageBatch, ImageCategory
from vitruv.metrics.masks import Silhouette, box_iou, mask_iou, outline
from vitruv.metrics.matching import AREAS, ImageValues, Matches, MatchRules, joined, match
from vitruv.types import Float64Array

STANDARD = ("bbox", "segm")
_AREAS = {"": AREAS["all"], "s": (0.0, 32.0**2), "m": AREAS["medium"], "l": AREAS["large"]}
_THRESHOLDS = thresholds_from(0.5)


class CocoBoxMaskEvaluator:
    """measures: some of STANDARD."""

    def __init__(self, measures: Sequence[str]) -> None:
        self._names = measures
        self._matches: dict[str, dict[int, list[Matches]]] = {name: {} for name in measures}
        self._outlined = False  # whether anybody has an outline

    def add(self, batch: ImageBatch) -> None:
        self._outlined |= any(person.record.get("segmentation") for person in batch.people)
        for name in self._names:
            values = [_values(entry, name) for entry in batch.entries]
            if not values:
                continue
            results = match(values, _THRESHOLDS, MatchRules(), tuple(_AREAS.values()))
            for entry, result in zip(batch.entries, results, strict=True):
                self._matches[name].setdefault(entry.category, []).append(joined([result]))

    def measures(self, categories: int) -> dict[str, dict[str, float | None]]:
        """AP, AP50, AP75, APs, APm, APl, AR of each measure, 0..100."""
        found = {}
        for name in self._names:
            by_category = [self._matches[name].get(k, []) for k in range(categories)]
            curves = precision_recall(by_category, 0, _THRESHOLDS, len(_AREAS))
            row = {f"AP{suffix}": _percent(curves.precision[..., a]) for a, suffix in enumerate(_AREAS)}
            row["AP50"], row["AP75"] = _percent(curves.precision[0, ..., 0]), _percent(curves.precision[5, ..., 0])
            found[name] = {**row, "AR": _percent(curves.recall[..., 0])}
            if name == "segm" and not self._outlined:
                found[name] = dict.fromkeys(found[name])  # without any outline there is nothing to measure
        return found


def _values(entry: ImageCategory, name: str) -> ImageValues:
    crowd = entry.crowd
    boxes = box_iou(entry.boxes_xywh, entry.people_xywh, crowd)
    sizes, values = entry.boxes_xywh[:, 2] * entry.boxes_xywh[:, 3], boxes
    if name == "segm":
        found = entry.silhouettes
        values = mask_iou(
            found, [Silhouette.of_image(outline(person, entry.size_hw)) for person in entry.people], crowd, at_least=0.49
        )
        sizes = np.array([silhouette.area for silhouette in found], np.float64)
    return ImageValues(
        values[None],
        boxes,
        entry.scores,
        sizes,
        np.array([person.area for person in entry.people], np.float64),
        np.array(crowd, bool),
        np.array(crowd, bool),
        np.array([person.id for person in entry.people], np.int64),
    )


def _percent(values: Float64Array) -> float | None:
    known = values[values > -1]
    return 100 * float(np.mean(known)) if known.size else None
