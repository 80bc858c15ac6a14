"""Which detection is matched to which person, by COCO's greedy rule, for many images, measures, areas and thresholds at once.

The rule, for one image and one threshold: detections choose in order of falling score; each takes the person with the highest
value among those still free (crowds always are) if that value reaches the threshold, preferring people that count to ignored
ones. All combinations (measure, area, image, threshold) take the same step together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitruv.types import AnyArray, BoolArray, Float64Array, Int64Array

AREAS = {"all": (0.0, 1e10), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
"""Ranges of the person's area, square pixels, both ends inclusive."""

_FALLBACK_IOU = 0.8
_CLEAN_OVERLAP = 0.5
_BATCH = 128


@dataclass(frozen=True, eq=False)
class ImageValues:
    """One image (and one category): d detections by falling score, p people in the order of the file.

    values: (m, d, p) float64, one matrix for each measure. box_iou: (d, p) float64. scores, areas: (d,) float64, of detections.
    person_areas: (p,) float64. ignored, crowd: (p,) bool. ids: (p,) int64, of the annotations.
    """

    values: Float64Array
    box_iou: Float64Array
    scores: Float64Array
    areas: Float64Array
    person_areas: Float64Array
    ignored: BoolArray
    crowd: BoolArray
    ids: Int64Array


@dataclass(frozen=True, eq=False)
class Matches:
    """What became of d detections and p people of one image, for m measures, a areas and t thresholds.

    person: (m, a, t, d) int32, index of the person each detection is matched to, -1 none.
    hit: (m, a, t, d) bool, matched. ignored: (m, a, t, d) bool, the detection does not count.
    person_ignored: (a, p) bool. scores: (d,) float64.
    Several images joined are of the same form, without `person`.
    """

    person: AnyArray
    hit: BoolArray
    ignored: BoolArray
    person_ignored: BoolArray
    scores: Float64Array


def joined(matches: Sequence[Matches]) -> Matches:
    """Several images (at least one) as one: what precision and recall need to know, a fraction of the memory."""
    return Matches(
        np.zeros(0, np.int32),
        np.concatenate([image.hit for image in matches], axis=3),
        np.concatenate([image.ignored for image in matches], axis=3),
        np.concatenate([image.person_ignored for image in matches], axis=1),
        np.concatenate([image.scores for image in matches]),
    )


@dataclass(frozen=True)
class MatchRules:
    """What sets the evaluators apart (see `rules.Rules`); COCO's own for boxes and outlines has none of it."""

    last_threshold_ignores: bool = False
    ignore_without_people: bool = False
    overlap_ignores: bool = False


def match(
    images: Sequence[ImageValues],
    thresholds: Float64Array,
    rules: MatchRules,
    areas: Sequence[tuple[float, float]] = tuple(AREAS.values()),
) -> list[Matches]:
    """Match every image. thresholds: (t,) rising."""
    results: list[Matches | None] = [None] * len(images)
    order = sorted(range(len(images)), key=lambda i: images[i].box_iou.shape)
    for start in range(0, len(order), _BATCH):
        chosen = order[start : start + _BATCH]
        for i, result in zip(chosen, _Batch([images[i] for i in chosen], thresholds, areas).run(rules), strict=True):
            results[i] = result
    return [result for result in results if result is not None]


