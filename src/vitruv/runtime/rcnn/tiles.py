"""Which cells tiles read and write, and running a graph on many tiles.

A map is a table of cells, (h * w, channels), perhaps with others before and after it. It is cut into tiles of 4x4 cells, which
stand over its right and lower edge where its size is no multiple of 4. Graphs made by `vitruv.convert.winograd` take a table and
the numbers of the rows that each tile reads; what they compute comes back as (16, tiles, channels).
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from vitruv.rcnn_config import TILE
from vitruv.runtime.devices import usable_threads
from vitruv.runtime.rcnn.graph import Graph, Value, array
from vitruv.types import AnyArray, BoolArray, Float32Array, Int64Array

_MOST_AT_ONCE = 160  # tiles: what a thread works on stays in the processor's cache, and memory stays bounded
_LEAST_AT_ONCE = 24  # below, reading the kernels takes longer than the products
OUTSIDE = -1


def tile_grid(size_hw: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of tiles on a map."""
    return -(-size_hw[0] // TILE), -(-size_hw[1] // TILE)


def all_tiles(size_hw: tuple[int, int]) -> Int64Array:
    """(t, 2) row and column of every tile of a map."""
    return np.argwhere(np.ones(tile_grid(size_hw), bool)).astype(np.int64)


def windows(tiles: Int64Array, size_hw: tuple[int, int], *, start: int = 0, zero: int) -> Int64Array:
    """(36, t): the rows of the 6x6 cells in and around each tile (t, 2). start: row of the map's first cell. zero: row of zeros."""
    found = _cells(tiles * TILE - 1, 6, size_hw)
    return np.where(found == OUTSIDE, zero, found + start)


def inside(tiles: Int64Array, size_hw: tuple[int, int]) -> Float32Array:
    """(36, t, 1): 1 for those of the 6x6 cells in and around each tile that are on the map, 0 for the others."""
    return np.asarray((_cells(tiles * TILE - 1, 6, size_hw) != OUTSIDE)[..., None], np.float32)


def places(tiles: Int64Array, size_hw: tuple[int, int], *, start: int = 0) -> Int64Array:
    """(16, t): the rows of the 4x4 cells of each tile; OUTSIDE for those that are not on the map."""
    found = _cells(tiles * TILE, TILE, size_hw)
    return np.where(found == OUTSIDE, OUTSIDE, found + start)


def order(places_of_tiles: Int64Array) -> Int64Array:
    """(cells,): of each cell of a map, its number among the (16, t) cells of its tiles; the inverse of `places`."""
    flat = places_of_tiles.reshape(-1)
    inside = np.flatnonzero(flat != OUTSIDE)
    found = np.empty(len(inside), np.int64)
    found[flat[inside]] = inside
    return found


def neighbours(tiles: Int64Array, size_hw: tuple[int, int]) -> Int64Array:
    """(16, t): of tiles of a map that has twice the size of another one, `size_hw`, the rows of the 4x4 cells of the other map
    around each; cells outside are replaced by the nearest ones inside, as doubling asks."""
    y, x = (np.clip(tiles[:, axis] * 2 - 1 + np.arange(4)[:, None], 0, size_hw[axis] - 1) for axis in (0, 1))
    return np.asarray((y[:, None] * size_hw[1] + x[None]).reshape(16, -1), np.int64)


def windows_on_people(count: int, side: int) -> dict[str, Int64Array]:
    """`windows` and `inner_windows` (36, t) on the features of `count` people, (side, side) cells each, and their `order`, for
    the graph `tiled_people`."""
    tiles = all_tiles((side, side))
    cells, total = side * side, count * side * side
    own = _cells(tiles * TILE - 1, 6, (side, side))  # (36, tiles of a person)
    person = np.arange(count)[:, None]
    read = np.where(own[:, None] == OUTSIDE, total, own[:, None] + person * cells).reshape(len(own), -1)
    # Row of each cell in the output of a layer, (16, tiles of all people); one more for what is outside.
    row = np.empty(total + 1, np.int64)
    row[(places(tiles, (side, side))[:, None] + person * cells).reshape(-1)] = np.arange(total)
    row[total] = total
    return {"windows": read, "inner_windows": row[read], "order": row[:total]}


def _cells(corners: Int64Array, side: int, size_hw: tuple[int, int]) -> Int64Array:
    """(side * side, t): rows of the cells of squares at corners (t, 2); OUTSIDE where there is none."""
    steps = np.arange(side)[:, None]
    y, x = corners[:, 0] + steps, corners[:, 1] + steps  # (side, t)
    rows = np.where((y >= 0) & (y < size_hw[0]), y * size_hw[1], OUTSIDE)[:, None]
    columns = np.where((x >= 0) & (x < size_hw[1]), x, OUTSIDE)[None]
    return np.asarray(np.where((rows < 0) | (columns < 0), OUTSIDE, rows + columns).reshape(side * side, -1), np.int64)


def run_tiles(
    graph: Graph, values: Mapping[str, Value], rows: Mapping[str, AnyArray], *, target: Float32Array, target_rows: Int64Array
) -> None:
    """Run a graph on tiles, some at a time on every thread, and write what it computes into the rows of `target`.

    values: inputs that are the same for all tiles. rows: inputs (k, t, ...). target: (cells, channels); target_rows: (16, t).
    """

    def part(start: int, end: int) -> None:
        some = slice(start, end)
        found = array(graph({**values, **{name: numbers[:, some] for name, numbers in rows.items()}})["tiles"])
        to = target_rows[:, some]
        on_map = to != OUTSIDE
        if on_map.all():
            target[to] = found
        else:
            target[to[on_map]] = found[on_map]

    with ThreadPoolExecutor(usable_threads()) as threads:
        bounds = _parts(target_rows.shape[1], usable_threads())
        for _ in threads.map(part, bounds[:-1], bounds[1:]):
            pass


def _parts(count: int, threads: int) -> list[int]:
    """Where to cut `count` tiles: parts of about equal size, as many for each thread where there are enough."""
    parts = -(-count // _MOST_AT_ONCE)
    parts = max(-(-parts // threads) * threads, 1)
    parts = max(min(parts, count // _LEAST_AT_ONCE), min(count, 1))
    return [count * i // max(parts, 1) for i in range(parts + 1)]


def touched(cells: BoolArray) -> Int64Array:
    """(t, 2): the tiles that hold any of the marked cells (h, w) of a map."""
    height, width = tile_grid((cells.shape[0], cells.shape[1]))
    padded = np.zeros((height * TILE, width * TILE), bool)
    padded[: cells.shape[0], : cells.shape[1]] = cells
    return np.argwhere(padded.reshape(height, TILE, width, TILE).any(axis=(1, 3))).astype(np.int64)
