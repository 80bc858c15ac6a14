"""COCO's masks: run lengths (plain or packed into text) and polygons.

A mask is read column by column: the first run is background, the next foreground, and so on. Packed text holds each run, from
the fourth on as the difference to the run two before, in groups of five bits (least first) plus 48: 0x20 says that more groups
follow, 0x10 of the last one is the sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vitruv.errors import InputError
from vitruv.types import BoolArray, Float64Array, Int32Array, Int64Array, UInt8Array

MAX_PIXELS = 1 << 26
_MOST_GROUPS = 7
_ONE_GROUP = np.array([n if n < 16 else n - 32 for n in range(32)], np.int32)
_MOST_POLYGON_SIZE = 1e5  # pixels; coordinates beyond it are an error or an attack


def parse_rle(rle: object, *, size_hw: tuple[int, int] | None = None) -> tuple[Int64Array, tuple[int, int]]:
    """Check an RLE dictionary of a COCO file: {"size": [h, w], "counts": text or list}. Returns runs (k,) int64 and (h, w).

    Raises InputError, also when the runs do not fill the size exactly, or the size is not `size_hw`.
    """
    match rle:
        case {"size": [int(height), int(width)], "counts": str() | bytes() | list() as counts}:
            pass
        case _:
            raise InputError("a mask must be {size: [h, w], counts: ...}")
    if isinstance(height, bool) or isinstance(width, bool):
        raise InputError("a mask must be {size: [h, w], counts: ...}")
    if height < 0 or width < 0 or height * width > MAX_PIXELS:
        raise InputError(f"a mask of {height}x{width} pixels cannot be read")
    if size_hw is not None and (height, width) != size_hw:
        raise InputError(f"a mask is {height}x{width} (h x w), expected {size_hw[0]}x{size_hw[1]}")
    if isinstance(counts, list):
        if not all(isinstance(n, int) and 0 <= n <= MAX_PIXELS for n in counts):
            raise InputError("the runs of a mask must be whole numbers, 0 or more")
        runs = np.array(counts, np.int64)
    else:
        runs, _ = unpack_many([counts])
    total = int(runs.sum())
    if total != height * width:
        raise InputError(f"the runs of a mask cover {total} pixels, but its size is {height}x{width}")
    return runs, (height, width)


def unpack_many(texts: Sequence[str | bytes]) -> tuple[Int64Array, Int64Array]:
    """Runs of many packed texts at once: (k,) int64, and (n + 1,) int64, where the runs of text i begin.

    Raises InputError when a text is not packed runs.
    """
    raw = [text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text for text in texts]
    groups = np.frombuffer(b"".join(raw), np.uint8) - np.uint8(48)  # below 48 wraps round to large numbers
    ends = np.cumsum(np.array([len(text) for text in raw], np.int64))
    stops = np.flatnonzero(groups < 32)
    first = np.searchsorted(stops, np.append(0, ends))
    if not len(groups):
        return np.zeros(0, np.int64), first
    last_of_text = ends[np.diff(ends, prepend=0) > 0] - 1
    if groups.max() > 63 or groups[last_of_text].max() >= 32:
        raise InputError("the packed runs of a mask are damaged")
    values = _ONE_GROUP[groups[stops]]
    if len(stops) < len(groups):
        _read_longer(values, groups, stops)
    runs = _undo_differences(values, first)
    if runs.min() < 0 or runs.max() > MAX_PIXELS:
        raise InputError("the packed runs of a mask are damaged")
    return runs.astype(np.int64), first


def _read_longer(values: Int32Array, groups: UInt8Array, stops: Int64Array) -> None:
    """Put in the numbers that have more than one group, all that begin behind a stop and end at the next but one or later."""
    more = np.flatnonzero(groups >= 32)
    # A number's first group follows a stop (or begins the text); `first` counts the stops before it, which is the number itself.
    number = np.searchsorted(stops, more)
    begins = np.flatnonzero(np.diff(number, prepend=-1))
    longer, start = number[begins], more[begins]
    lengths = stops[longer] - start + 1
    if lengths.max() > _MOST_GROUPS:
        raise InputError("the packed runs of a mask are damaged")
    wide = np.zeros(len(longer), np.int64)
    left = np.arange(len(longer))
    for place in range(int(lengths.max())):
        wide[left] |= (groups[start[left] + place] & 0x1F).astype(np.int64) << (5 * place)
        left = left[lengths[left] > place + 1]
    negative = np.flatnonzero(groups[stops[longer]] & 0x10)
    wide[negative] -= np.int64(1) << (5 * lengths[negative])
    if np.abs(wide).max() > MAX_PIXELS:  # no difference of two runs
        raise InputError("the packed runs of a mask are damaged")
    values[longer] = wide


def _undo_differences(values: Int32Array, first: Int64Array) -> Int32Array:
    """Run m of a mask, from m = 3 on, stands as the difference to run m - 2: sum them up, all masks at once.

    Sums run on from mask to mask and may overflow; what stood before a mask is taken off again, so its runs are right (one that
    is too large for int32 has smaller ones before it that are already larger than any mask).
    """
    counts = np.diff(first)
    pads = counts & 1  # every mask begins on an even place
    spread = bool(pads.any())
    begin = first[:-1] + np.cumsum(pads) - pads
    place = np.arange(len(values)) + np.repeat(begin - first[:-1], counts) if spread else slice(None)
    pairs = np.zeros(len(values) + int(pads.sum()), np.int32)
    pairs[place] = values
    third = begin[counts > 2]
    pairs[third + 2] -= pairs[third]  # the third run is no difference; make it one
    there = counts > 0
    for column in (pairs[0::2], pairs[1::2]):
        sums = np.cumsum(column, dtype=np.int32)
        before = sums[begin[there] // 2] - column[begin[there] // 2]
        column[:] = sums - np.repeat(before, ((counts + pads) // 2)[there])
    return pairs[place]


def decode_rle(rle: object, *, size_hw: tuple[int, int] | None = None) -> BoolArray:
    """(h, w) bool of one RLE dictionary. Raises InputError."""
    runs, (height, width) = parse_rle(rle, size_hw=size_hw)
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(width, height).T


def encode_rle(mask: BoolArray) -> dict[str, Any]:
    """(h, w) bool -> {"size": [h, w], "counts": packed text}."""
    height, width = mask.shape
    flat = np.asarray(mask, bool).T.ravel()
    changes = np.flatnonzero(np.diff(flat, prepend=False)) if flat.size else np.zeros(0, np.int64)
    runs = np.diff(np.concatenate([[0], changes, [flat.size]]))
    text = bytearray()
    for i, run in enumerate(runs.tolist()):
        value = run - int(runs[i - 2]) if i > 2 else run
        while True:
            group, value = value & 0x1F, value >> 5
            done = value == (-1 if group & 0x10 else 0)
            text.append(48 + group + (0 if done else 0x20))
            if done:
                break
    return {"size": [height, width], "counts": text.decode("ascii")}


def checked_polygon(polygon: object) -> Float64Array:
    """(n, 2) float64: the corners of a polygon [x1, y1, x2, y2, ...] of a COCO file. Raises InputError: no list of at least three
    pairs of numbers, or corners that are not finite or far outside any image."""
    if not isinstance(polygon, (list, tuple, np.ndarray)) or len(polygon) < 6 or len(polygon) % 2:
        raise InputError("a polygon must be a list of at least three x, y pairs")
    try:
        corners = np.asarray(polygon, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError("a polygon must be a list of numbers") from None
    if corners.ndim != 1 or any(isinstance(value, (str, bool)) for value in polygon):
        raise InputError("a polygon must be a list of numbers")
    if not (np.abs(corners) <= _MOST_POLYGON_SIZE).all():
        raise InputError("a polygon has corners that are not finite, or far outside any image")
    return corners.reshape(-1, 2)


def rasterize_polygons(polygons: Sequence[Sequence[float]], size_hw: tuple[int, int]) -> BoolArray:
    """(h, w) bool: the union of polygons [x1, y1, x2, y2, ...] in pixels, filled exactly as COCO's own tools do.

    COCO walks every edge on a grid five times finer, and notes where it crosses the middle of a column of pixels.
    """
    height, width = size_hw
    if not isinstance(polygons, (list, tuple)):
        raise InputError("an outline must be a mask or a list of polygons")
    if height * width > MAX_PIXELS:
        raise InputError(f"polygons cannot be filled in an image of {height}x{width} pixels")
    filled = np.zeros(size_hw, bool)
    for polygon in polygons:
        toggles = np.bincount(_crossings(checked_polygon(polygon), height, width), minlength=height * width + 1)
        filled |= (np.cumsum(toggles[:-1]) % 2 == 1).reshape(width, height).T
    return filled


def _crossings(corners: Any, height: int, width: int) -> Int64Array:
    """Column-major positions at which the inside of one polygon begins or ends."""
    fine = np.trunc(5 * corners + 0.5).astype(np.int64)
    pieces = [_edge(a, b) for a, b in zip(fine, np.roll(fine, -1, axis=0), strict=True)]
    u, v = np.concatenate(pieces, axis=1)
    step = np.flatnonzero(np.diff(u))
    before, after = u[step], u[step + 1]
    column = (np.where(after < before, after, after - 1) + 0.5) / 5 - 0.5
    row = np.ceil(np.clip((np.minimum(v[step], v[step + 1]) + 0.5) / 5 - 0.5, 0, height))
    kept = (np.floor(column) == column) & (column >= 0) & (column <= width - 1)
    return np.asarray(column[kept] * height + row[kept], np.int64)


def _edge(a: Int64Array, b: Int64Array) -> Int64Array:
    """Points (2, n) from a to b, one per fine row or column, computed from the lower end as the original does."""
    apart = np.abs(b - a)
    axis = 0 if apart[0] >= apart[1] else 1
    flip = a[axis] > b[axis]
    low, high = (b, a) if flip else (a, b)
    t = np.arange(apart[axis] + 1)[:: -1 if flip else 1]
    slope = (high[1 - axis] - low[1 - axis]) / apart[axis] if apart[axis] else 0.0
    along, across = low[axis] + t, np.trunc(low[1 - axis] + slope * t + 0.5).astype(np.int64)
    return np.stack([along, across] if axis == 0 else [across, along])
