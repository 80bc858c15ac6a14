"""All people of a picture in one map of its size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from vitruv.results.chart_map import ChartMap
from vitruv.types import BoolArray, Float32Array, Int32Array, Int64Array

Window: TypeAlias = tuple[slice, slice]


class Canvas(NamedTuple):
    """The result of `DensePoses.canvas`. It can be unpacked: `chart, person = people.canvas()`.

    chart: a `ChartMap` of the picture's size.
    person: (h, w) int32, the person at each pixel: 0 = background, i + 1 = person i.
    """

    chart: ChartMap
    person: Int32Array


def overlap(placement_xywh: tuple[int, int, int, int], size_hw: tuple[int, int]) -> tuple[Window, Window] | None:
    """The part of a placed map that is in the picture, as rows and columns of the map and of the picture; None if there is none."""
    (x, y, w, h), (height, width) = placement_xywh, size_hw
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
    if left >= right or top >= bottom:
        return None
    return (slice(top - y, bottom - y), slice(left - x, right - x)), (slice(top, bottom), slice(left, right))


def in_picture(mask: BoolArray, placement_xywh: tuple[int, int, int, int], size_hw: tuple[int, int]) -> BoolArray:
    """A person's (h, w) mask, which covers `placement_xywh`, in a mask of the picture's size."""
    whole = np.zeros(size_hw, bool)
    windows = overlap(placement_xywh, size_hw)
    if windows is not None:
        inner, outer = windows
        whole[outer] = mask[inner]
    return whole


def paint(charts: Sequence[ChartMap], placements_xywh: Int64Array, scores: Float32Array, size_hw: tuple[int, int]) -> Canvas:
    """Draw the charts from the lowest score to the highest, so that the highest is on top (the earlier one, when equal)."""
    labels = np.zeros(size_hw, np.uint8)
    uv = np.zeros((2, *size_hw), np.float32)
    person = np.zeros(size_hw, np.int32)
    for i in np.argsort(-scores, kind="stable")[::-1]:
        x, y, w, h = (int(v) for v in placements_xywh[i])
        windows = overlap((x, y, w, h), size_hw)
        if windows is None:
            continue
        inner, outer = windows
        inside = charts[i].labels[inner] > 0
        labels[outer][inside] = charts[i].labels[inner][inside]
        uv[(slice(None), *outer)][:, inside] = charts[i].uv[(slice(None), *inner)][:, inside]
        person[outer][inside] = i + 1
    return Canvas(ChartMap(labels, uv), person)
