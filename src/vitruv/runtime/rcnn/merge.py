"""The decoder of a DensePose-RCNN on a processor, run only where people are.

The decoder's map is read inside the boxes of people and nowhere else, and each of its cells depends on a small neighbourhood of
the pyramid. So it is computed on the tiles that the boxes touch; the values are those of the whole map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vitruv.rcnn_config import TILE
from vitruv.runtime.rcnn.graph import Graph, Value, array
from vitruv.runtime.rcnn.tiles import inside, neighbours, places, run_tiles, tile_grid, touched, windows
from vitruv.types import AnyArray, BoolArray, Float32Array

_STRIDE = 4


@dataclass(frozen=True)
class TiledMerge:
    """Stands for the graph `merge`: its parts, from coarse to fine."""

    from_32: Graph
    at_16: Graph
    at_8: Graph
    at_4: Graph

    def __call__(self, pyramid: Mapping[str, Value], boxes_xyxy: Float32Array) -> Float32Array:
        """(h/4, w/4, c): the map people are pooled from, right wherever pooling the boxes reads it (and 0 elsewhere).

        pyramid: of `TiledPyramid`. boxes_xyxy: (n, 4) in pixels of the input, n > 0.
        """
        cells = array(pyramid["cells"])
        size4, size8, size16 = ((m.shape[1], m.shape[2]) for m in (pyramid["p2"], pyramid["p3"], pyramid["p4"]))
        counts = [height * width for height, width in (size4, size8, size16)]
        zero = len(cells) - 1
        read = cells_read(boxes_xyxy, size4)
        under = under_tiles(read, size8)
        at_4, at_8, at_16 = touched(read), touched(under), touched(under_tiles(under, size16))

        from5 = array(self.from_32(pyramid)["from5"])
        coarse = np.zeros((counts[2], 2 * from5.shape[1]), np.float32)
        rows: dict[str, AnyArray] = {
            "windows": windows(at_16, size16, start=counts[0] + counts[1], zero=zero),
            "windows16": windows(at_16, size16, zero=counts[2]),
        }
        run_tiles(self.at_16, {"cells": cells, "from5": from5}, rows, target=coarse, target_rows=places(at_16, size16))

        eighth = np.zeros((counts[1], from5.shape[1]), np.float32)
        rows = {
            "windows": windows(at_8, size8, start=counts[0], zero=zero),
            "neighbours": neighbours(at_8, size16),
            "inside": inside(at_8, size8),
        }
        run_tiles(self.at_8, {"cells": cells, "coarse": coarse}, rows, target=eighth, target_rows=places(at_8, size8))

        merged = np.zeros((counts[0], cells.shape[1]), np.float32)
        rows = {"windows": windows(at_4, size4, zero=zero), "neighbours": neighbours(at_4, size8)}
        run_tiles(self.at_4, {"cells": cells, "eighth": eighth}, rows, target=merged, target_rows=places(at_4, size4))
        return merged.reshape(*size4, -1)


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
