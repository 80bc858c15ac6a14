"""What dense pose is, as values: `ChartMap` for one person (or one picture), `DensePoses` for all people of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vitruv.errors import InputError
from vitruv.geometry import placement_xywh
from vitruv.types import Float32Array, Int32Array, Int64Array, UInt8Array

LAST_CHART = 24


@dataclass(frozen=True, eq=False)
class ChartMap:
    """Chart and surface coordinates of every pixel of a rectangle.

    labels: (h, w) uint8, 0..24, 0 = background.
    uv: (2, h, w) float32, U and V in [0, 1]; 0 where labels is 0.
    """

    labels: UInt8Array
    uv: Float32Array

    def __post_init__(self) -> None:
        if self.labels.ndim != 2 or self.labels.dtype != np.uint8:
            raise InputError(f"labels must be (h, w) uint8, but got {self.labels.shape} {self.labels.dtype}")
        if self.uv.shape != (2, *self.labels.shape) or self.uv.dtype != np.float32:
            raise InputError(
                f"uv must be (2, {self.labels.shape[0]}, {self.labels.shape[1]}) float32, but got {self.uv.shape} {self.uv.dtype}"
            )
        if self.labels.size and int(self.labels.max()) > LAST_CHART:
            raise InputError(f"labels must be in 0..{LAST_CHART}, but the largest is {int(self.labels.max())}")

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.labels.shape[0], self.labels.shape[1]

    @classmethod
    def empty(cls, size_hw: tuple[int, int]) -> ChartMap:
        """Background everywhere."""
        return cls(np.zeros(size_hw, np.uint8), np.zeros((2, *size_hw), np.float32))


@dataclass(frozen=True, eq=False)
class DensePoses:
    """The people of one picture, as parallel arrays; n = 0 is legal everywhere.

    boxes_xyxy: (n, 4) float32, pixels of the original picture.
    scores: (n,) float32, 0..1.
    charts: n `ChartMap`s. The map of person i covers `placements_xywh[i]`: each of x, y, w, h of the box truncated, as in the
        official result format.
    size_hw: height and width of the picture.
    confidences: optional maps per person from models that estimate them (name -> (h, w) float32), empty otherwise.
    closest_vertices: optional (h, w) int32 per person from models that embed the surface; -1 outside the person.
    """

    boxes_xyxy: Float32Array
    scores: Float32Array
    charts: Sequence[ChartMap]
    size_hw: tuple[int, int]
    confidences: Sequence[dict[str, Float32Array]] = field(default=())
    closest_vertices: Sequence[Int32Array] = field(default=())

    def __post_init__(self) -> None:
        n = len(self.charts)
        if self.boxes_xyxy.shape != (n, 4) or self.scores.shape != (n,):
            raise InputError(
                f"boxes_xyxy must be ({n}, 4) and scores ({n},) for {n} charts, "
                f"but got {self.boxes_xyxy.shape} and {self.scores.shape}"
            )
        for name in ("confidences", "closest_vertices"):
            extra = getattr(self, name)
            if len(extra) not in (0, n):
                raise InputError(f"{name} must be empty or have one entry for each of the {n} people, but got {len(extra)}")
        for i, (place, chart) in enumerate(zip(self.placements_xywh, self.charts, strict=True)):
            if chart.size_hw != (int(place[3]), int(place[2])):
                raise InputError(
                    f"charts[{i}] is {chart.size_hw[0]}x{chart.size_hw[1]} (h x w), but box {i} asks for {place[3]}x{place[2]}"
                )

    def __len__(self) -> int:
        return len(self.charts)

    @property
    def placements_xywh(self) -> Int64Array:
        """(n, 4) int64: integer x, y, w, h of every chart map in the picture; may reach over its borders."""
        return placement_xywh(self.boxes_xyxy)

    @classmethod
    def empty(cls, size_hw: tuple[int, int]) -> DensePoses:
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), (), size_hw)

    def canvas(self) -> tuple[ChartMap, Int32Array]:
        """All people in one full-size `ChartMap`, and an (h, w) int32 map of who is seen: 0 nobody, i + 1 person i.

        Where people overlap, the one with the higher score is on top (the earlier one, when equal).
        """
        height, width = self.size_hw
        labels = np.zeros(self.size_hw, np.uint8)
        uv = np.zeros((2, *self.size_hw), np.float32)
        person = np.zeros(self.size_hw, np.int32)
        places = self.placements_xywh
        for i in np.argsort(-self.scores, kind="stable")[::-1]:
            x, y, w, h = (int(v) for v in places[i])
            left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
            if left >= right or top >= bottom:
                continue
            inner = (slice(top - y, bottom - y), slice(left - x, right - x))
            outer = (slice(top, bottom), slice(left, right))
            seen = self.charts[i].labels[inner] > 0
            labels[outer][seen] = self.charts[i].labels[inner][seen]
            uv[(slice(None), *outer)][:, seen] = self.charts[i].uv[(slice(None), *inner)][:, seen]
            person[outer][seen] = i + 1
        return ChartMap(labels, uv), person
