"""What the regressor saw of people, as chart maps and as boxes: the detector tells where somebody is, the regressor how far
they reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vitruv.geometry import clip, placement_xywh
from vitruv.results import ChartMap
from vitruv.runtime.chart_maps import chart_map_from_crop
from vitruv.types import BoolArray, Float32Array


class View(NamedTuple):
    """Logits (25, ho, wo) and U, V (48, ho, wo) of a window of the picture; of a turned one ho and wo have changed places."""

    window_xyxy: Float32Array
    logits: Float32Array
    uv: Float32Array


def draw_charts(views: Sequence[View], boxes_xyxy: Float32Array) -> list[ChartMap]:
    """The map of each view at the picture's resolution, in its box of (n, 4)."""
    charts = []
    for view, place in zip(views, placement_xywh(boxes_xyxy), strict=True):
        x, y, w, h = (int(v) for v in place)
        charts.append(chart_map_from_crop(view.logits, view.uv, window_xyxy=view.window_xyxy, placement_xywh=(x, y, w, h)))
    return charts


def seen_boxes(views: Sequence[View], boxes_xyxy: Float32Array, size_hw: tuple[int, int]) -> Float32Array:
    """(n, 4) float32: around the largest connected piece of a person in each view, in pixels of the picture, cut at its borders.

    boxes_xyxy: (n, 4) that the views were cut for; who shows no pixel, or none inside the picture, keeps theirs.
    """
    boxes = np.array(boxes_xyxy, np.float32).reshape(-1, 4)
    for i, view in enumerate(views):
        rows, columns = np.nonzero(largest_piece(view.logits.argmax(axis=0) > 0))
        if not len(rows):
            continue
        corner, far = view.window_xyxy[:2], view.window_xyxy[2:]
        cell_xy = (far - corner) / np.array(view.logits.shape[:0:-1], np.float32)
        cells_xyxy = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)
        found = clip(np.tile(corner, 2) + cells_xyxy * np.tile(cell_xy, 2), size_hw)
        if (found[2:] > found[:2]).all():
            boxes[i] = found
    return boxes


def largest_piece(mask: BoolArray) -> BoolArray:
    """(h, w): the piece with most cells that are connected by their sides.

    Every cell takes the largest number of its neighbours until nothing changes: few steps on maps of some tens of cells. The base
    install has no scipy, which could label them.
    """
    numbers = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        around = np.pad(numbers, 1)
        most = np.maximum.reduce([numbers, around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:]])
        most = np.where(mask, most, 0)
        if (most == numbers).all():
            break
        numbers = most
    cells = np.bincount(numbers.ravel(), minlength=mask.size + 1)
    cells[0] = 0
    return np.asarray(mask & (numbers == cells.argmax()))
