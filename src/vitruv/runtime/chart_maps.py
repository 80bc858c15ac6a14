"""From a network's maps over a crop to the `ChartMap` of a person's box.

The logits are resampled bilinearly to the pixels of the box, then the best chart is taken (the order of the official
implementation), and U, V come from the channels of that chart. Done literally, that resamples 25 channels to every pixel.
`chart_map_from_crop` gives the same labels with a fraction of the work: where the four map cells around a pixel agree on the
winner, it wins at the pixel too, because a mixture of four numbers cannot turn `a >= b` around. Only pixels between cells that
disagree need all channels.
"""

from __future__ import annotations

import numpy as np

from vitruv.geometry import Taps, bilinear_taps, pixel_centres
from vitruv.results import ChartMap
from vitruv.types import Float32Array, Int64Array, UInt8Array

_BLOCK = 32768  # pixels per step, so that a step's arrays stay in the cache and a large person does not need gigabytes


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
    return ChartMap(labels, _uv_of(labels, uv, down, across))


def winning_channel(logits: Float32Array, down: Taps, across: Taps) -> UInt8Array:
    """(h, w) uint8: the channel with the largest resampled logit."""
    channels, _, width = logits.shape
    cells = np.ascontiguousarray(logits.reshape(channels, -1).T)  # (ho * wo, 25)
    winners = cells.argmax(axis=1).astype(np.uint8).reshape(logits.shape[1:])
    labels: UInt8Array = winners[down.low[:, None], across.low]
    # Rows and columns that tap the same two cells behave alike, so the test runs on cells, not on pixels.
    next_row = np.minimum(np.arange(winners.shape[0]) + 1, winners.shape[0] - 1)
    next_column = np.minimum(np.arange(width) + 1, width - 1)
    right, below = winners[:, next_column], winners[next_row]
    contested = (winners != right) | (winners != below) | (winners != below[:, next_column])
    rows, columns = np.nonzero(contested[down.low[:, None], across.low])
    for start in range(0, len(rows), _BLOCK):
        row, column = rows[start : start + _BLOCK], columns[start : start + _BLOCK]
        labels[row, column] = mix_cells(cells, width, down, across, row, column).argmax(axis=1)
    return labels


def _uv_of(labels: UInt8Array, uv: Float32Array, down: Taps, across: Taps) -> Float32Array:
    """(2, h, w) float32: U and V of each pixel's own chart, 0 on background."""
    cells_h, width = uv.shape[1:]
    # One row per chart and cell, holding its U and V.
    cells = np.ascontiguousarray(np.clip(uv, 0, 1).reshape(2, -1).T)  # (24 * ho * wo, 2)
    result = np.zeros((2, *labels.shape), np.float32)
    rows, columns = np.nonzero(labels)
    for start in range(0, len(rows), _BLOCK):
        row, column = rows[start : start + _BLOCK], columns[start : start + _BLOCK]
        chart = labels[row, column].astype(np.int64) - 1
        mixed = mix_cells(cells, width, down, across, row, column, first=chart * (cells_h * width))
        result[:, row, column] = mixed.T
    return result


def mix_cells(
    cells: Float32Array, width: int, down: Taps, across: Taps, row: Int64Array, column: Int64Array, first: Int64Array | int = 0
) -> Float32Array:
    """(k, channels): bilinear mixtures of the four cells around pixels (row, column); `first` is added to the cell numbers."""
    left, right = across.low[column], across.high[column]
    top, bottom = down.low[row] * width + first, down.high[row] * width + first
    share = across.weight[column][:, None]
    upper: Float32Array = cells[top + left]
    upper += (cells[top + right] - upper) * share
    lower = cells[bottom + left]
    lower += (cells[bottom + right] - lower) * share
    lower -= upper
    lower *= down.weight[row][:, None]
    upper += lower
    return upper
