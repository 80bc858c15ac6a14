"""Boxes of people from the maps before, for frames in which nobody is looked for."""

from __future__ import annotations

import numpy as np

from vitruv.geometry import area, iou, placement_xywh
from vitruv.results import ChartMap, DensePoses
from vitruv.types import AnyArray, Float32Array, Float64Array

MARGIN = 0.08  # of the sides, around where somebody is expected: maps end at their boxes, so that who grows would be cut
_STRAY = 0.004  # rows and columns with a smaller share of the person's pixels are stray ones
_KEPT_IOU = 0.5  # of expected and found boxes; below, the detector is asked
_KEPT_SIDE = 1.4  # a box that grew or shrank by more since the detector gave it has left its person
_KEPT_AREA = 0.6  # a map that lost or won more than this share of its pixels is not believed
_CROWDED_IOU = 0.15  # where boxes overlap by more, maps mix up people


def loose(boxes_xyxy: Float64Array, size_hw: tuple[int, int]) -> Float32Array:
    """(n, 4) float32: the boxes with a margin, cut at the borders of the picture."""
    height, width = size_hw
    margin = MARGIN * (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2])
    wide = np.concatenate([boxes_xyxy[:, :2] - margin, boxes_xyxy[:, 2:] + margin], axis=1)
    return wide.clip(0, [width, height, width, height]).astype(np.float32)


def inside(boxes_xyxy: Float64Array, size_hw: tuple[int, int]) -> AnyArray:
    """(n,) bool: whether at least a third of a box lies in the picture."""
    height, width = size_hw
    cut = boxes_xyxy.clip(0, [width, height, width, height])
    return np.asarray(area(cut) > area(boxes_xyxy) / 3)


def crowded(boxes_xyxy: AnyArray) -> AnyArray:
    """(n,) bool: whether somebody else's box overlaps."""
    shared = iou(boxes_xyxy, boxes_xyxy)
    np.fill_diagonal(shared, 0)
    return np.asarray((shared > _CROWDED_IOU).any(axis=1))


def trimmed(people: DensePoses) -> DensePoses:
    """The same people in boxes around what is seen of them; who shows no pixel keeps the box."""
    boxes = np.array(people.boxes_xyxy)
    charts = []
    for i, (place, chart) in enumerate(zip(people.placements_xywh, people.charts, strict=True)):
        x, y = int(place[0]), int(place[1])
        rows, columns = _extent(chart, axis=1), _extent(chart, axis=0)
        if rows is None or columns is None:
            charts.append(chart)
            continue
        (top, bottom), (left, right) = rows, columns
        boxes[i] = (x + left, y + top, x + right, y + bottom)
        charts.append(ChartMap(chart.labels[top:bottom, left:right].copy(), chart.uv[:, top:bottom, left:right].copy()))
    if (placement_xywh(boxes)[:, 2:] != [c.size_hw[::-1] for c in charts]).any():
        return people  # borders left of or above the picture are truncated the other way; such boxes stay
    return DensePoses(boxes_xyxy=boxes, scores=people.scores, charts=charts, size_hw=people.size_hw)


def _extent(chart: ChartMap, axis: int) -> tuple[int, int] | None:
    count = (chart.labels > 0).sum(axis=axis)
    kept = np.flatnonzero(count > _STRAY * count.sum() / max(1.0, len(count) ** 0.5))
    return (int(kept[0]), int(kept[-1]) + 1) if len(kept) else None


def believable(
    expected_xyxy: AnyArray, found_xyxy: AnyArray, areas_before: AnyArray, areas: AnyArray, looked_sides: AnyArray
) -> AnyArray:
    """(n,) bool: whether a map made without the detector still shows the person it should."""
    shared = np.diagonal(iou(expected_xyxy, found_xyxy)) if len(expected_xyxy) else np.zeros(0)
    ratio = areas / np.maximum(areas_before, 1)
    grown = (found_xyxy[:, 2:] - found_xyxy[:, :2]).max(axis=1, initial=0) / np.maximum(looked_sides, 1)
    same_size = (grown < _KEPT_SIDE) & (grown > 1 / _KEPT_SIDE)
    return np.asarray((shared > _KEPT_IOU) & (ratio > _KEPT_AREA) & (ratio < 1 / _KEPT_AREA) & same_size)
