"""3x3 convolutions by Winograd's minimal filtering F(4x4, 3x3), as ONNX operators (Lavin and Gray 2016).

A tile of 4x4 outputs takes 36 products per pair of channels instead of 144. The transforms cost memory traffic, so it pays where
maps have many channels: with 512, a layer takes two thirds of the time of ONNX Runtime's direct convolution, and equals it to
about 1e-5 of the outputs' spread.

Between layers, maps stay as tiles: (4, 4, n, rows, columns, channels), the pixel within the tile first, so that what a tile
needs of its neighbours are slices, and the transforms are plain matrix products.
"""

from __future__ import annotations

import numpy as np

from vitruv.export.onnx_writer import OnnxGraph
from vitruv.types import Float32Array

TILE = 4
_WINDOW = 6  # pixels of input per side of a tile
_PRODUCTS = _WINDOW * _WINDOW

_INPUT = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
_KERNEL = np.array(
    [[1 / 4, 0, 0], [-1 / 6] * 3, [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]]
)
_OUTPUT = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])

_NEIGHBOURS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
_TAKEN = {-1: (3, 4), 0: (0, 4), 1: (0, 1)}  # pixels of a neighbouring tile that lie in the window: its last, all, its first


def to_tiles(g: OnnxGraph, x: str, *, side: int, channels: int) -> str:
    """(n, channels, side, side) -> tiles; side is a multiple of TILE."""
    count = side // TILE
    cut = g.add("Reshape", x, g.integers(-1, channels, count, TILE, count, TILE))
    return g.add("Transpose", cut, perm=[3, 5, 0, 2, 4, 1])


def from_tiles(g: OnnxGraph, tiles: str, *, side: int, channels: int) -> str:
    """The inverse of `to_tiles`."""
    return g.add("Reshape", g.add("Transpose", tiles, perm=[2, 5, 3, 0, 4, 1]), g.integers(-1, channels, side, side))


def conv3x3(g: OnnxGraph, tiles: str, weight: str, *, side: int, inner: int, out: int) -> str:
    """A 3x3 convolution with a border of zeros and without bias, on tiles. weight: value (out, inner, 3, 3)."""
    count = side // TILE
    bordered = g.add("Pad", tiles, g.integers(0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0))
    axes = g.integers(0, 1, 3, 4)
    pieces = []
    for y, x in _NEIGHBOURS:
        (top, bottom), (left, right) = _TAKEN[y], _TAKEN[x]
        starts = g.integers(top, left, y + 1, x + 1)
        ends = g.integers(bottom, right, y + 1 + count, x + 1 + count)
        piece = g.add("Slice", bordered, starts, ends, axes)
        pieces.append(g.add("Reshape", piece, g.integers((bottom - top) * (right - left), -1)))
    windows = g.add("Concat", *pieces, axis=0)  # (36, n * tiles * inner)
    spread = g.add("MatMul", g.constant(_input_transform()), windows)
    products = g.add("MatMul", g.add("Reshape", spread, g.integers(_PRODUCTS, -1, inner)), _kernels(g, weight, inner, out))
    gathered = g.add("Reshape", products, g.integers(_PRODUCTS, -1))
    result = g.add("MatMul", g.constant(_output_transform()), gathered)
    return g.add("Reshape", result, g.integers(TILE, TILE, -1, count, count, out))


def _kernels(g: OnnxGraph, weight: str, inner: int, out: int) -> str:
    """(36, inner, out): the kernels in the products' domain; worked out when the graph is loaded."""
    flat = g.add("Reshape", g.add("Transpose", weight, perm=[2, 3, 1, 0]), g.integers(9, -1))
    transform = np.einsum("ai,bj->abij", _KERNEL, _KERNEL).reshape(_PRODUCTS, 9).astype(np.float32)
    return g.add("Reshape", g.add("MatMul", g.constant(transform), flat), g.integers(_PRODUCTS, inner, out))


def _input_transform() -> Float32Array:
    """(36, 36): pixels of a window, in the order in which `conv3x3` gathers them, to the products' domain."""
    full = np.einsum("ai,bj->abij", _INPUT, _INPUT).reshape(_PRODUCTS, _WINDOW, _WINDOW)
    columns = [
        full[:, TILE * y + row + 1, TILE * x + column + 1]
        for y, x in _NEIGHBOURS
        for row in range(*_TAKEN[y])
        for column in range(*_TAKEN[x])
    ]
    return np.asarray(np.stack(columns, axis=1), np.float32)


def _output_transform() -> Float32Array:
    """(16, 36): products to the pixels of a tile."""
    return np.asarray(np.einsum("ai,bj->abij", _OUTPUT, _OUTPUT).reshape(TILE * TILE, _PRODUCTS), np.float32)