class _Batch:
    """Images padded to one size. Axes: measure, area, image, threshold."""

    def __init__(self, images: Sequence[ImageValues], thresholds: Float64Array, areas: Sequence[tuple[float, float]]) -> None:
        self.images, self.thresholds = images, thresholds
        n, a, t, m = len(images), len(areas), len(thresholds), len(images[0].values)
        shapes = np.array([image.box_iou.shape for image in images])
        self.d, self.g = shapes.max(axis=0).tolist()
        # Which places of the padded arrays are taken, in the order of the images laid end to end.
        there = np.arange(self.g) < shapes[:, 1:]
        found = np.arange(self.d) < shapes[:, :1]
        both = found[:, :, None] & there[:, None, :]
        values, boxes = np.zeros((m, n, self.d, self.g)), np.zeros((n, self.d, self.g))
        values[:, both] = np.concatenate([image.values.reshape(m, -1) for image in images], axis=1)
        boxes[both] = np.concatenate([image.box_iou.ravel() for image in images])
        ignored, crowd, zero_id = np.ones((a, n, self.g), bool), np.zeros((n, self.g), bool), np.zeros((n, self.g), bool)
        crowd[there] = np.concatenate([image.crowd for image in images])
        zero_id[there] = np.concatenate([image.ids for image in images]) == 0
        self.outside = np.zeros((a, n, self.d), bool)
        always = np.concatenate([image.ignored for image in images])
        person_areas, sizes = (np.concatenate([getattr(image, of) for image in images]) for of in ("person_areas", "areas"))
        for k, (low, high) in enumerate(areas):
            ignored[k, there] = always | (person_areas < low) | (person_areas > high)
            self.outside[k, found] = (sizes < low) | (sizes > high)
        self.nobody: BoolArray = np.all(ignored, axis=2)
        self.person_ignored = ignored
        # People that count come first, each area having its own order; people that are not there come last.
        self.order = np.argsort(ignored + ~there[None], axis=2, kind="stable")
        self.ignored = np.take_along_axis(ignored, self.order, 2)[..., None]
        self.crowd, self.there, self.zero_id = (
            np.take_along_axis(np.broadcast_to(flags, ignored.shape), self.order, 2)[..., None] for flags in (crowd, there, zero_id)
        )
        self.values = np.take_along_axis(values[:, None], self.order[None, :, :, None], 4)
        self.boxes = np.take_along_axis(boxes[None], self.order[:, :, None], 3)
        self.taken = np.zeros((m, a, n, self.g, t), bool)
        self.person = np.full((m, a, n, self.d, t), -1, np.int32)
        self.found_ignored = np.zeros((m, a, n, self.d, t), bool)

    def run(self, rules: MatchRules) -> list[Matches]:
        if rules.ignore_without_people:
            self.found_ignored |= self.nobody[..., None, None]
        for d in range(self.d):
            self._choose(d)
        hit = (self.person >= 0) & ~self._of_person(self.zero_id, self.person)
        if rules.last_threshold_ignores:
            for d in range(self.d):
                self._fall_back(d, hit)
        if rules.overlap_ignores:
            over = (self.boxes >= _CLEAN_OVERLAP) & (self.ignored & self.there)[..., 0][:, :, None]
            self.found_ignored |= (self.person < 0) & over.any(axis=3)[..., None]
        self.found_ignored |= ~hit & self.outside[..., None]
        return self._results(hit)

    def _choose(self, d: int) -> None:
        shape = (*self.taken.shape[:3], len(self.thresholds))
        best = np.broadcast_to(np.minimum(self.thresholds, 1 - 1e-10), shape)
        chosen = np.full(shape, -1, np.int32)
        counts = np.zeros(shape, bool)  # a person that counts is chosen: no ignored one may follow
        for g in range(self.g):
            value = self.values[..., d, g, None]
            if not value.any():
                continue
            takes = (value >= best) & (value != 0) & self.there[:, :, g]
            takes &= ~self.taken[..., g, :] | self.crowd[:, :, g]
            takes &= ~(counts & self.ignored[:, :, g])
            best = np.where(takes, value, best)
            chosen = np.where(takes, np.int32(g), chosen)
            counts = np.where(takes, ~self.ignored[:, :, g], counts)
        self.person[..., d, :] = chosen
        matched = chosen >= 0
        for g in range(self.g):
            self.taken[..., g, :] |= chosen == g
        self.found_ignored[..., d, :] = np.where(matched, ~counts, self.found_ignored[..., d, :])

    def _fall_back(self, d: int, hit: BoolArray) -> None:
        """The official evaluator's second pass; it runs once, after the last threshold, and looks at that one's matches only."""
        best = np.full(self.taken.shape[:3], _FALLBACK_IOU)
        chosen = np.full(self.taken.shape[:3], -1, np.int32)
        for g in range(self.g):
            box = self.boxes[..., d, g]
            takes = (box >= best) & self.there[:, :, g, 0] & (~self.taken[..., g, -1] | self.crowd[:, :, g, 0])
            takes &= ~hit[..., d, -1]
            best, chosen = np.where(takes, box, best), np.where(takes, np.int32(g), chosen)
        falls = chosen >= 0
        flag = self._of_person(self.ignored, chosen[..., None, None])[..., 0, 0] & falls
        self.found_ignored[..., d, :] = np.where(falls[..., None], flag[..., None], self.found_ignored[..., d, :])
        self.person[..., d, -1] = np.where(flag, chosen, self.person[..., d, -1])
        zero = self._of_person(self.zero_id, chosen[..., None, None])[..., 0, 0]
        hit[..., d, -1] |= flag & ~zero
        for g in range(self.g):
            self.taken[..., g, -1] |= flag & (chosen == g)

    def _of_person(self, flags: AnyArray, person: AnyArray) -> AnyArray:
        """A value (a, n, g, 1) of the person each of (m, a, n, d, t) is matched to; that of the first person, or 0, for none."""
        if not self.g:
            return np.zeros(person.shape, flags.dtype)
        areas = np.arange(flags.shape[0])[None, :, None, None, None]
        images = np.arange(flags.shape[1])[None, None, :, None, None]
        return np.asarray(flags[areas, images, np.maximum(person, 0), 0])

    def _results(self, hit: BoolArray) -> list[Matches]:
        index = np.where(self.person >= 0, self._of_person(self.order[..., None].astype(np.int32), self.person), np.int32(-1))
        index, hit, ignored = (array.swapaxes(3, 4) for array in (index, hit, self.found_ignored))
        results = []
        for i, image in enumerate(self.images):
            d, p = image.box_iou.shape
            results.append(
                Matches(
                    index[:, :, i, :, :d], hit[:, :, i, :, :d], ignored[:, :, i, :, :d], self.person_ignored[:, i, :p], image.scores
                )
            )
        return results
