"""The decoder of a DensePose-RCNN, run only where people are.

The decoder's map is read inside the boxes of people and nowhere else, and each of its cells depends on a small neighbourhood of
the pyramid. So it is computed in tiles that the boxes touch, with the border each tile needs; the values are those of the whole
map. On two cores this saves most of a fifth of the time of a picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vitruv.runtime.rcnn_graph import Graph, Value, array
from vitruv.types import BoolArray, Float32Array, Int64Array

TILE = 16  # cells of stride 4
_STRIDE = 4
_BATCH = 64  # tiles at a time, so that memory stays bounded
_WORTH_IT = 0.6  # tiles compute the borders they share twice: above this share of the map, the whole is faster


@dataclass(frozen=True)
class Merge:
    """The decoder: `whole` in one piece; `from_16`, `at_8` and `at_4` its parts for tiles."""

    whole: Graph
    from_16: Graph
    at_8: Graph
    at_4: Graph

    def __call__(self, pyramid: Mapping[str, Value], boxes_xyxy: Float32Array) -> Value:
        """(1, c, h/4, w/4): the map people are pooled from, right wherever pooling the boxes reads it (and 0 elsewhere).

        boxes_xyxy: (n, 4) in pixels of the input, n > 0.
        """
        if not self.whole.on_processor:
            return self.whole(pyramid)["merged"]
        p2 = array(pyramid["p2"])[0]
        size_hw = (p2.shape[0], p2.shape[1])
        wanted = tiles_of(boxes_xyxy, size_hw)
        if wanted.mean() > _WORTH_IT:
            return self.whole(pyramid)["merged"]
        coarse = self.from_16(pyramid) | {"p3": pyramid["p3"]}
        at_8 = {name: array(value)[0] for name, value in coarse.items()}
        merged = np.zeros((1, p2.shape[2], *size_hw), np.float32)
        tiles = np.argwhere(wanted)
        for start in range(0, len(tiles), _BATCH):
            corners = tiles[start : start + _BATCH] * TILE
            eighth = np.array(array(self.at_8({n: cut(m, corners // 2, TILE // 2, 2) for n, m in at_8.items()})["eighth"]))
            repeat_edges(eighth, corners // 2, (size_hw[0] // 2, size_hw[1] // 2))
            done = self.at_4({"p2": cut(p2, corners, TILE, 1), "eighth": eighth})["merged"]
            for (y, x), tile in zip(corners, array(done), strict=True):
                target = merged[0, :, y : y + TILE, x : x + TILE]
                target[:] = tile[:, : target.shape[1], : target.shape[2]]
        return merged


def tiles_of(boxes_xyxy: Float32Array, size_hw: tuple[int, int]) -> BoolArray:
    """Which tiles of a stride-4 map of `size_hw` RoIAlign reads for these boxes."""
    height, width = size_hw
    tiles = np.zeros((-(-height // TILE), -(-width // TILE)), bool)
    cells = boxes_xyxy / _STRIDE
    low = np.floor(cells[:, :2]).astype(np.int64)
    # A box is at least one cell wide to RoIAlign, and a sample also reads the cell after its own.
    high = np.floor(np.maximum(cells[:, 2:], cells[:, :2] + 1)).astype(np.int64) + 1
    limit = np.array([width, height]) - 1
    for (x1, y1), (x2, y2) in zip(np.clip(low, 0, limit) // TILE, np.clip(high, 0, limit) // TILE, strict=True):
        tiles[y1 : y2 + 1, x1 : x2 + 1] = True
    return tiles


def cut(maps: Float32Array, corners: Int64Array, side: int, border: int) -> Float32Array:
    """Squares of maps (h, w, c) at corners (t, 2) y x: (t, side + 2 * border, ..., c); zeros outside, as convolutions see it."""
    full = side + 2 * border
    height, width, channels = maps.shape
    pieces = np.zeros((len(corners), full, full, channels), np.float32)
    for piece, (y, x) in zip(pieces, corners - border, strict=True):
        top, left, bottom, right = max(y, 0), max(x, 0), min(y + full, height), min(x + full, width)
        piece[top - y : bottom - y, left - x : right - x] = maps[top:bottom, left:right]
    return pieces


def repeat_edges(tiles: Float32Array, corners: Int64Array, size_hw: tuple[int, int]) -> None:
    """Give the border outside the map the value of the nearest cell inside, as doubling asks; in place.

    tiles: (t, side + 2, side + 2, c), the inner part of each beginning at its corner (y, x).
    """
    last = tiles.shape[1] - 1
    for tile, (y, x) in zip(tiles, corners, strict=True):
        for axis, start in ((0, y), (1, x)):
            along = np.moveaxis(tile, axis, 0)
            if start == 0:
                along[0] = along[1]
            inside = size_hw[axis] - start  # index of the last cell inside the map, counting the border as 0
            if inside < last:
                along[inside + 1 :] = along[inside]
