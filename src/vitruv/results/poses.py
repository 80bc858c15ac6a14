"""All people of a picture, as parallel arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

import numpy as np

from vitruv.errors import InputError
from vitruv.geometry import area, placement_xywh
from vitruv.results import output
from vitruv.results.canvas import Canvas, paint
from vitruv.results.chart_map import ChartMap
from vitruv.results.output import ChannelOrder, PaletteName
from vitruv.results.person import Person
from vitruv.results.pixel import PixelPoint
from vitruv.types import AnyArray, BoolArray, Float32Array, Int32Array, Int64Array, PathLike, UInt8Array

NUM_KEYPOINTS = 17  # COCO's

_Entry = TypeVar("_Entry")


@dataclass(frozen=True, eq=False)
class DensePoses:
    """The people of one picture, as parallel arrays; n = 0 is legal everywhere.

    `len(people)` is n, `people[i]` and `for person in people` give a `Person`; `people[2:]`, `people[mask]` and
    `people[[2, 0]]` give fewer or reordered people as `DensePoses`.

    boxes_xyxy: (n, 4) float32, pixels of the original picture.
    scores: (n,) float32, 0..1.
    charts: n `ChartMap`s. The map of person i covers `placements_xywh[i]`: each of x, y, w, h of the box truncated, as in the
        official result format.
    size_hw: height and width of the picture.
    confidences: optional maps per person from models that estimate them (name -> (h, w) float32), empty otherwise.
    closest_vertices: optional (h, w) int32 per person from models that embed the surface; -1 outside the person.
    keypoints: optional (n, 17, 3) float32 in COCO's order (nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles; left
        before right): x, y in pixels of the original picture, and a score; None otherwise.
    masks: optional outline per person, (h, w) bool of the size of its chart map and in the same place; empty otherwise.
    track_ids: optional (n,) int64, the same number for the same person throughout a video; None otherwise.
    """

    boxes_xyxy: Float32Array
    scores: Float32Array
    charts: Sequence[ChartMap]
    size_hw: tuple[int, int]
    confidences: Sequence[dict[str, Float32Array]] = field(default=())
    closest_vertices: Sequence[Int32Array] = field(default=())
    keypoints: Float32Array | None = None
    masks: Sequence[BoolArray] = field(default=())
    track_ids: Int64Array | None = None

    def __post_init__(self) -> None:
        n = len(self.charts)
        if self.boxes_xyxy.shape != (n, 4) or self.scores.shape != (n,):
            raise InputError(
                f"boxes_xyxy must be ({n}, 4) and scores ({n},) for {n} charts, "
                f"but got {self.boxes_xyxy.shape} and {self.scores.shape}"
            )
        _check_array("keypoints", self.keypoints, (n, NUM_KEYPOINTS, 3), np.dtype(np.float32))
        _check_array("track_ids", self.track_ids, (n,), np.dtype(np.int64))
        for name in ("confidences", "closest_vertices", "masks"):
            extra = getattr(self, name)
            if len(extra) not in (0, n):
                raise InputError(f"{name} must be empty or have one entry for each of the {n} people, but got {len(extra)}")
        for i, (place, chart) in enumerate(zip(self.placements_xywh, self.charts, strict=True)):
            if chart.size_hw != (int(place[3]), int(place[2])):
                raise InputError(
                    f"charts[{i}] is {chart.size_hw[0]}x{chart.size_hw[1]} (h x w), but box {i} asks for {place[3]}x{place[2]}"
                )
        for i, (mask, chart) in enumerate(zip(self.masks, self.charts, strict=False)):
            if mask.shape != chart.size_hw or mask.dtype != np.bool_:
                height, width = chart.size_hw
                raise InputError(f"masks[{i}] must be ({height}, {width}) bool like its chart, but got {mask.shape} {mask.dtype}")

    @classmethod
    def empty(cls, size_hw: tuple[int, int]) -> DensePoses:
        """No people in a picture of this size."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), (), size_hw)

    @property
    def placements_xywh(self) -> Int64Array:
        """(n, 4) int64: integer x, y, w, h of every chart map in the picture; may reach over its borders."""
        return placement_xywh(self.boxes_xyxy)

    def __len__(self) -> int:
        return len(self.charts)

    def __iter__(self) -> Iterator[Person]:
        return (self._person(i) for i in range(len(self)))

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> Person: ...
    @overload
    def __getitem__(self, index: slice | AnyArray | Sequence[int] | Sequence[bool]) -> DensePoses: ...
    def __getitem__(self, index: int | np.integer[Any] | slice | AnyArray | Sequence[int] | Sequence[bool]) -> Person | DensePoses:
        """An int gives a `Person`; a slice, n bools or a list of ints gives `DensePoses`. Raises IndexError as lists do."""
        n = len(self)
        if isinstance(index, slice):
            return self._take(range(n)[index])
        if not isinstance(index, int | np.integer):
            return self._take(_indices(index, n))
        if not -n <= index < n:
            raise IndexError(f"index {index} is out of range: there are {n} people")
        return self._person(int(index) % n)

    def filter(self, *, min_score: float = 0.0, min_area: float = 0.0) -> DensePoses:
        """Only people with a score of at least `min_score` and a box of at least `min_area` square pixels, in their order."""
        return self[(self.scores >= min_score) & (area(self.boxes_xyxy) >= min_area)]

    def canvas(self) -> Canvas:
        """All people in one `ChartMap` of the picture's size, with the person at each pixel.

        Where people overlap, the one with the higher score is on top (the earlier one, when equal).
        """
        return paint(self.charts, self.placements_xywh, self.scores, self.size_hw)

    def at(self, x: float, y: float) -> PixelPoint | None:
        """The person, chart, U and V at a place in the picture, or None on the background.

        x, y: distance from the left and upper edge, in pixels; fractions select the pixel that covers the place. Where people
        overlap, the one with the highest score is taken. Raises InputError outside the picture.
        """
        height, width = self.size_hw
        if not (0 <= x < width and 0 <= y < height):
            raise InputError(f"({x}, {y}) is outside the picture of {width}x{height} pixels")
        places = self.placements_xywh
        for i in np.argsort(-self.scores, kind="stable").tolist():
            left, top, w, h = places[i].tolist()
            column, row = int(x) - left, int(y) - top
            if 0 <= column < w and 0 <= row < h and (label := int(self.charts[i].labels[row, column])):
                u, v = self.charts[i].uv[:, row, column].tolist()
                return PixelPoint(i, label, u, v)
        return None

    def save(self, path: PathLike, *, channel_order: ChannelOrder = "iuv", image_id: int | str = 1) -> None:
        """Write a file; the end of its name selects the format.

        `.npz`: everything, at full precision (`vitruv.formats.read_npz` reads it). `.json`: DensePose-COCO results with `image_id`.
        `iuv.png`: I, and U and V times 255, of the whole picture, in `channel_order`. `labels.png`: the chart of each pixel.
        Raises InputError for another name, UnwritableFileError.
        """
        output.save(self, path, channel_order=channel_order, image_id=image_id)

    def overlay(
        self,
        rgb: UInt8Array,
        *,
        palette: PaletteName = "vitruv",
        masks: bool = False,
        keypoints: bool = False,
        track_ids: bool = False,
    ) -> UInt8Array:
        """The people drawn over their picture: charts in colour with lines of equal U and V; optionally masks, keypoints, tracks.

        rgb: (h, w, 3) uint8, the upright picture. masks: outlines of the masks. keypoints: skeletons. track_ids: numbered boxes.
        Returns a new (h, w, 3) uint8 array. Raises InputError for a picture of another size, or if a requested field is missing.
        """
        return output.overlay(self, rgb, palette=palette, masks=masks, keypoints=keypoints, track_ids=track_ids)

    def to_supervision(self) -> Any:
        """The people as `supervision.Detections`: boxes, scores, track ids, and masks of the picture's size (the mapped pixels,
        where these people have no masks). Raises MissingExtraError without the package `supervision`."""
        return output.to_supervision(self)

    def __repr__(self) -> str:
        n, (height, width) = len(self), self.size_hw
        named = ("confidences", "closest_vertices", "keypoints", "masks", "track_ids")
        has = [name for name in named if (values := getattr(self, name)) is not None and len(values)]
        scores = " ".join(f"{score:.2f}" for score in self.scores[:5].tolist()) + (" ..." if n > 5 else "")
        return (
            f"DensePoses({n} {'person' if n == 1 else 'people'} in {width}x{height} pixels"
            + (f", scores {scores}" if n else "")
            + (f", with {', '.join(has)}" if has else "")
            + ")"
        )

    def _person(self, i: int) -> Person:
        x, y, w, h = (int(v) for v in self.placements_xywh[i])
        return Person(
            box_xyxy=self.boxes_xyxy[i],
            score=float(self.scores[i]),
            chart=self.charts[i],
            placement_xywh=(x, y, w, h),
            keypoints=None if self.keypoints is None else self.keypoints[i],
            mask=self.masks[i] if len(self.masks) else None,
            track_id=None if self.track_ids is None else int(self.track_ids[i]),
            confidences=self.confidences[i] if len(self.confidences) else {},
            closest_vertices=self.closest_vertices[i] if len(self.closest_vertices) else None,
        )

    def _take(self, kept: Sequence[int]) -> DensePoses:
        """The people with these indices, in this order."""

        def some(entries: Sequence[_Entry]) -> Sequence[_Entry]:
            return [entries[i] for i in kept] if len(entries) else ()

        rows = np.array(kept, np.int64)
        return DensePoses(
            boxes_xyxy=self.boxes_xyxy[rows],
            scores=self.scores[rows],
            charts=some(self.charts),
            size_hw=self.size_hw,
            confidences=some(self.confidences),
            closest_vertices=some(self.closest_vertices),
            keypoints=None if self.keypoints is None else self.keypoints[rows],
            masks=some(self.masks),
            track_ids=None if self.track_ids is None else self.track_ids[rows],
        )


def _check_array(name: str, values: AnyArray | None, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> None:
    if values is not None and (values.shape != shape or values.dtype != dtype):
        raise InputError(f"{name} must be {shape} {dtype}, but got {values.shape} {values.dtype}")


def _indices(index: object, n: int) -> list[int]:
    """Indices from n bools or from ints that may count from the end."""
    array = np.asarray(index)
    if array.ndim == 1 and array.size == 0:
        array = array.astype(np.int64)
    if array.ndim == 1 and array.dtype == np.bool_:
        if len(array) != n:
            raise InputError(f"a mask must have one value for each of the {n} people, but got {len(array)}")
        return [int(i) for i in np.flatnonzero(array)]
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InputError(f"people are indexed by an int, a slice, {n} bools or a list of ints, but got {index!r}"[:200])
    if array.size and not (array.min() >= -n and array.max() < n):
        raise IndexError(f"indices must be in {-n}..{n - 1}, but range over {array.min()}..{array.max()}")
    return [int(i) % n for i in array]
