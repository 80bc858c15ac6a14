"""Dense pose drawn over its picture: chart colours, lines of equal U and V, outlines of people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vitruv.draw.palette import PaletteName, palette
from vitruv.errors import InputError
from vitruv.results import DensePoses
from vitruv.types import AnyArray, BoolArray, Float32Array, Int64Array, UInt8Array

LINES = 8
"""A chart is crossed by this many less one lines of U and of V: at 1/8, 2/8, ... 7/8."""

_FILL = 0.62  # share of the chart's colour in what is seen
_U_INK, _V_INK = 255.0, 0.0  # U in white, V in black: one of them stands out on any colour
_INK = 0.8  # share of the ink in a line
_ROWS = 128  # drawn at once
_CROWDED_PX = (2.5, 5.0)  # lines this close fade away: from the second distance on they are whole, below the first they are gone


def overlay(rgb: UInt8Array, people: DensePoses, *, palette_name: PaletteName = "vitruv") -> UInt8Array:
    """Draw people over their picture.

    rgb: (h, w, 3) uint8, the picture that `people` was made from, upright. Returns a new array of the same shape.
    Raises InputError when the picture has another size.
    """
    if rgb.shape != (*people.size_hw, 3) or rgb.dtype != np.uint8:
        height, width = people.size_hw
        raise InputError(f"rgb must be ({height}, {width}, 3) uint8 as the people's picture, but got {rgb.shape} {rgb.dtype}")
    result = rgb.copy()
    width_px = max(1.0, min(people.size_hw) / 600)
    colours = palette(palette_name).astype(np.float32)
    for strip in _strips(people, margin=round(width_px)):
        _draw(result, people, strip, colours, width_px)
    return result


@dataclass(frozen=True)
class _Strip:
    """Rows and columns of the picture that are drawn at once, so that what is computed stays small on any picture."""

    top: int
    bottom: int
    left: int
    right: int


def _strips(people: DensePoses, margin: int) -> Iterator[_Strip]:
    """What holds all people and `margin` pixels around them, as far as the picture goes."""
    height, width = people.size_hw
    places = people.placements_xywh
    starts, ends = places[:, :2] - margin, places[:, :2] + places[:, 2:] + margin
    for top in range(0, height, _ROWS):
        bottom = min(top + _ROWS, height)
        here = np.flatnonzero((starts[:, 1] < bottom) & (ends[:, 1] > top) & (ends[:, 0] > 0) & (starts[:, 0] < width))
        if len(here):
            rows = max(top, int(starts[here, 1].min())), min(bottom, int(ends[here, 1].max()))
            columns = max(0, int(starts[here, 0].min())), min(width, int(ends[here, 0].max()))
            yield _Strip(*rows, *columns)


def _draw(result: UInt8Array, people: DensePoses, strip: _Strip, colours: Float32Array, width_px: float) -> None:
    reach = max(round(width_px), 1)
    labels, uv, person = _seen(people, strip, reach)
    inner = slice(reach, -reach), slice(reach, -reach)
    inside = np.zeros_like(labels, bool)
    inside[inner] = labels[inner] > 0
    at = np.flatnonzero(inside)

    region = result[strip.top : strip.bottom, strip.left : strip.right]
    pixels = region[inside[inner]].astype(np.float32)
    pixels += (colours[labels.ravel()[at]] - pixels) * np.float32(_FILL)
    for values, ink in zip(uv, (_U_INK, _V_INK), strict=True):
        lines = _isolines(values.ravel(), labels.ravel(), at, labels.shape[1], width_px)
        pixels += (np.float32(ink) - pixels) * (np.float32(_INK) * lines)[:, None]
    region[inside[inner]] = np.round(pixels)

    # Beyond the borders of the picture there is nobody, but no outline either.
    height, width = people.size_hw
    there = (
        slice(max(reach - strip.top, 0), height - strip.top + reach),
        slice(max(reach - strip.left, 0), width - strip.left + reach),
    )
    rim, halo = np.zeros_like(inside), np.zeros_like(inside)
    rim[there], halo[there] = _outline(person[there], round(width_px))
    region[halo[inner]] = np.round(region[halo[inner]] * 0.35)
    region[rim[inner]] = 255


def _seen(people: DensePoses, strip: _Strip, reach: int) -> tuple[UInt8Array, Float32Array, AnyArray]:
    """Labels, (2, h, w) U and V, and who is seen (0 nobody), as `DensePoses.canvas` gives them, of a strip and `reach` pixels
    around it; zero beyond the picture."""
    top, left = strip.top - reach, strip.left - reach
    size = strip.bottom + reach - top, strip.right + reach - left
    labels, uv = np.zeros(size, np.uint8), np.zeros((2, *size), np.float32)
    person = np.zeros(size, np.min_scalar_type(len(people)))
    places = people.placements_xywh
    height, width = people.size_hw
    for i in np.argsort(-people.scores, kind="stable")[::-1].tolist():
        x, y, w, h = places[i].tolist()
        x1, x2 = max(x, left, 0), min(x + w, left + size[1], width)
        y1, y2 = max(y, top, 0), min(y + h, top + size[0], height)
        if x1 >= x2 or y1 >= y2:
            continue
        inner, outer = (slice(y1 - y, y2 - y), slice(x1 - x, x2 - x)), (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
        chart = people.charts[i]
        seen = chart.labels[inner] > 0
        np.copyto(labels[outer], chart.labels[inner], where=seen)
        np.copyto(uv[(slice(None), *outer)], chart.uv[(slice(None), *inner)], where=seen)
        np.copyto(person[outer], i + 1, where=seen, casting="unsafe")
    return labels, uv, person


def _isolines(values: Float32Array, labels: UInt8Array, at: Int64Array, step: int, width_px: float) -> Float32Array:
    """(n,) float32 in 0..1: how much of each pixel the lines cover.

    values, labels: flat, with `step` pixels a row. at: (n,) the pixels that are wanted, none of them at a border.
    A pixel's distance to the nearest line is the difference in value divided by the slope, so lines keep their width and have
    smooth edges however steep U or V is. Slopes are taken within charts only.
    """
    level = values[at] * LINES
    slope = np.hypot(_slope(values, labels, at, 1), _slope(values, labels, at, step))
    nearest = np.round(level)
    between = (nearest > 0) & (nearest < LINES)  # 0 and 1 are the chart's own border
    np.maximum(slope, 1e-6, out=slope)
    cover = np.clip(width_px / 2 + 0.5 - np.abs(level - nearest) / slope, 0, 1)
    gone, whole = _CROWDED_PX
    fade = np.clip((1 / (slope * width_px) - gone) / (whole - gone), 0, 1)
    return np.asarray(cover * fade * between, np.float32)


def _slope(values: Float32Array, labels: UInt8Array, at: Int64Array, step: int) -> Float32Array:
    """Change of level per pixel along an axis: the mean of the steps to the two neighbours, if they are of the same chart."""
    here, of_chart = values[at], labels[at]
    total, count = np.zeros(len(at), np.float32), np.zeros(len(at), np.float32)
    for side in (at - step, at + step):
        same = labels[side] == of_chart
        total += np.abs(values[side] - here) * same
        count += same
    return np.asarray(total * LINES / np.maximum(count, 1), np.float32)


def _outline(person: AnyArray, width_px: int) -> tuple[BoolArray, BoolArray]:
    """Two (h, w) masks: a rim inside every person (towards other people too), and a halo outside all people."""
    highest, lowest = person, person
    for _ in range(width_px):
        highest, lowest = _spread(highest, np.maximum), _spread(lowest, np.minimum)
    inside = person > 0
    return inside & (highest != lowest), ~inside & (highest > 0)


def _spread(array: AnyArray, pick: np.ufunc) -> AnyArray:
    """The highest or lowest of every pixel and its four neighbours."""
    grown = array.copy()
    pick(grown[1:], array[:-1], out=grown[1:])
    pick(grown[:-1], array[1:], out=grown[:-1])
    pick(grown[:, 1:], array[:, :-1], out=grown[:, 1:])
    pick(grown[:, :-1], array[:, 1:], out=grown[:, :-1])
    return grown
