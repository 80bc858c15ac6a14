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
from vitruv.types import BoolArray, Int64Array

MAX_PIXELS = 1 << 26
_MOST_GROUPS = 7
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
    sizes = np.array([len(text) for text in raw], np.int64)
    stops = np.flatnonzero(groups < 32)
    first = np.searchsorted(stops, np.append(0, np.cumsum(sizes)))
    if not len(groups):
        return np.zeros(0, np.int64), first
    lengths = np.diff(stops, prepend=-1)
    last_of_text = np.cumsum(sizes)[sizes > 0] - 1
    if groups.max() > 63 or groups[last_of_text].max() >= 32 or lengths.max() > _MOST_GROUPS:
        raise InputError("the packed runs of a mask are damaged")
    starts = stops - lengths + 1
    values = (groups[starts] & 0x1F).astype(np.int64)
    longer = np.flatnonzero(lengths > 1)
    for place in range(1, int(lengths.max())):
        values[longer] |= (groups[starts[longer] + place] & 0x1F).astype(np.int64) << (5 * place)
        longer = longer[lengths[longer] > place + 1]
    negative = np.flatnonzero(groups[stops] & 0x10)
    values[negative] -= np.int64(1) << (5 * lengths[negative])
    values = _undo_differences(values, first)
    if values.min() < 0 or values.max() > MAX_PIXELS:
        raise InputError("the packed runs of a mask are damaged")
    return values, first


def _undo_differences(values: Int64Array, first: Int64Array) -> Int64Array:
    """Run m of a mask, from m = 3 on, stands as the difference to run m - 2: sum them up, all masks at once.

    The masks are laid out in two columns, even and odd runs, each beginning on a new row.
    """
    counts = np.diff(first)
    rows = (counts + 1) // 2
    begin = np.cumsum(rows) - rows
    place = np.arange(len(values)) + np.repeat(2 * begin - first[:-1], counts)
    columns = np.zeros(2 * int(rows.sum()), np.int64)
    columns[place] = values
    third = 2 * begin[counts > 2]
    columns[third + 2] -= columns[third]  # the third run is no difference; make it one
    sums = np.cumsum(columns.reshape(-1, 2), axis=0)
    there = counts > 0
    before = sums[begin[there]] - columns.reshape(-1, 2)[begin[there]]
    return np.asarray((sums - np.repeat(before, rows[there], axis=0)).reshape(-1)[place])


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


def rasterize_polygons(polygons: Sequence[Sequence[float]], size_hw: tuple[int, int]) -> BoolArray:
    """(h, w) bool: the union of polygons [x1, y1, x2, y2, ...] in pixels, filled exactly as COCO's own tools do.

    COCO walks every edge on a grid five times finer, and notes where it crosses the middle of a column of pixels.
    """
    height, width = size_hw
    if height * width > MAX_PIXELS:
        raise InputError(f"polygons cannot be filled in an image of {height}x{width} pixels")
    filled = np.zeros(size_hw, bool)
    for polygon in polygons:
        try:
            corners = np.asarray(polygon, np.float64)
        except (TypeError, ValueError):
            raise InputError("a polygon must be a list of numbers") from None
        if corners.ndim != 1 or len(corners) < 6 or len(corners) % 2:
            raise InputError("a polygon must be a list of at least three x, y pairs")
        if not (np.abs(corners) <= _MOST_POLYGON_SIZE).all():
            raise InputError("a polygon has corners that are not finite, or far outside any image")
        toggles = np.bincount(_crossings(corners.reshape(-1, 2), height, width), minlength=height * width + 1)
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
