"""From a network's maps over a crop to the `ChartMap` of a person's box.

The logits are resampled bilinearly to the pixels of the box, then the best chart is taken (the order of the official
implementation), and U, V come from the channels of that chart. Done literally, that resamples 25 channels to every pixel. The same
labels cost a tenth of that: a pixel is a mixture of the four map cells around it, and

- where the four agree on the winner, it wins at the pixel too, because a mixture of four numbers cannot turn `a >= b` around;
- elsewhere a channel can only win if its largest of the four values reaches the best of the channels' smallest values, which
  leaves a handful of rivals to resample.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from vitruv.geometry import Taps, bilinear_taps, pixel_centres
from vitruv.results import ChartMap
from vitruv.types import AnyArray, Float32Array, Int64Array, UInt8Array


class CropMaps(NamedTuple):
    """What a network tells of a window of the picture. window_xyxy: (4,) pixels; logits, uv: as in `chart_map_from_crop`."""

    window_xyxy: Float32Array
    logits: Float32Array
    uv: Float32Array


_BAND = 65536  # pixels per step: a step's arrays stay in the cache, and a large person does not need gigabytes


def chart_map_from_crop(
    logits: Float32Array, uv: Float32Array, *, window_xyxy: Float32Array, placement_xywh: tuple[int, int, int, int]
) -> ChartMap:
    """Labels, U and V for the pixels of a box.

    logits: (25, ho, wo) float32, channel 0 = background. uv: (48, ho, wo) float32, U of charts 1..24, then V of charts 1..24.
    window_xyxy: what the maps cover, in pixels of the picture. placement_xywh: integer x, y, w, h of the box there.
    Pixels outside the window take the values at its edge. U and V are clamped to [0, 1].
    """
    x, y, w, h = placement_xywh
    x1, y1, x2, y2 = (float(v) for v in window_xyxy)
    maps_h, maps_w = logits.shape[1:]
    step_x, step_y = maps_w / (x2 - x1), maps_h / (y2 - y1)
    across = bilinear_taps(pixel_centres(w, start=(x - x1) * step_x, step=step_x), maps_w)
    down = bilinear_taps(pixel_centres(h, start=(y - y1) * step_y, step=step_y), maps_h)
    labels = winning_channel(logits, down, across)
    return ChartMap(labels, values_of_label(labels, np.clip(uv, 0, 1).reshape(2, -1, maps_h, maps_w), down, across))


def winning_channel(logits: Float32Array, down: Taps, across: Taps) -> UInt8Array:
    """(h, w) uint8: the channel of `logits` (c, ho, wo) that is largest after resampling; of equal ones, the first."""
    winners = logits.argmax(axis=0).astype(np.uint8)
    labels: UInt8Array = winners[down.low[:, None], across.low]
    around = _four_around(winners)
    cells = np.flatnonzero((around != around[0]).any(axis=0))
    if len(cells) == 0:
        return labels
    values = _four_around(logits).reshape(4, len(logits), -1)[:, :, cells]
    rivals = _rivals(values)  # (k, cells)
    values = np.take_along_axis(values, rivals[None].astype(np.intp), axis=1)
    place = np.full(winners.size, -1, np.int32)  # cell -> its column in `values`, -1 where the four agree
    place[cells] = np.arange(len(cells), dtype=np.int32)
    place = place.reshape(winners.shape)
    for rows in _bands(labels):
        here = place[down.low[rows, None], across.low]
        row, column = np.nonzero(here >= 0)
        cell = here[row, column]
        labels[rows][row, column] = _best(values, rivals, cell, down.weight[rows][row], across.weight[column])
    return labels


def _best(values: Float32Array, rivals: UInt8Array, cell: AnyArray, down: Float32Array, across: Float32Array) -> UInt8Array:
    """(n,): the best rival at n pixels. values (4, k, cells), rivals (k, cells); cell, down, across (n,): cell and its mixture."""
    best = np.full(len(cell), -np.inf, np.float32)
    winner = np.zeros(len(cell), np.uint8)
    for rival, four in zip(rivals, values.swapaxes(0, 1), strict=True):
        mixed = _mix((corner.take(cell) for corner in four), down, across)
        better = mixed > best
        np.copyto(best, mixed, where=better)
        np.copyto(winner, rival.take(cell), where=better)
    return winner


def _rivals(values: Float32Array) -> UInt8Array:
    """(k, cells) uint8, rising: the channels that may win within a cell, filled up with others to the same number for all.

    values: (4, c, cells), the logits at the corners of each cell.
    """
    possible = values.max(axis=0) >= values.min(axis=0).max(axis=0)
    most = int(possible.sum(axis=0).max())
    return np.sort(np.argsort(~possible, axis=0, kind="stable")[:most], axis=0).astype(np.uint8)


def values_of_label(labels: UInt8Array, maps: Float32Array, down: Taps, across: Taps) -> Float32Array:
    """(k, h, w) float32: `maps` (k, c, ho, wo) resampled, at each pixel those of channel label - 1; 0 where the label is 0."""
    planes = maps.reshape(len(maps), -1)
    size, width = maps.shape[2] * maps.shape[3], maps.shape[3]
    result = np.empty((len(maps), *labels.shape), np.float32)
    right_by = (across.high - across.low).astype(np.int32)
    for rows in _bands(labels):
        channel = np.maximum(labels[rows], 1).astype(np.int32) - 1
        top = channel * size + (down.low[rows, None] * width + across.low).astype(np.int32)
        bottom = top + ((down.high[rows] - down.low[rows]) * width).astype(np.int32)[:, None]
        four = (top, top + right_by, bottom, bottom + right_by)
        for plane, target in zip(planes, result, strict=True):
            mixed = _mix((plane.take(corner) for corner in four), down.weight[rows, None], across.weight)
            np.multiply(mixed, labels[rows] > 0, out=target[rows])
    return result


def mix_cells(cells: Float32Array, width: int, down: Taps, across: Taps, row: Int64Array, column: Int64Array) -> Float32Array:
    """(n, c): all channels at the pixels (row, column), each (n,); cells: (ho * wo, c), the maps of `width` cells a row."""
    left, right = across.low[column], across.high[column]
    top, bottom = down.low[row] * width, down.high[row] * width
    corners = (top + left, top + right, bottom + left, bottom + right)
    return _mix((cells[corner] for corner in corners), down.weight[row][:, None], across.weight[column][:, None])


def _mix(four: Iterable[Float32Array], down: Float32Array, across: Float32Array) -> Float32Array:
    """Bilinear mixture of four arrays (upper, right of it, lower, right of it); overwrites them."""
    upper, upper_right, lower, lower_right = four
    upper_right -= upper
    upper_right *= across
    upper += upper_right
    lower_right -= lower
    lower_right *= across
    lower += lower_right
    lower -= upper
    lower *= down
    upper += lower
    return upper


def _four_around(maps: AnyArray) -> AnyArray:
    """(4, ..., ho, wo): each cell, its right neighbour, the one below, and the one below right; the last ones repeat."""
    padded = np.pad(maps, [(0, 0)] * (maps.ndim - 2) + [(0, 1), (0, 1)], mode="edge")
    return np.stack([padded[..., :-1, :-1], padded[..., :-1, 1:], padded[..., 1:, :-1], padded[..., 1:, 1:]])


def _bands(labels: UInt8Array) -> Iterator[slice]:
    height, width = labels.shape
    step = max(_BAND // max(width, 1), 1)
    return (slice(start, start + step) for start in range(0, height, step))
