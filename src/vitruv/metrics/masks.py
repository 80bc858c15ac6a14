"""Silhouettes of people and detections in the image, and how much they overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vitruv.errors import FormatError, InputError
from vitruv.formats.annotation import Person
from vitruv.formats.rle import decode_rle, rasterize_polygons
from vitruv.metrics.mask_resize import resized
from vitruv.types import BoolArray, Float64Array, Int32Array, UInt8Array


@dataclass(frozen=True, eq=False)
class Silhouette:
    """A mask cut out of an image: `inside` (h, w) bool with its upper left corner at column `left`, row `top`."""

    left: int
    top: int
    inside: BoolArray

    @cached_property
    def area(self) -> int:
        return int(np.count_nonzero(self.inside))

    @classmethod
    def of_image(cls, mask: BoolArray) -> Silhouette:
        """A mask of the whole image, cut to what is filled."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not len(rows):
            return NOTHING
        return cls(int(columns[0]), int(rows[0]), mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])

    @classmethod
    def placed(cls, mask: BoolArray, box_xywh: Sequence[float], size_hw: tuple[int, int]) -> Silhouette:
        """A mask of a box, put where the box is (truncated) and cut at the borders of the image and the box."""
        x, y, w, h = box_xywh
        left, top = int(x), int(y)
        x1, x2 = max(left, 0), min(int(x + w), size_hw[1], left + mask.shape[1])
        y1, y2 = max(top, 0), min(int(y + h), size_hw[0], top + mask.shape[0])
        if x1 >= x2 or y1 >= y2:
            return NOTHING
        return cls(x1, y1, mask[y1 - top : y2 - top, x1 - left : x2 - left])

    def most_common(self, other: Silhouette) -> int:
        """More pixels than this cannot be in both."""
        left, top, right, bottom = self._overlap(other)
        return min((right - left) * (bottom - top), self.area, other.area) if left < right and top < bottom else 0

    def common(self, other: Silhouette) -> int:
        """Pixels in both."""
        left, top, right, bottom = self._overlap(other)
        if left >= right or top >= bottom:
            return 0
        mine = self.inside[top - self.top : bottom - self.top, left - self.left : right - self.left]
        its = other.inside[top - other.top : bottom - other.top, left - other.left : right - other.left]
        return int(np.count_nonzero(mine & its))

    def _overlap(self, other: Silhouette) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of what the two rectangles share."""
        height, width = self.inside.shape
        its_height, its_width = other.inside.shape
        return (
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.left + width, other.left + its_width),
            min(self.top + height, other.top + its_height),
        )


NOTHING = Silhouette(0, 0, np.zeros((0, 0), bool))


def of_detection(iuv_u8: UInt8Array, box_xywh: Sequence[float], size_hw: tuple[int, int]) -> Silhouette:
    """Where a chart map has any chart."""
    return Silhouette.placed(iuv_u8[0] > 0, box_xywh, size_hw)


def of_people(
    people: Sequence[Person], unions: Sequence[Int32Array | None], sizes_hw: Sequence[tuple[int, int]], *, align_corners: bool
) -> list[Silhouette]:
    """From the part masks; from the outline without them; nothing without either.

    unions: of `part_masks`. sizes_hw: of each person's image. align_corners: see `stretching`.
    """
    known = [(union, person.bbox_xywh) for union, person in zip(unions, people, strict=True) if union is not None]
    masks = iter(resized([union for union, _ in known], [(h, w) for _, (_, _, w, h) in known], align_corners=align_corners))
    return [
        Silhouette.of_image(outline(person, size_hw))
        if union is None
        else Silhouette.placed(next(masks), person.bbox_xywh, size_hw)
        for person, union, size_hw in zip(people, unions, sizes_hw, strict=True)
    ]


def mask_iou(
    found: Sequence[Silhouette], people: Sequence[Silhouette], crowd: Sequence[bool], *, at_least: float = 0.0
) -> Float64Array:
    """(d, p) float64: pixels in both by pixels in either; by those of the detection where the person is a crowd.

    at_least: smaller values may be given as 0, which spares most of the counting.
    """
    result = np.zeros((len(found), len(people)))
    for d, mine in enumerate(found):
        for p, its in enumerate(people):
            most = mine.most_common(its)
            if not most or most < at_least * (mine.area if crowd[p] else mine.area + its.area - most):
                continue
            common = mine.common(its)
            if common:
                result[d, p] = common / (mine.area if crowd[p] else mine.area + its.area - common)
    return result


def box_iou(found_xywh: Float64Array, people_xywh: Float64Array, crowd: Sequence[bool]) -> Float64Array:
    """(d, p) float64: the same for boxes x, y, w, h, by COCO's arithmetic."""
    a, b = found_xywh.reshape(-1, 1, 4), people_xywh.reshape(1, -1, 4)
    sides = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    common = np.where((sides > 0).all(axis=-1), sides[..., 0] * sides[..., 1], 0.0)
    mine, its = a[..., 2] * a[..., 3], b[..., 2] * b[..., 3]
    either = np.where(np.asarray(crowd, bool)[None], mine, mine + its - common)
    return np.asarray(np.divide(common, either, out=np.zeros_like(common), where=common > 0))


def outline(person: Person, size_hw: tuple[int, int]) -> BoolArray:
    """(h, w) bool: `segmentation` of an annotation, polygons or a mask; empty without. Raises FormatError."""
    segmentation = person.record.get("segmentation")
    try:
        if isinstance(segmentation, dict):
            return decode_rle(segmentation, size_hw=size_hw)
        return rasterize_polygons(segmentation or (), size_hw)
    except InputError as error:
        raise FormatError(person.path, f"{person.where}: segmentation: {error}") from None
