"""The feature pyramid of a DensePose-RCNN on a processor, its wide convolutions computed by tiles.

All levels lie in one table of cells, one after the other, with a row of zeros at the end for what is outside of them, so that
the proposal head runs on the tiles of all levels alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vitruv.rcnn_config import PYRAMID_LEVELS
from vitruv.runtime.rcnn.graph import Graph, Value
from vitruv.runtime.rcnn.tiles import all_tiles, order, places, run_tiles, windows
from vitruv.types import Float32Array

_ANCHORS = 3


@dataclass(frozen=True)
class TiledPyramid:
    """Stands for the graph `trunk`: `base` computes what does not go by tiles, `outputs` the last convolution of some levels,
    `proposal_head` the logits and deltas of all of them."""

    channels: int
    base: Graph
    outputs: Mapping[int, Graph]
    proposal_head: Graph

    def __call__(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """image (1, 3, h, w) -> what `trunk` gives, and `cells` (k + 1, c), the table of p2..p6 and a row of zeros."""
        height, width = values["image"].shape[2:]
        sizes = {level: (height >> level, width >> level) for level in PYRAMID_LEVELS}
        sizes[6] = (-(-sizes[5][0] // 2), -(-sizes[5][1] // 2))
        starts = dict(zip(sizes, np.cumsum([0, *(h * w for h, w in sizes.values())]).tolist(), strict=False))
        cells = _table(sum(h * w for h, w in sizes.values()), self.channels)
        levels = {
            level: cells[starts[level] : starts[level] + h * w].reshape(1, h, w, self.channels) for level, (h, w) in sizes.items()
        }
        merged = {level: _table(h * w, self.channels) for level, (h, w) in sizes.items() if level in self.outputs}
        into = {f"p{level}": levels[level] for level in PYRAMID_LEVELS if level not in self.outputs}
        into |= {f"merged{level}": table[:-1].reshape(levels[level].shape) for level, table in merged.items()}
        self.base({**values, **self._tiles_of_trunk(sizes)}, into)
        for level, table in merged.items():
            tiles = all_tiles(sizes[level])
            rows = {"windows": windows(tiles, sizes[level], zero=len(table) - 1)}
            target = places(tiles, sizes[level], start=starts[level])
            run_tiles(self.outputs[level], {"cells": table}, rows, target=cells, target_rows=target)
        levels[6][:] = levels[5][:, ::2, ::2]
        pyramid: dict[str, Value] = {f"p{level}": levels[level] for level in PYRAMID_LEVELS}
        return pyramid | {"cells": cells} | self._propose(cells, sizes, starts)

    def _tiles_of_trunk(self, sizes: Mapping[int, tuple[int, int]]) -> dict[str, Value]:
        """What `base` takes besides the image: of maps whose convolutions go by tiles, where these read and write."""
        found: dict[str, Value] = {}
        for level, size in sizes.items():
            if f"windows{level}" in self.base.inputs:
                tiles = all_tiles(size)
                found[f"windows{level}"] = windows(tiles, size, zero=size[0] * size[1])
                found[f"order{level}"] = order(places(tiles, size))
        return found

    def _propose(self, cells: Float32Array, sizes: Mapping[int, tuple[int, int]], starts: Mapping[int, int]) -> dict[str, Value]:
        """logits2..6 (1, 3, h, w) and deltas2..6 (1, 12, h, w)."""
        zero = len(cells) - 1
        tiles = {level: all_tiles(size) for level, size in sizes.items()}
        read = [windows(tiles[level], size, start=starts[level], zero=zero) for level, size in sizes.items()]
        written = [places(tiles[level], size, start=starts[level]) for level, size in sizes.items()]
        both = np.empty((zero, 5 * _ANCHORS), np.float32)
        rows, target = {"windows": np.concatenate(read, axis=1)}, np.concatenate(written, axis=1)
        run_tiles(self.proposal_head, {"cells": cells}, rows, target=both, target_rows=target)
        found: dict[str, Value] = {}
        for level, (h, w) in sizes.items():
            part = both[starts[level] : starts[level] + h * w].T.reshape(1, -1, h, w)
            found |= {f"logits{level}": part[:, :_ANCHORS], f"deltas{level}": part[:, _ANCHORS:]}
        return found


def _table(cells: int, channels: int) -> Float32Array:
    """(cells + 1, channels), the last row zeros, the others yet to be written."""
    table = np.empty((cells + 1, channels), np.float32)
    table[-1] = 0
    return table
