"""One evaluation under one set of rules: images come in, a few at a time; numbers come out at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vitruv.errors import FormatError
from vitruv.metrics.average_precision import PrecisionRecall, precision_recall, summary
from vitruv.metrics.chunks import Unit
from vitruv.metrics.evaluation import Evaluation, People, Pooled
from vitruv.metrics.matching import ImageValues, Matches, MatchRules, joined, match
from vitruv.metrics.ratio_correct import areas
from vitruv.metrics.rules import MAX_DETECTIONS, Rules
from vitruv.metrics.silhouettes import box_iou, mask_iou, of_person
from vitruv.metrics.similarity import PointDistances, point_distances, true_points
from vitruv.metrics.surfaces import GeodesicSurface
from vitruv.types import Float32Array, Float64Array, Int64Array

MATCHED = ("gps", "gpsm", "iou")
"""Measures that say how alike a detection and a person are, and are scored by average precision."""

_ANY = np.array([1e-12])  # a threshold that any similarity at all reaches
_EVERY_AREA = ((0.0, float("inf")),)


class Tally:
    """measures: those of MATCHED, and "rcp"."""

    def __init__(
        self, rules: Rules, surface: GeodesicSurface, kappa_m: Float64Array, thresholds: Float64Array, measures: Sequence[str]
    ) -> None:
        self._rules, self._surface, self._kappa, self._thresholds = rules, surface, kappa_m, thresholds
        self._matched = [name for name in MATCHED if name in measures]
        self._rcp = "rcp" in measures
        self._match_rules = MatchRules(
            last_threshold_ignores=rules.last_threshold_ignores,
            ignore_without_people=rules.ignore_without_people,
            overlap_ignores=not rules.last_threshold_ignores,
        )
        self._matches: dict[int, list[Matches]] = {}
        self._distances: list[tuple[Float32Array, Float32Array, Int64Array, Float64Array]] = []
        self._people: list[tuple[int, int | str, float, int]] = []

    def add(self, units: Sequence[Unit]) -> None:
        """Measure and match the people and detections of some images."""
        if not units or not (self._matched or self._rcp):
            return
        measured = self._measure(units)
        values = [self._values(unit, found) for unit, found in zip(units, measured, strict=True)]
        if self._matched:
            results = match(values, self._thresholds, self._match_rules)
            for category in sorted({unit.category for unit in units}):
                of_category = [result for unit, result in zip(units, results, strict=True) if unit.category == category]
                self._matches.setdefault(category, []).append(joined(of_category))
        self._pool(units, measured, values)

    def _measure(self, units: Sequence[Unit]) -> list[PointDistances]:
        everybody = [person for unit in units for person in unit.people]
        for person in everybody:
            if (points := person.points) is not None and len(points.charts) != len(points):
                raise FormatError(person.path, f"{person.where}: points without dp_I, dp_U and dp_V cannot be scored")
        ends = np.cumsum([len(unit.people) for unit in units]).tolist()
        return point_distances(
            true_points(everybody, self._surface, self._kappa, self._rules),
            [slice(end - len(unit.people), end) for unit, end in zip(units, ends, strict=True)],
            [unit.boxes_xywh[:MAX_DETECTIONS] for unit in units],
            [unit.maps[:MAX_DETECTIONS] for unit in units],
            self._surface,
            self._rules,
        )

    def _overlap(self, unit: Unit) -> Float64Array:
        """(d, p): how much the masks overlap; zeros when no measure asks."""
        if not {"gpsm", "iou"} & set(self._matched):
            return np.zeros((len(unit.scores[:MAX_DETECTIONS]), len(unit.people)))
        outlines = [of_person(p, union, unit.size_hw, self._rules) for p, union in zip(unit.people, unit.unions, strict=True)]
        return mask_iou(unit.silhouettes[:MAX_DETECTIONS], outlines, unit.crowd)

    def _values(self, unit: Unit, measured: PointDistances) -> ImageValues:
        people, crowd, boxes = unit.people, unit.crowd, unit.boxes_xywh[:MAX_DETECTIONS]
        gps, overlap = measured.gps, self._overlap(unit)
        values = {"gps": gps, "iou": overlap, "gpsm": np.sqrt(gps * overlap)}
        ignored = [not p.has_points or (self._rules.ignore_crowds and p.is_crowd) for p in people]
        return ImageValues(
            np.array([gps, *(values[name] for name in self._matched)]),
            box_iou(boxes, unit.people_xywh, crowd),
            unit.scores[:MAX_DETECTIONS],
            boxes[:, 2] * boxes[:, 3],
            np.array([person.area for person in people], np.float64),
            np.array(ignored, bool),
            np.array(crowd, bool),
            np.array([person.id for person in people], np.int64),
        )

    def _pool(self, units: Sequence[Unit], measured: Sequence[PointDistances], values: Sequence[ImageValues]) -> None:
        """Distances of all points of people that count, to the detection that was matched to the person by any similarity."""
        for unit, found, value, result in zip(
            units, measured, values, match([_gps_only(value) for value in values], _ANY, MatchRules(), _EVERY_AREA), strict=True
        ):
            person_of, points = result.person[0, 0, 0], found.points
            for p in np.flatnonzero(~value.ignored).tolist():
                matched = np.flatnonzero(person_of == p)
                person = unit.people[p]
                best = int(matched[0]) if len(matched) else -1
                index = int(unit.detections[best]) if best >= 0 else -1
                self._people.append((person.id, unit.image_id, float(found.gps[best, p]) if best >= 0 else 0.0, index))
                if not self._rcp:
                    continue
                columns = np.arange(points.first[p], points.first[p + 1])
                columns = columns[points.vertex[columns] >= 0]
                missed = np.full(len(columns), np.inf, np.float32)
                alone = int(np.argmax(value.box_iou[:, p])) if len(value.scores) else -1
                alone = alone if alone >= 0 and value.box_iou[alone, p] > 0 else -1
                self._distances.append(
                    (
                        found.distances_m[best, columns] if best >= 0 else missed,
                        found.distances_m[alone, columns] if alone >= 0 else missed,
                        points.group[columns],
                        points.kappa_m[columns],
                    )
                )

    def finish(self, categories: int, counts: Mapping[str, int], others: Mapping[str, Mapping[str, float | None]]) -> Evaluation:
        """categories: how many there are. others: measures that need no points, to stand beside these."""
        by_category = [[joined(parts)] if (parts := self._matches.get(k)) else [] for k in range(categories)]
        curves: dict[str, PrecisionRecall] = {}
        measures: dict[str, Mapping[str, float | None]] = {}
        for m, name in enumerate(self._matched, start=1):
            curves[name] = precision_recall(by_category, m, self._thresholds)
            measures[name] = {key: None if v is None else 100 * v for key, v in summary(curves[name]).items()}
        columns = [np.concatenate([np.zeros(0), *(row[i] for row in self._distances)]) for i in range(4)]
        pooled = Pooled(columns[0].astype(np.float32), columns[1].astype(np.float32), columns[2].astype(np.uint8), columns[3])
        if self._rcp:
            measures["rcp"] = areas(pooled.distances_m)
            measures["rcp_single"] = areas(pooled.single_m)
        people = People(
            np.array([row[0] for row in self._people], np.int64),
            [row[1] for row in self._people],
            np.array([row[2] for row in self._people], np.float64),
            np.array([row[3] for row in self._people], np.int64),
        )
        all_counts = {**counts, "annotated people": len(self._people), "points": len(pooled.group)}
        return Evaluation(self._rules.name, {**measures, **others}, curves, pooled, people, all_counts)


def _gps_only(value: ImageValues) -> ImageValues:
    return ImageValues(
        value.values[:1],
        value.box_iou,
        value.scores,
        value.areas,
        value.person_areas,
        value.ignored,
        value.crowd,
        value.ids,
    )
