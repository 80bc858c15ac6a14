"""One person of a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vitruv.results.chart_map import ChartMap
from vitruv.types import BoolArray, Float32Array, Int32Array


@dataclass(frozen=True, eq=False)
class Person:
    """One entry of `DensePoses`; its arrays are views, nothing is copied.

    box_xyxy: (4,) float32, pixels of the original picture.
    score: 0..1.
    chart: the `ChartMap` that covers `placement_xywh`.
    placement_xywh: integer x, y, w, h of the chart map in the picture; may reach over its borders.
    keypoints: (17, 3) float32 in COCO's order: x, y in pixels of the original picture, and a score; None without keypoints.
    mask: (h, w) bool, the outline of the person in `placement_xywh`; None without masks.
    track_id: the person's number through a video; None outside videos.
    confidences: name -> (h, w) float32, from models that estimate them.
    closest_vertices: (h, w) int32, -1 outside the person, from models that embed the surface; None otherwise.
    """

    box_xyxy: Float32Array
    score: float
    chart: ChartMap
    placement_xywh: tuple[int, int, int, int]
    keypoints: Float32Array | None
    mask: BoolArray | None
    track_id: int | None
    confidences: Mapping[str, Float32Array]
    closest_vertices: Int32Array | None

    def __repr__(self) -> str:
        box = " ".join(f"{value:.0f}" for value in self.box_xyxy.tolist())
        track = "" if self.track_id is None else f", track {self.track_id}"
        return f"Person(box {box}, score {self.score:.2f}{track}, {self.chart!r})"
