"""One annotated person of a DensePose-COCO file: the record as it stands there, and its fields as checked values.

Points lie on a 256 x 256 grid laid over the box of the person: column x and row y, as indices of pixels (0 is the first). The
official evaluator places them at x * w / 255, training at x * w / 256; the choice is made where they are used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from vitruv.errors import FormatError, InputError
from vitruv.formats.rle import checked_polygon, decode_rle, parse_rle
from vitruv.geometry import GRID
from vitruv.types import BoolArray, Float64Array, Int64Array, PathLike

PART_MASKS = 14

_POINT_FIELDS = ("dp_x", "dp_y", "dp_I", "dp_U", "dp_V")
_SIDE_LIMIT = 1e6  # pixels; a box beyond it is an error


@dataclass(frozen=True, eq=False)
class Points:
    """The annotated points of one person, as parallel arrays of n.

    x, y: float64, on the 256 grid of the box. charts: float64 as in the files, 1..24. u, v: float64, 0..1.
    vertices: int64, for annotations of continuous surface embeddings (`dp_vertex` on mesh `ref_model`); empty otherwise.
    Where a file gives only vertices, charts, u and v are empty.
    """

    x: Float64Array
    y: Float64Array
    charts: Float64Array
    u: Float64Array
    v: Float64Array
    vertices: Int64Array
    ref_model: str = ""

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class Person:
    """One entry of `annotations`. Everything the file says is kept in `record`, also fields that Vitruv does not know."""

    record: Mapping[str, Any]
    path: PathLike
    where: str

    @classmethod
    def checked(cls, record: Mapping[str, Any], path: PathLike, where: str) -> Person:
        """Raises FormatError with the first thing that is wrong; outlines and the inside of masks are checked when used."""
        for problem in problems_of(record, inside_masks=False):
            raise FormatError(path, f"{where}{_id_of(record)}: {problem}")
        return cls(record, path, where)

    @property
    def id(self) -> int:
        return int(self.record["id"])

    @property
    def image_id(self) -> int | str:
        image_id: int | str = self.record["image_id"]
        return image_id

    @property
    def category_id(self) -> int:
        return int(self.record.get("category_id", 1))

    @property
    def bbox_xywh(self) -> tuple[float, float, float, float]:
        x, y, w, h = self.record["bbox"]
        return float(x), float(y), float(w), float(h)

    @property
    def area(self) -> float:
        """Square pixels of the outline, as the file says; of the box where it does not."""
        x_y_w_h = self.bbox_xywh
        return float(self.record.get("area", x_y_w_h[2] * x_y_w_h[3]))

    @property
    def is_crowd(self) -> bool:
        return bool(self.record.get("iscrowd", 0))

    @property
    def has_points(self) -> bool:
        """Whether the person was annotated at all; the list may still be empty."""
        return "dp_x" in self.record

    @cached_property
    def points(self) -> Points | None:
        """None for a person who was not annotated."""
        if not self.has_points:
            return None
        x, y, charts, u, v = (np.array(self.record.get(name, ()), np.float64) for name in _POINT_FIELDS)
        vertices = np.array(self.record.get("dp_vertex", ()), np.int64)
        return Points(x, y, charts, u, v, vertices, str(self.record.get("ref_model", "")))

    @property
    def part_masks(self) -> tuple[Mapping[str, Any] | None, ...]:
        """The 14 masks on the 256 grid (None where a part is not seen); a single one is the whole person; () without any."""
        masks = self.record.get("dp_masks", ())
        return (masks,) if isinstance(masks, dict) else tuple(mask or None for mask in masks)

    def foreground(self) -> BoolArray | None:
        """(256, 256) bool: the union of the part masks on the grid of the box; None when the file has no `dp_masks`.

        Raises FormatError for a mask that is damaged or does not fill the grid exactly.
        """
        if "dp_masks" not in self.record:
            return None
        union = np.zeros((GRID, GRID), bool)
        for i, mask in enumerate(self.part_masks[:PART_MASKS]):
            if mask:
                try:
                    union |= decode_rle(mask, size_hw=(GRID, GRID))
                except InputError as error:
                    raise FormatError(self.path, f"{self.where}{_id_of(self.record)}: dp_masks[{i}]: {error}") from None
        return union

    def keypoints(self) -> Float64Array | None:
        """(k, 3): x, y in pixels, and 0 not given, 1 hidden, 2 seen; None without keypoints."""
        values = self.record.get("keypoints")
        return np.array(values, np.float64).reshape(-1, 3) if values else None


def _id_of(record: Mapping[str, Any]) -> str:
    return f" (id {record['id']})" if isinstance(record.get("id"), int) else ""


def problems_of(record: Mapping[str, Any], *, inside_masks: bool = True) -> Iterator[str]:
    """What is wrong with one entry of `annotations`, one sentence each; nothing when it can be used.

    inside_masks: whether to look at outlines, and into masks, by the rules that reading them follows.
    """
    yield from _problems_of_numbers(record)
    if "dp_x" in record:
        yield from _problems_of_points(record)
    masks = record.get("dp_masks", [])
    masks = [masks] if isinstance(masks, dict) else masks
    if not isinstance(masks, list) or len(masks) > PART_MASKS:
        yield f"dp_masks must be a list of at most {PART_MASKS} masks"
    else:
        for i, mask in enumerate(masks):
            if mask and (inside_masks or not isinstance(mask, dict) or "counts" not in mask):
                yield from _problems_of_mask(f"dp_masks[{i}]", mask, (GRID, GRID))
    if inside_masks:
        yield from _problems_of_outline(record.get("segmentation") or [])
    keypoints = record.get("keypoints") or []
    if not isinstance(keypoints, list) or len(keypoints) % 3 or not _are_numbers(keypoints):
        yield "keypoints must be a list of x, y, visibility"


def _problems_of_numbers(record: Mapping[str, Any]) -> Iterator[str]:
    if not _is_whole(record.get("id")):
        yield "id must be a whole number"
    if not _is_whole(record.get("image_id")) and not isinstance(record.get("image_id"), str):
        yield "image_id must be a whole number"
    if not _is_whole(record.get("category_id", 1)):
        yield "category_id must be a whole number"
    if not is_box(record.get("bbox")):
        yield "bbox must be [x, y, w, h], finite numbers with w and h not negative"
    if not _is_number(record.get("area", 0)) or record.get("area", 0) < 0:
        yield "area must be a number, not negative"
    if record.get("iscrowd", 0) not in (0, 1):
        yield "iscrowd must be 0 or 1"


def _problems_of_points(record: Mapping[str, Any]) -> Iterator[str]:
    names = ["dp_x", "dp_y"]
    names += ["dp_vertex"] if "dp_vertex" in record and "dp_I" not in record else ["dp_I", "dp_U", "dp_V"]
    names += ["dp_vertex"] if "dp_vertex" in record and "dp_vertex" not in names else []
    count = len(record["dp_x"]) if isinstance(record["dp_x"], list) else 0
    for name in names:
        values = record.get(name)
        if not isinstance(values, list) or not _are_numbers(values):
            yield f"{name} must be a list of finite numbers"
        elif len(values) != count:
            yield f"{name} has {len(values)} values, but dp_x has {count}"
        elif name == "dp_vertex" and (not set(map(type, values)) <= {int} or min(values, default=0) < 0):
            yield "dp_vertex must be a list of whole numbers"


def _problems_of_mask(name: str, mask: object, size_hw: tuple[int, int] | None) -> Iterator[str]:
    try:
        parse_rle(mask, size_hw=size_hw)
    except InputError as error:
        yield f"{name}: {error}"


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15


def _are_numbers(values: list[Any]) -> bool:
    """All finite numbers; by types and extremes, as files hold millions."""
    return set(map(type, values)) <= {int, float} and (not values or (min(values) > -1e15 and max(values) < 1e15))


def is_box(value: object) -> bool:
    """Whether a value of a file is x, y, w, h in pixels."""
    if not isinstance(value, list) or len(value) != 4 or not _are_numbers(value):
        return False
    return all(abs(v) <= _SIDE_LIMIT for v in value) and value[2] >= 0 and value[3] >= 0


def _problems_of_outline(segmentation: object) -> Iterator[str]:
    if isinstance(segmentation, dict):
        yield from _problems_of_mask("segmentation", segmentation, None)
    elif not isinstance(segmentation, list):
        yield "segmentation must be a mask or a list of polygons"
    else:
        for i, polygon in enumerate(segmentation):
            try:
                checked_polygon(polygon)
            except InputError as error:
                yield f"segmentation[{i}]: {error}"
