"""A few images at a time: their people, their best detections, chart maps and silhouettes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from vitruv.errors import FormatError
from vitruv.formats.annotation import Person
from vitruv.formats.annotations import AnnotationFile
from vitruv.formats.categories import COCO_PERSON, category_ids
from vitruv.formats.results import Detections
from vitruv.metrics.masks import Silhouette, of_detection
from vitruv.metrics.part_masks import unions
from vitruv.metrics.rules import MAX_DETECTIONS
from vitruv.types import Float64Array, Int32Array, Int64Array, UInt8Array

MOST_DETECTIONS = 10_000
"""More detections on one image than this are refused: such a file was not meant to be scored."""

_PEOPLE_AT_ONCE = 128  # whose part masks fit a cache
_AT_ONCE = 16  # chart maps that one thread unpacks in one go

STANDARD_DETECTIONS = 100
"""Detections of one image that COCO counts for boxes and outlines."""


@dataclass(frozen=True, eq=False)
class ImageCategory:
    """One image and one category: people in the order of the file, detections by falling score.

    detections: (d,) int64, index in the file. boxes_xywh: (d, 4) float64. scores: (d,) float64.
    maps: (3, h, w) uint8 of the first of them.
    """

    image_id: int | str
    category: int
    size_hw: tuple[int, int]
    people: Sequence[Person]
    detections: Int64Array
    boxes_xywh: Float64Array
    scores: Float64Array
    maps: Sequence[UInt8Array]

    @property
    def crowd(self) -> list[bool]:
        return [person.is_crowd for person in self.people]

    @property
    def people_xywh(self) -> Float64Array:
        return np.array([person.bbox_xywh for person in self.people]).reshape(-1, 4)

    @cached_property
    def silhouettes(self) -> list[Silhouette]:
        """Of the detections that have a map."""
        boxes = self.boxes_xywh.tolist()
        return [of_detection(chart_map, boxes[d], self.size_hw) for d, chart_map in enumerate(self.maps)]


@dataclass(frozen=True, eq=False)
class ImageBatch:
    """Units of some images."""

    entries: Sequence[ImageCategory]

    @cached_property
    def people(self) -> list[Person]:
        """Of all entries."""
        return [person for entry in self.entries for person in entry.people]

    @cached_property
    def unions(self) -> list[Int32Array | None]:
        """Their part masks (`part_masks.unions`)."""
        parts = [self.people[i : i + _PEOPLE_AT_ONCE] for i in range(0, len(self.people), _PEOPLE_AT_ONCE)]
        return [union for people in parts for union in unions(people)]


class BatchReader:
    """Reads entries of images. Raises FormatError at once for detections on images that the annotations do not have, and when no
    detection is of a category that they have. outside: how many are not.

    measures: chart maps are read only where one of these needs them.
    """

    def __init__(self, annotations: AnnotationFile, detections: Detections, measures: Sequence[str], pool: Executor) -> None:
        self._annotations, self._detections, self._pool = annotations, detections, pool
        self._maps = 0 if set(measures) <= {"bbox"} else STANDARD_DETECTIONS if "segm" in measures else MAX_DETECTIONS
        self._of_image = detections.indices_of_image()
        for image_id, found in self._of_image.items():
            if image_id not in annotations.images:
                raise FormatError(detections.path, f"result {found[0]}: there is no image {image_id} among the annotations")
            if len(found) > MOST_DETECTIONS:
                raise FormatError(
                    detections.path, f"image {image_id} has {len(found)} results; at most {MOST_DETECTIONS} can be scored"
                )
        self.categories = sorted(category_ids(annotations.categories)) or [COCO_PERSON]
        outside = ~np.isin(detections.category_ids, self.categories)
        if len(outside) and outside.all():
            raise FormatError(
                detections.path,
                f"no result is of a category of the annotations: they are of category {detections.category_ids[0]}, "
                f"the annotations know {', '.join(map(str, self.categories))}",
            )
        self.outside = int(outside.sum())

    def read(self, image_ids: Sequence[int | str]) -> ImageBatch:
        """Units of these images that have people or detections."""
        entries = [entry for image_id in image_ids for entry in self._entries(image_id)]
        wanted = [int(index) for entry in entries for index in entry.detections[: self._maps]]
        parts = [wanted[i : i + _AT_ONCE] for i in range(0, len(wanted), _AT_ONCE)]
        maps = chain.from_iterable(list(self._pool.map(self._decode, parts)))
        return ImageBatch([replace(entry, maps=[next(maps) for _ in entry.detections[: self._maps]]) for entry in entries])

    def _decode(self, indices: Sequence[int]) -> list[UInt8Array]:
        return [self._detections.iuv(index) for index in indices]

    def _entries(self, image_id: int | str) -> list[ImageCategory]:
        people = self._annotations.people_of(image_id)
        found = self._of_image.get(image_id, np.zeros(0, np.int64))
        entries = []
        for category, number in enumerate(self.categories):
            of_category = [person for person in people if person.category_id == number]
            chosen = found[self._detections.category_ids[found] == number]
            if not of_category and not len(chosen):
                continue
            chosen = self._ordered(chosen)[:STANDARD_DETECTIONS]
            size = self._annotations.images[image_id].size_hw
            boxes, scores = self._detections.boxes_xywh[chosen], self._detections.scores[chosen]
            entries.append(ImageCategory(image_id, category, size, of_category, chosen, boxes, scores, ()))
        return entries

    def _ordered(self, chosen: Int64Array) -> Int64Array:
        """By falling score; equal scores by their boxes, from left to right, then top to bottom, then narrow and low ones first,
        and equal boxes by their maps.

        So the order of the records does not matter. (The official evaluator takes equal scores as they stand in the file.)
        """
        scores, boxes = self._detections.scores[chosen], self._detections.boxes_xywh[chosen]
        keys = [(-score, *box) for score, box in zip(scores.tolist(), boxes.tolist(), strict=True)]
        doubled = len(set(keys)) < len(keys)
        maps = [self._detections.iuv(index).tobytes() for index in chosen.tolist()] if doubled and self._maps else [b""] * len(keys)
        order = sorted(range(len(keys)), key=lambda i: (keys[i], maps[i]))
        return chosen[order]


def tied(scores: Float64Array) -> int:
    """How many results have the score of another one."""
    _, counts = np.unique(scores, return_counts=True)
    return int(counts[counts > 1].sum())
