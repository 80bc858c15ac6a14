"""One evaluation under one set of rules: images come in, a few at a time; numbers come out at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace

import numpy as np

from vitruv.errors import FormatError
from vitruv.metrics.average_precision import PrecisionRecall, precision_recall, summary
from vitruv.metrics.batches import ImageBatch, ImageCategory
from vitruv.metrics.evaluation import Evaluation, People, Pooled
from vitruv.metrics.masks import box_iou, mask_iou, of_people
from vitruv.metrics.matching import ImageValues, Matches, MatchRules, joined, match
from vitruv.metrics.ratio_correct import areas
from vitruv.metrics.rules import MAX_DETECTIONS, Rules
from vitruv.metrics.similarity import PointDistances, SurfaceQueries, point_distances, true_points
from vitruv.metrics.surfaces.protocol import GeodesicSurface
from vitruv.types import Float32Array, Float64Array, Int64Array

_OF_MASKS = ("gpsm", "iou")
MATCHED = ("gps", "gpsm", "iou")
"""Measures that say how alike a detection and a person are, and are scored by average precision."""

_MOST_ENTRIES = 1_000_000  # points of people times detections that wait for their distances: about 50 MB

_ANY = np.array([1e-12])  # a threshold that any similarity at all reaches
_EVERY_AREA = ((0.0, float("inf")),)


class Accumulator:
    """measures: those of MATCHED, and "rcp"."""

    def __init__(
        self,
        rules: Rules,
        surface: GeodesicSurface,
        kappa_m: Float64Array,
        thresholds: Float64Array,
        measures: Sequence[str],
        pool: Executor,
    ) -> None:
        self._pool = pool
        self._rules, self._surface, self._kappa, self._thresholds = rules, surface, kappa_m, thresholds
        self._matched = [name for name in MATCHED if name in measures]
        self._rcp = "rcp" in measures
        self._masks = bool(set(_OF_MASKS) & set(measures))
        # sqrt(gps * iou) cannot reach the lowest threshold when the IoU is less than its square (a little less, for rounding).
        self._least_iou = 0.999 * float(thresholds[0]) ** 2
        self._match_rules = MatchRules(
            last_threshold_ignores=rules.last_threshold_ignores,
            ignore_without_people=rules.ignore_without_people,
            overlap_ignores=not rules.last_threshold_ignores,
        )
        self._queries: list[SurfaceQueries] = []
        self._waiting: list[tuple[ImageCategory, ImageValues]] = []
        self._overlaps: list[Future[list[Float64Array]]] = []
        self._entries = 0
        self._masked = False  # whether anybody who counts has a mask
        self._matches: dict[int, list[Matches]] = {}
        self._distances: list[tuple[Float32Array, Float32Array, Int64Array, Float64Array]] = []
        self._people: list[tuple[int, int | str, float, int]] = []

    def add(self, batch: ImageBatch) -> None:
        """Take in the people and detections of some images."""
        if not batch.entries or not (self._matched or self._rcp):
            return
        # Masks are counted beside the rest, until their overlaps are needed.
        self._overlaps.append(self._pool.submit(self._overlaps_of, batch))
        self._queries.append(self._queries_of(batch))
        self._waiting += [(replace(entry, people=(), maps=()), self._values(entry)) for entry in batch.entries]
        self._entries += len(self._queries[-1].index.point)
        if self._entries > _MOST_ENTRIES:
            self._measure()

    def _queries_of(self, batch: ImageBatch) -> SurfaceQueries:
        for person in batch.people:
            if (points := person.points) is not None and len(points.charts) != len(points):
                raise FormatError(person.path, f"{person.where}: points without dp_I, dp_U and dp_V cannot be scored")
        ends = np.cumsum([len(entry.people) for entry in batch.entries]).tolist()
        return SurfaceQueries.of(
            true_points(batch.people, self._surface, self._kappa, self._rules),
            [slice(end - len(entry.people), end) for entry, end in zip(batch.entries, ends, strict=True)],
            [entry.boxes_xywh[:MAX_DETECTIONS] for entry in batch.entries],
            [entry.maps[:MAX_DETECTIONS] for entry in batch.entries],
            self._surface,
            self._rules,
        )

    def _overlaps_of(self, batch: ImageBatch) -> list[Float64Array]:
        """(d, p) of each image: how much the masks overlap; zeros when no measure asks."""
        if not self._masks:
            return [np.zeros((len(entry.scores[:MAX_DETECTIONS]), len(entry.people))) for entry in batch.entries]
        sizes = [entry.size_hw for entry in batch.entries for _ in entry.people]
        found = of_people(batch.people, batch.unions, sizes, align_corners=self._rules.align_corners)
        self._masked |= any(one.area > 0 for one, person in zip(found, batch.people, strict=True) if person.has_points)
        outlines = iter(found)
        return [
            mask_iou(
                entry.silhouettes[:MAX_DETECTIONS], [next(outlines) for _ in entry.people], entry.crowd, at_least=self._least_iou
            )
            for entry in batch.entries
        ]

    def _values(self, entry: ImageCategory) -> ImageValues:
        """All but `values`."""
        boxes = entry.boxes_xywh[:MAX_DETECTIONS]
        ignored = [not p.has_points or (self._rules.ignore_crowds and p.is_crowd) for p in entry.people]
        return ImageValues(
            np.zeros((0, len(boxes), len(entry.people))),
            box_iou(boxes, entry.people_xywh, entry.crowd),
            entry.scores[:MAX_DETECTIONS],
            boxes[:, 2] * boxes[:, 3],
            np.array([person.area for person in entry.people], np.float64),
            np.array(ignored, bool),
            np.array(entry.crowd, bool),
            np.array([person.id for person in entry.people], np.int64),
        )

    def _measure(self) -> None:
        """Measure and match what has been taken in. The surface is asked about many images at once: its table is large."""
        measured = point_distances(self._queries, self._surface, self._rules)
        entries, values = [entry for entry, _ in self._waiting], [value for _, value in self._waiting]
        overlaps = [overlap for some in self._overlaps for overlap in some.result()]
        self._queries, self._waiting, self._overlaps, self._entries = [], [], [], 0
        if self._matched and entries:
            whole = [self._of_measures(*one) for one in zip(values, measured, overlaps, strict=True)]
            results = match(whole, self._thresholds, self._match_rules)
            for category in sorted({entry.category for entry in entries}):
                of_category = [result for entry, result in zip(entries, results, strict=True) if entry.category == category]
                self._matches.setdefault(category, []).append(joined(of_category))
        self._pool_people(entries, measured, values)

    def _of_measures(self, value: ImageValues, found: PointDistances, overlap: Float64Array) -> ImageValues:
        gps = found.gps
        by_name = {"gps": gps, "iou": overlap, "gpsm": np.sqrt(gps * overlap)}
        return replace(value, values=np.array([by_name[name] for name in self._matched]))

    def _pool_people(
        self, entries: Sequence[ImageCategory], measured: Sequence[PointDistances], values: Sequence[ImageValues]
    ) -> None:
        """How well each person who counts was found, by the detection that was matched to the person by any similarity; and the
        distances of all points to it."""
        by_gps = [replace(value, values=found.gps[None]) for value, found in zip(values, measured, strict=True)]
        results = match(by_gps, _ANY, MatchRules(), _EVERY_AREA)
        for entry, found, value, result in zip(entries, measured, values, results, strict=True):
            best = [-1] * len(value.ids)
            for d, p in reversed([*enumerate(result.person[0, 0, 0].tolist())]):
                if p >= 0:
                    best[p] = d  # a crowd may have several; the first of them counts
            for p in np.flatnonzero(~value.ignored).tolist():
                index = int(entry.detections[best[p]]) if best[p] >= 0 else -1
                gps = float(found.gps[best[p], p]) if best[p] >= 0 else 0.0
                self._people.append((int(value.ids[p]), entry.image_id, gps, index))
                if self._rcp:
                    alone = int(np.argmax(value.box_iou[:, p])) if len(value.scores) else -1
                    self._pool_points(found, p, best[p], alone if alone >= 0 and value.box_iou[alone, p] > 0 else -1)

    def _pool_points(self, found: PointDistances, person: int, best: int, alone: int) -> None:
        """Distances of the points of one person to two detections, -1 for none."""
        points = found.points
        columns = np.arange(points.first[person], points.first[person + 1])
        columns = columns[points.vertex[columns] >= 0]
        missed = np.full(len(columns), np.inf, np.float32)
        both = [found.distances_m[d, columns] if d >= 0 else missed for d in (best, alone)]
        self._distances.append((both[0], both[1], points.group[columns], points.kappa_m[columns]))

    def finish(self, categories: int, counts: Mapping[str, int], others: Mapping[str, Mapping[str, float | None]]) -> Evaluation:
        """categories: how many there are. others: measures that need no points, to stand beside these."""
        self._measure()
        by_category = [[joined(parts)] if (parts := self._matches.get(k)) else [] for k in range(categories)]
        curves: dict[str, PrecisionRecall] = {}
        measures: dict[str, Mapping[str, float | None]] = {}
        for m, name in enumerate(self._matched):
            curves[name] = precision_recall(by_category, m, self._thresholds)
            measures[name] = {key: None if v is None else 100 * v for key, v in summary(curves[name]).items()}
            if name in _OF_MASKS and not self._masked:
                del curves[name]  # without any mask there is nothing to measure
                measures[name] = dict.fromkeys(measures[name])
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
