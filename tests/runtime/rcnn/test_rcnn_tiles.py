"""Convolutions, doubling and the decoder by tiles against plain NumPy on whole maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitruv.convert.onnx_writer import OnnxGraph
from vitruv.convert.winograd import conv3x3, doubled, transposed4x4
from vitruv.geometry import resize_bilinear
from vitruv.runtime.rcnn.graph import Graph, array
from vitruv.runtime.rcnn.merge import cells_read, under_tiles
from vitruv.runtime.rcnn.tiles import (
    _parts,
    all_tiles,
    neighbours,
    places,
    run_tiles,
    tile_grid,
    touched,
    windows,
    windows_on_people,
)
from vitruv.types import Float32Array

SIZES = [(1, 1), (4, 4), (5, 9), (12, 8)]


def table_of(maps: Float32Array) -> Float32Array:
    """(h, w, c) -> its cells and a row of zeros."""
    flat = maps.reshape(-1, maps.shape[2])
    return np.concatenate([flat, np.zeros_like(flat[:1])])


def convolved(maps: Float32Array, weight: Float32Array) -> Float32Array:
    """The slow twin: a 3x3 convolution with a border of zeros. (h, w, c), (o, c, 3, 3) -> (h, w, o)."""
    height, width, _ = maps.shape
    padded = np.pad(maps, [(1, 1), (1, 1), (0, 0)])
    shifted = [padded[y : y + height, x : x + width] @ weight[:, :, y, x].T for y in range(3) for x in range(3)]
    return np.asarray(np.sum(shifted, axis=0), np.float32)


def graph_of(folder: Path, weight: Float32Array) -> Graph:
    out, inner = weight.shape[:2]
    g = OnnxGraph("conv", "none", {})
    cells, read = g.input("cells", ("k", inner)), g.input("windows", (36, "t"), "int64")
    g.output(conv3x3(g, cells, read, g.constant(weight), inner=inner, out=out), "tiles", (16, "t", out))
    g.write(folder / "conv.onnx")
    return Graph(folder / "conv.onnx", device="cpu", threads=1)


@pytest.mark.parametrize("size_hw", SIZES)
@pytest.mark.parametrize("at_once", [1, 160])
def test_convolution(size_hw: tuple[int, int], at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("_MOST_AT_ONCE", "_LEAST_AT_ONCE"):
        monkeypatch.setattr(f"vitruv.runtime.rcnn.tiles.{limit}", at_once)
    rng = np.random.default_rng(0)
    maps, weight = rng.standard_normal((*size_hw, 3), np.float32), rng.standard_normal((5, 3, 3, 3), np.float32)
    graph, tiles, count = graph_of(tmp_path, weight), all_tiles(size_hw), size_hw[0] * size_hw[1]
    found = np.zeros((count, 5), np.float32)
    rows = {"windows": windows(tiles, size_hw, zero=count)}
    run_tiles(graph, {"cells": table_of(maps)}, rows, target=found, target_rows=places(tiles, size_hw))
    np.testing.assert_allclose(found.reshape(*size_hw, 5), convolved(maps, weight), atol=1e-4)


@pytest.mark.parametrize("side", [4, 8])
def test_transposed_convolution(side: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    maps, weight = rng.standard_normal((2, side, side, 3), np.float32), rng.standard_normal((3, 5, 4, 4), np.float32)
    g = OnnxGraph("transposed", "none", {})
    cells, read = g.input("cells", ("k", 3)), g.input("windows", (36, "t"), "int64")
    g.output(transposed4x4(g, cells, read, g.constant(weight), inner=3, out=5), "tiles", (16, "t", 20))
    g.write(tmp_path / "transposed.onnx")
    where = windows_on_people(2, side)
    table = np.concatenate([maps.reshape(-1, 3), np.zeros((1, 3), np.float32)])
    tiles = array(
        Graph(tmp_path / "transposed.onnx", device="cpu", threads=1)({"cells": table, "windows": where["windows"]})["tiles"]
    )
    found = tiles.reshape(-1, 20)[where["order"]].reshape(2, side, side, 2, 2, 5).transpose(0, 1, 3, 2, 4, 5)
    # The slow twin: every cell paints a square of 4x4, two cells apart; a margin of 1 is cut off.
    painted = np.zeros((2, 2 * side + 2, 2 * side + 2, 5), np.float32)
    for y, x in np.ndindex(side, side):
        painted[:, 2 * y : 2 * y + 4, 2 * x : 2 * x + 4] += np.einsum("nc,cokl->nklo", maps[:, y, x], weight)
    np.testing.assert_allclose(found.reshape(2, 2 * side, 2 * side, 5), painted[:, 1:-1, 1:-1], atol=1e-4)


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (47, [47]), (48, [24, 24]), (300, [150, 150]), (500, [125] * 4), (3400, [154] * 22)]
)
def test_parts_for_two_threads(count: int, sizes: list[int]) -> None:
    cuts = _parts(count, 2)
    assert cuts[0] == 0 and cuts[-1] == count
    assert np.allclose(np.diff(cuts), sizes, atol=1)


def test_no_tile(tmp_path: Path) -> None:
    graph, none = graph_of(tmp_path, np.ones((1, 1, 3, 3), np.float32)), np.zeros((0, 2), np.int64)
    found = np.zeros((4, 1), np.float32)
    rows = {"windows": windows(none, (2, 2), zero=4)}
    run_tiles(graph, {"cells": np.ones((5, 1), np.float32)}, rows, target=found, target_rows=places(none, (2, 2)))
    assert not found.any()


@pytest.mark.parametrize("size_hw", SIZES)
def test_doubling(size_hw: tuple[int, int], tmp_path: Path) -> None:
    maps = np.random.default_rng(0).standard_normal((*size_hw, 2), np.float32)
    g = OnnxGraph("double", "none", {})
    cells, read = g.input("cells", ("k", 2)), g.input("neighbours", (16, "t"), "int64")
    g.output(doubled(g, cells, read, channels=2), "tiles", (16, "t", 2))
    g.write(tmp_path / "double.onnx")
    graph = Graph(tmp_path / "double.onnx", device="cpu", threads=1)
    fine_hw = (2 * size_hw[0], 2 * size_hw[1])
    tiles = all_tiles(fine_hw)
    found = np.zeros((fine_hw[0] * fine_hw[1], 2), np.float32)
    rows = {"neighbours": neighbours(tiles, size_hw)}
    run_tiles(graph, {"cells": table_of(maps)}, rows, target=found, target_rows=places(tiles, fine_hw))
    expected = resize_bilinear(np.ascontiguousarray(maps.transpose(2, 0, 1)), fine_hw).transpose(1, 2, 0)
    np.testing.assert_allclose(found.reshape(*fine_hw, 2), expected, atol=1e-5)


def test_windows_on_people(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    people, first = rng.standard_normal((3, 8, 8, 2), np.float32), rng.standard_normal((2, 2, 3, 3), np.float32)
    graph, read = graph_of(tmp_path, first), windows_on_people(3, 8)
    once = np.asarray(graph({"cells": table_of(people.reshape(-1, 8, 2)), "windows": read["windows"]})["tiles"].numpy())
    twice = np.asarray(graph({"cells": table_of(once), "windows": read["inner_windows"]})["tiles"].numpy())
    apart = twice.reshape(4, 4, 3, 2, 2, 2).transpose(2, 3, 0, 4, 1, 5).reshape(3, 8, 8, 2)
    for found, person in zip(apart, people, strict=True):
        np.testing.assert_allclose(found, convolved(convolved(person, first), first), atol=1e-3)


def test_touched_tiles() -> None:
    marked = np.zeros((9, 6), bool)
    assert touched(marked).shape == (0, 2)
    marked[0, 0] = marked[8, 5] = True
    assert touched(marked).tolist() == [[0, 0], [2, 1]]


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (-50, -50, 400, 400), (17.5, 30.2, 60.9, 31), (150, 150, 155, 170)])
def test_cells_that_pooling_reads(box: tuple[float, ...]) -> None:
    """Marked cells hold every tap of RoIAlign, and the cells under their tiles every one that doubling reads."""
    size_hw = (24, 40)
    boxes = np.array([box], np.float32)
    read = cells_read(boxes, size_hw)
    for axis, (low, high) in enumerate(((box[1], box[3]), (box[0], box[2]))):
        start, side = low / 4, max((high - low) / 4, 1)
        taps = np.clip(start + (np.arange(56) + 0.5) * side / 56, 0, size_hw[axis] - 1)
        marked = np.asarray(read.any(axis=1 - axis))
        assert marked[np.floor(taps).astype(int)].all()
        assert marked[np.minimum(np.floor(taps).astype(int) + 1, size_hw[axis] - 1)].all()
    under = under_tiles(read, (12, 20)).reshape(-1)
    assert under[neighbours(touched(read), (12, 20))].all()


def test_grid() -> None:
    assert tile_grid((9, 8)) == (3, 2)
    assert (places(all_tiles((9, 8)), (9, 8)) >= 0).sum() == 72
