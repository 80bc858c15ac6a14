"""The obvious way to draw people: on the whole picture at once. What `vitruv.draw.overlay` is compared with."""

from __future__ import annotations

import numpy as np

from vitruv.draw.palette import PaletteName, palette
from vitruv.errors import InputError
from vitruv.results import DensePoses
from vitruv.types import BoolArray, Float32Array, Int32Array, UInt8Array

LINES = 8
"""A chart is crossed by this many less one lines of U and of V: at 1/8, 2/8, ... 7/8."""

_FILL = 0.62  # share of the chart's colour in what is seen
_U_INK, _V_INK = 255.0, 0.0  # U in white, V in black: one of them stands out on any colour
_INK = 0.8  # share of the ink in a line
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
    canvas, person = people.canvas()
    width_px = max(1.0, min(people.size_hw) / 600)
    area = _bounds(person, margin=round(2 * width_px) + 2)
    if area is None:
        return result
    labels, uv, person = canvas.labels[area], canvas.uv[(slice(None), *area)], person[area]
    picture = result[area].astype(np.float32)
    inside = labels > 0

    colours = palette(palette_name).astype(np.float32)[labels]
    picture += (colours - picture) * (_FILL * inside)[:, :, None]
    same_right, same_below = labels[:, 1:] == labels[:, :-1], labels[1:] == labels[:-1]
    for values, ink in zip(uv, (_U_INK, _V_INK), strict=True):
        lines = _isolines(values, same_right, same_below, width_px)
        picture += (ink - picture) * (_INK * lines * inside)[:, :, None]

    rim, halo = _outline(person, round(width_px))
    picture[halo] *= 0.35
    picture[rim] = 255
    result[area] = np.round(picture)
    return result


def _bounds(person: Int32Array, margin: int) -> tuple[slice, slice] | None:
    """Rows and columns that hold people, with a margin; None when there are none."""
    rows, columns = np.flatnonzero(person.any(axis=1)), np.flatnonzero(person.any(axis=0))
    if len(rows) == 0:
        return None
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + 1 + margin),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + 1 + margin),
    )


def _isolines(values: Float32Array, same_right: BoolArray, same_below: BoolArray, width_px: float) -> Float32Array:
    """(h, w) float32 in 0..1: how much of each pixel the lines cover.

    A pixel's distance to the nearest line is the difference in value divided by the slope, so lines keep their width and have
    smooth edges however steep U or V is. Slopes are taken within charts only.
    """
    level = values * LINES
    slope = np.hypot(_slope(level, same_right, axis=1), _slope(level, same_below, axis=0))
    nearest = np.round(level)
    between = (nearest > 0) & (nearest < LINES)  # 0 and 1 are the chart's own border
    slope = np.maximum(slope, 1e-6)
    cover = np.clip(width_px / 2 + 0.5 - np.abs(level - nearest) / slope, 0, 1)
    gone, whole = _CROWDED_PX
    fade = np.clip((1 / (slope * width_px) - gone) / (whole - gone), 0, 1)
    return np.asarray(cover * fade * between, np.float32)


def _slope(level: Float32Array, same: BoolArray, axis: int) -> Float32Array:
    """Change per pixel along an axis: the mean of the steps to the two neighbours, as far as they are of the same chart."""
    steps = np.where(same, np.abs(np.diff(level, axis=axis)), 0)
    total: Float32Array = np.zeros_like(level)
    count: Float32Array = np.zeros_like(level)
    before: list[slice] = [slice(None), slice(None)]
    after: list[slice] = [slice(None), slice(None)]
    before[axis], after[axis] = slice(None, -1), slice(1, None)
    for side in (tuple(before), tuple(after)):
        total[side] += steps
        count[side] += same
    np.divide(total, np.maximum(count, 1), out=total)
    return total


def _outline(person: Int32Array, width_px: int) -> tuple[BoolArray, BoolArray]:
    """Two (h, w) masks: a rim inside every person (towards other people too), and a halo outside all people."""
    highest, lowest = person.copy(), person.copy()
    for _ in range(width_px):
        for array, pick in ((highest, np.maximum), (lowest, np.minimum)):
            grown = array.copy()
            pick(grown[1:], array[:-1], out=grown[1:])
            pick(grown[:-1], array[1:], out=grown[:-1])
            pick(grown[:, 1:], array[:, :-1], out=grown[:, 1:])
            pick(grown[:, :-1], array[:, 1:], out=grown[:, :-1])
            array[:] = grown
    inside = person > 0
    return inside & (highest != lowest), ~inside & (highest > 0)
