"""3x3 convolutions by Winograd's minimal filtering F(4x4, 3x3), as ONNX operators (Lavin and Gray 2016).

A tile of 4x4 outputs takes 36 products per pair of channels instead of 144. The transforms are small matrix products; they pay
where maps have many channels: with 256 of them, a layer takes less than half the time of ONNX Runtime's direct convolution, and
equals it to about 1e-5 of the outputs' spread.

A map is a table of cells, (cells, channels). Which cells a tile reads comes in as numbers of rows, `windows` (36, t), so that a
graph computes any tiles of any map, and the border is a row of zeros. `vitruv.runtime.rcnn.tiles` makes these numbers.
"""

from __future__ import annotations

import numpy as np

from vitruv.convert.onnx_writer import OnnxGraph
from vitruv.rcnn_config import TILE

WINDOW = 6  # cells of input per side of a tile
PRODUCTS = WINDOW * WINDOW
OUTPUTS = TILE * TILE

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

# Even and odd outputs of a transposed convolution: which of its four taps (columns) meets the cell before, the cell itself, the
# cell after (rows).
_TRANSPOSED = np.array([[[0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]], [[0, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]]])

# Doubling by bilinear interpolation: four cells in a row, from four cells of the coarser map, the outer two half outside the tile.
_DOUBLED = np.array([[1, 3, 0, 0], [0, 3, 1, 0], [0, 1, 3, 0], [0, 0, 3, 1]]) / 4
_DOUBLED_WINDOW = np.array([[3, 1, 0, 0], *(4 * _DOUBLED), [0, 0, 1, 3]]) / 4


def conv3x3(g: OnnxGraph, cells: str, windows: str, weight: str, *, inner: int, out: int) -> str:
    """A 3x3 convolution without bias: cells (k, inner), windows (36, t) -> (16, t, out), the cells of each tile row by row.

    weight: value (out, inner, 3, 3).
    """
    return conv_of_windows(g, g.add("Gather", cells, windows, axis=0), weight, inner=inner, out=out)


def conv_of_windows(g: OnnxGraph, gathered: str, weight: str, *, inner: int, out: int) -> str:
    """`conv3x3`, from the 6x6 cells in and around each tile: (36, t, inner) -> (16, t, out)."""
    spread = _along_first(g, _INPUT, gathered, inner)
    products = g.add("MatMul", spread, _kernels(g, weight, inner, out))
    return _along_first(g, _OUTPUT, products, out)


def transposed4x4(g: OnnxGraph, cells: str, windows: str, weight: str, *, inner: int, out: int) -> str:
    """A transposed 4x4 convolution that doubles a map (stride 2, a margin of 1), without bias: cells (k, inner), windows (36, t)
    -> (16, t, 4 * out), of each cell its upper left, upper right, lower left and lower right output.

    weight: value (inner, out, 4, 4). Each of the four outputs is a 3x3 convolution of which some taps are zero.
    """
    spread = _along_first(g, _INPUT, g.add("Gather", cells, windows, axis=0), inner)
    per_axis = np.einsum("pi,rik->rpk", _KERNEL, _TRANSPOSED)  # (2, 6, 4)
    both = np.einsum("apk,bql->abpqkl", per_axis, per_axis).reshape(4 * PRODUCTS, 16).astype(np.float32)
    flat = g.add("Reshape", g.add("Transpose", weight, perm=[2, 3, 0, 1]), g.integers(16, -1))
    kernels = g.add("Reshape", g.add("MatMul", g.constant(both), flat), g.integers(4, PRODUCTS, inner, out))
    kernels = g.add("Reshape", g.add("Transpose", kernels, perm=[1, 2, 0, 3]), g.integers(PRODUCTS, inner, 4 * out))
    return _along_first(g, _OUTPUT, g.add("MatMul", spread, kernels), 4 * out)


def windows_of_doubled(g: OnnxGraph, cells: str, neighbours: str, inside: str, *, channels: int) -> str:
    """What `conv_of_windows` takes, of a map at twice its size: (36, t, channels). neighbours: as for `doubled`.

    inside (36, t, 1): 1 where the doubled map has a cell, 0 outside of it.
    """
    wide = _along_first(g, _DOUBLED_WINDOW, g.add("Gather", cells, neighbours, axis=0), channels)
    return g.add("Mul", wide, inside)


def doubled(g: OnnxGraph, cells: str, neighbours: str, *, channels: int) -> str:
    """A map at twice its size: cells (k, channels), neighbours (16, t) -> (16, t, channels), the cells of each tile row by row.

    neighbours: of each tile, the 4x4 cells of the coarse map around it, row by row.
    """
    return _along_first(g, _DOUBLED, g.add("Gather", cells, neighbours, axis=0), channels)


def zero_row(g: OnnxGraph, cells: str, channels: int) -> str:
    """A map with a row of zeros after its last cell, for windows to read what is outside."""
    return g.add("Concat", cells, g.constant(np.zeros((1, channels), np.float32)), axis=0)


def _kernels(g: OnnxGraph, weight: str, inner: int, out: int) -> str:
    """(36, inner, out): the kernels in the products' domain; worked out when the graph is loaded."""
    flat = g.add("Reshape", g.add("Transpose", weight, perm=[2, 3, 1, 0]), g.integers(9, -1))
    return g.add("Reshape", g.add("MatMul", _both_axes(g, _KERNEL), flat), g.integers(PRODUCTS, inner, out))


def _along_first(g: OnnxGraph, transform: np.ndarray, x: str, channels: int) -> str:
    """A transform of rows and columns, applied to the first axis of (k, t, channels)."""
    flat = g.add("Reshape", x, g.integers(transform.shape[1] ** 2, -1))
    return g.add("Reshape", g.add("MatMul", _both_axes(g, transform), flat), g.integers(transform.shape[0] ** 2, -1, channels))


def _both_axes(g: OnnxGraph, transform: np.ndarray) -> str:
    rows, columns = transform.shape
    return g.constant(np.einsum("ai,bj->abij", transform, transform).reshape(rows**2, columns**2).astype(np.float32))
