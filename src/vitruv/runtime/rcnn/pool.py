"""RoIAlign for the thousand proposals of a picture, as small matrix products.

A cell of RoIAlign is a mean of bilinear samples, so along each axis it is a weighted sum of map cells: a box is pooled by one
matrix for its rows and one for its columns. On maps with channels last, both are matrix products over contiguous memory, which
takes a fraction of the time of the general operator on a CPU. The values are those of the operator.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from vitruv.runtime.devices import usable_threads
from vitruv.types import Float32Array, Int64Array

_SAMPLES = 2  # per cell and axis


def pool(maps: Mapping[int, Float32Array], boxes_xyxy: Float32Array, levels: Int64Array, *, size: int) -> Float32Array:
    """RoIAlign (not aligned, two samples a side) of every box on the map of its level.

    maps: level -> (h, w, c) with 2**level pixels per cell. boxes_xyxy: (n, 4) pixels; levels: (n,).
    Returns (n, size, size, c).
    """
    channels = next(iter(maps.values())).shape[2]
    pooled = np.empty((len(boxes_xyxy), size, size, channels), np.float32)
    with ThreadPoolExecutor(usable_threads()) as threads:
        work = []
        for level, features in maps.items():
            members = np.flatnonzero(levels == level)
            for part in np.array_split(members, min(len(members), usable_threads()) or 1):
                cells = boxes_xyxy[part] / np.float32(2**level)
                work.append(threads.submit(_pool_level, features, cells, part, pooled))
        for part_done in work:
            part_done.result()
    return pooled


def _pool_level(features: Float32Array, boxes: Float32Array, members: Int64Array, pooled: Float32Array) -> None:
    """Fill `pooled[members]` from one map (h, w, c); boxes (k, 4) in its cells."""
    if not len(members):
        return
    size = pooled.shape[1]
    left, across = axis_weights(boxes[:, 0], boxes[:, 2], features.shape[1], size)
    top, down = axis_weights(boxes[:, 1], boxes[:, 3], features.shape[0], size)
    for i, y, x, by_row, by_column in zip(members, top, left, down, across, strict=True):
        window = features[y : y + by_row.shape[1], x : x + by_column.shape[1]]
        # Column by column: products this small stay on one thread, where BLAS would spend its time on waking others.
        rows = by_row @ window.transpose(1, 0, 2)  # (width, size, c)
        np.matmul(by_column, rows.transpose(1, 0, 2), out=pooled[i])


def axis_weights(start: Float32Array, end: Float32Array, length: int, size: int) -> tuple[list[int], list[Float32Array]]:
    """For each interval (n,) in cells of an axis: the first map cell that is read, and a matrix (size, cells read)."""
    side = np.maximum(end - start, np.float32(1))
    steps = (np.arange(size * _SAMPLES, dtype=np.float32) + np.float32(0.5)) / np.float32(_SAMPLES)
    position = start[:, None] + steps * (side / np.float32(size))[:, None]  # (n, size * samples)
    share = ((position >= -1) & (position <= length)).astype(np.float32) / np.float32(_SAMPLES)
    position = np.clip(position, 0, length - 1)
    low = position.astype(np.int64)
    upper = position - low
    high = np.minimum(low + 1, length - 1)
    first = low[:, 0]
    widest = int((high[:, -1] - first).max()) + 1
    weights = np.zeros((len(start), size, widest), np.float32)
    box, cell = np.arange(len(start))[:, None], np.arange(size * _SAMPLES)[None] // _SAMPLES
    np.add.at(weights, (box, cell, low - first[:, None]), share * (1 - upper))
    np.add.at(weights, (box, cell, high - first[:, None]), share * upper)
    read = high[:, -1] - first + 1
    return first.tolist(), [matrix[:, :count] for matrix, count in zip(weights, read.tolist(), strict=True)]
