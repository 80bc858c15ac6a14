"""Silhouettes of people and detections in the image, and how much they overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vitruv.errors import FormatError, InputError
from vitruv.formats.annotation import GRID, PART_MASKS, Person
from vitruv.formats.rle import decode_rle, rasterize_polygons, unpack_many
from vitruv.metrics.rules import Rules
from vitruv.types import BoolArray, Float64Array, Int64Array, UInt8Array


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

    def common(self, other: Silhouette) -> int:
        """Pixels in both."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right = min(self.left + self.inside.shape[1], other.left + other.inside.shape[1])
        bottom = min(self.top + self.inside.shape[0], other.top + other.inside.shape[0])
        if left >= right or top >= bottom:
            return 0
        mine = self.inside[top - self.top : bottom - self.top, left - self.left : right - self.left]
        its = other.inside[top - other.top : bottom - other.top, left - other.left : right - other.left]
        return int(np.count_nonzero(mine & its))


_GRID_PIXELS = GRID * GRID
NOTHING = Silhouette(0, 0, np.zeros((0, 0), bool))


def of_detection(iuv_u8: UInt8Array, box_xywh: Sequence[float], size_hw: tuple[int, int]) -> Silhouette:
    """Where a chart map has any chart."""
    return Silhouette.placed(iuv_u8[0] > 0, box_xywh, size_hw)


def of_person(person: Person, union: UInt8Array | None, size_hw: tuple[int, int], rules: Rules) -> Silhouette:
    """From the part masks; from the outline without them; nothing without either. union: of `foregrounds`."""
    if union is None:
        return Silhouette.of_image(outline(person, size_hw))
    _, _, w, h = person.bbox_xywh
    return Silhouette.placed(stretch(union, (h, w), align_corners=rules.align_corners), person.bbox_xywh, size_hw)


def foregrounds(people: Sequence[Person]) -> list[UInt8Array | None]:
    """The union of the part masks of each person, on the grid: (256, 256) uint8, 0 or 1, [column, row]. All people at once.

    Equals `Person.foreground`, transposed; None for people without `dp_masks`. Raises FormatError.
    """
    texts, owner = [], []
    unions: dict[int, UInt8Array | None] = {}
    for i, person in enumerate(people):
        if "dp_masks" not in person.record:
            unions[i] = None
            continue
        masks = [mask for mask in person.part_masks[:PART_MASKS] if mask]
        if all(isinstance(mask["counts"], str) for mask in masks):
            texts += [mask["counts"] for mask in masks]
            owner += [i] * len(masks)
        elif (union := person.foreground()) is not None:
            unions[i] = union.T.astype(np.uint8)
    try:
        runs, first = unpack_many(texts)
    except InputError:
        return [_one_by_one(person) for person in people]
    ends = np.cumsum(runs)
    if len(texts) and (np.diff(np.append(0, ends)[first]) != _GRID_PIXELS).any():
        return [_one_by_one(person) for person in people]
    # The people lie one behind the other, with one free place between them. Even runs end where foreground begins.
    counts, before = np.diff(first), _GRID_PIXELS * np.arange(len(texts))
    ends += np.repeat(np.array(owner, np.int64) * (_GRID_PIXELS + 1) - before, counts)
    is_end = (np.arange(len(runs)) + np.repeat(first[:-1], counts)) & 1
    events = 2 * ends + is_end
    open_ended = first[1:][counts % 2 == 1] - 1  # a last background run that no foreground follows
    events = np.sort(np.delete(events, open_ended))
    is_end = events & 1
    depth = np.cumsum(1 - 2 * is_end)
    borders = events[depth == 1 - is_end] >> 1
    cuts = np.searchsorted(borders, np.arange(len(people) + 1) * (_GRID_PIXELS + 1))
    for i in range(len(people)):
        if i not in unions:
            inner = borders[cuts[i] : cuts[i + 1]] - i * (_GRID_PIXELS + 1)
            lengths = np.diff(np.concatenate([[0], inner, [_GRID_PIXELS]]))
            unions[i] = np.repeat(np.arange(len(lengths), dtype=np.uint8) & 1, lengths).reshape(GRID, GRID)
    return [unions[i] for i in range(len(people))]


def _one_by_one(person: Person) -> UInt8Array | None:
    """Where one of many masks is broken: the slow way, which names it."""
    union = person.foreground()
    return None if union is None else union.T.astype(np.uint8)


def stretch(union: UInt8Array, sides_hw: tuple[float, float], *, align_corners: bool) -> BoolArray:
    """A mask on the grid -> (h, w) bool over its box, by bilinear interpolation and a threshold of one half.

    union: (256, 256) uint8, 0 or 1, [column, row]. sides_hw: of the box; the mask has the rounded size, at least 1.
    align_corners: as SciPy's `zoom(order=1)`, which the official evaluator uses.
    """
    row, next_row, down, row_known = _taps(sides_hw[0], align_corners)
    column, next_column, across, column_known = _taps(sides_hw[1], align_corners)
    # Four neighbours as four bits; where they agree there is nothing to compute.
    pair = np.take(union, next_column, axis=0)
    pair <<= 1
    pair |= np.take(union, column, axis=0)
    pair = np.ascontiguousarray(pair.T)
    bits = np.take(pair, next_row, axis=0)
    bits <<= 2
    bits |= np.take(pair, row, axis=0)
    filled = bits == 15
    y, x = np.divmod(np.flatnonzero(((bits + 1) & 14) != 0), bits.shape[1])  # neither 0 nor 15
    four, low, left = bits[y, x], down[y], across[x]
    weights = ((1 - low) * (1 - left), (1 - low) * left, low * (1 - left), low * left)
    total = np.zeros(len(y))
    for bit, weight in enumerate(weights):
        total += np.where(four >> bit & 1, weight, 0.0)
    filled[y, x] = total > 0.5
    if not (row_known.all() and column_known.all()):
        filled &= row_known[:, None] & column_known
    return np.asarray(filled, bool)


def _taps(side: float, align_corners: bool) -> tuple[Int64Array, Int64Array, Float64Array, BoolArray]:
    """For each pixel along a side: grid index, the next one, the weight of that, and whether it lies on the grid at all."""
    count = round(max(side, 1))
    if align_corners:
        at = np.arange(count) * ((GRID - 1) / (count - 1) if count > 1 else 1.0)
    else:
        at = np.clip((np.arange(count) + 0.5) * (GRID / count) - 0.5, 0, GRID - 1)
    low = np.minimum(at.astype(np.int64), GRID - 1)
    return low, np.minimum(low + 1, GRID - 1), at - np.floor(at), at <= GRID - 1


def mask_iou(found: Sequence[Silhouette], people: Sequence[Silhouette], crowd: Sequence[bool]) -> Float64Array:
    """(d, p) float64: pixels in both by pixels in either; by those of the detection where the person is a crowd."""
    result = np.zeros((len(found), len(people)))
    for d, mine in enumerate(found):
        for p, its in enumerate(people):
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
