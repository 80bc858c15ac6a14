"""The decoder of a DensePose-RCNN on a processor, run only where people are.

The decoder's map is read inside the boxes of people and nowhere else, and each of its cells depends on a small neighbourhood of
the pyramid. So it is computed on the tiles that the boxes touch; the values are those of the whole map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vitruv.runtime.rcnn_graph import Graph, Value, array
from vitruv.runtime.rcnn_tiles import TILE, neighbours, places, run_tiles, tile_grid, touched, windows
from vitruv.types import BoolArray, Float32Array

_STRIDE = 4


@dataclass(frozen=True)
class TiledMerge:
    """Stands for the graph `merge`: its parts, from coarse to fine."""

    from_16: Graph
    at_8: Graph
    at_4: Graph

    def __call__(self, pyramid: Mapping[str, Value], boxes_xyxy: Float32Array) -> Float32Array:
        """(h/4, w/4, c): the map people are pooled from, right wherever pooling the boxes reads it (and 0 elsewhere).

        pyramid: of `TiledPyramid`. boxes_xyxy: (n, 4) in pixels of the input, n > 0.
        """
        cells = array(pyramid["cells"])
        (_, h4, w4, channels), (_, h8, w8, _) = pyramid["p2"].shape, pyramid["p3"].shape
        zero = len(cells) - 1
        read = cells_read(boxes_xyxy, (h4, w4))
        at_4 = touched(read)
        at_8 = touched(under_tiles(read, (h8, w8)))

        coarse = self.from_16(pyramid)
        rows = {
            "windows": windows(at_8, (h8, w8), start=h4 * w4, zero=zero),
            "windows8": windows(at_8, (h8, w8), zero=h8 * w8),
        }
        eighth = np.zeros((h8 * w8, array(coarse["from4"]).shape[1]), np.float32)
        run_tiles(self.at_8, {"cells": cells, **coarse}, rows, target=eighth, target_rows=places(at_8, (h8, w8)))

        rows = {"windows": windows(at_4, (h4, w4), zero=zero), "neighbours": neighbours(at_4, (h8, w8))}
        merged = np.zeros((h4 * w4, channels), np.float32)
        run_tiles(self.at_4, {"cells": cells, "eighth": eighth}, rows, target=merged, target_rows=places(at_4, (h4, w4)))
        return merged.reshape(h4, w4, channels)


def cells_read(boxes_xyxy: Float32Array, size_hw: tuple[int, int]) -> BoolArray:
    """(h, w): which cells of a stride-4 map of `size_hw` RoIAlign reads for these boxes."""
    height, width = size_hw
    read = np.zeros(size_hw, bool)
    cells = boxes_xyxy / _STRIDE
    low = np.floor(cells[:, :2]).astype(np.int64)
    # A box is at least one cell wide to RoIAlign, and a sample also reads the cell after its own.
    high = np.floor(np.maximum(cells[:, 2:], cells[:, :2] + 1)).astype(np.int64) + 1
    limit = np.array([width, height]) - 1
    for (x1, y1), (x2, y2) in zip(np.clip(low, 0, limit), np.clip(high, 0, limit), strict=True):
        read[y1 : y2 + 1, x1 : x2 + 1] = True
    return read


def under_tiles(read: BoolArray, size_hw: tuple[int, int]) -> BoolArray:
    """(h, w): the cells of a map of half the size, `size_hw`, that doubling reads for the tiles with marked cells."""
    under = np.zeros(tile_grid((read.shape[0], read.shape[1])), bool)
    tiles = touched(read)
    under[tiles[:, 0], tiles[:, 1]] = True
    half = TILE // 2
    spread = np.pad(under.repeat(half, axis=0).repeat(half, axis=1), 1)  # a tile reads the cells under it and those around
    wide = spread[:-2] | spread[1:-1] | spread[2:]
    return np.asarray((wide[:, :-2] | wide[:, 1:-1] | wide[:, 2:])[: size_hw[0], : size_hw[1]], bool)
