"""Dilated convolutions by phases against the direct sum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitruv.convert.atrous import axis_of, can_spread, conv3x3_dilated
from vitruv.convert.onnx_writer import OnnxGraph
from vitruv.runtime.rcnn.graph import Graph, array
from vitruv.types import Float32Array


def dilated(maps: Float32Array, weight: Float32Array, dilation: int) -> Float32Array:
    """The slow twin: (s, n, s, c), (o, c, 3, 3) -> (s, n, s, o), with a border of zeros."""
    side = len(maps)
    padded = np.pad(maps, [(dilation, dilation), (0, 0), (dilation, dilation), (0, 0)])
    starts = [0, dilation, 2 * dilation]
    shifted = [
        padded[y : y + side, :, x : x + side] @ weight[:, :, i, j].T for i, y in enumerate(starts) for j, x in enumerate(starts)
    ]
    return np.asarray(np.sum(shifted, axis=0), np.float32)


def test_sizes_that_cannot_be_done() -> None:
    assert [can_spread(28, dilation) for dilation in (5, 6, 12, 27, 28, 56)] == [False, True, True, True, False, False]


def test_products_of_the_official_head() -> None:
    assert [len(axis_of(28, dilation).spread) for dilation in (6, 12)] == [40, 44]


@pytest.mark.parametrize("people", [0, 1, 3])
@pytest.mark.parametrize(("side", "dilation"), [(28, 6), (28, 12), (14, 6), (14, 12), (5, 1), (3, 2)])
def test_convolution(side: int, dilation: int, people: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    maps, weight = rng.standard_normal((side, people, side, 4), np.float32), rng.standard_normal((6, 4, 3, 3), np.float32)
    g = OnnxGraph("atrous", "none", {})
    x = g.input("x", (side, "n", side, 4))
    g.output(conv3x3_dilated(g, x, g.constant(weight), side=side, dilation=dilation, inner=4, out=6), "y", (side, "n", side, 6))
    g.write(tmp_path / "atrous.onnx")
    found = array(Graph(tmp_path / "atrous.onnx", device="cpu", threads=1)({"x": maps})["y"])
    np.testing.assert_allclose(found, dilated(maps, weight, dilation), atol=1e-4)
