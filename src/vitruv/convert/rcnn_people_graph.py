"""The graph of the dense branch: boxes -> raw maps of all people of a picture at once."""

from __future__ import annotations

import numpy as np

from vitruv.convert.onnx_writer import OnnxGraph
from vitruv.convert.rcnn_aspp_graph import atrous_pyramid, atrous_pyramid_of_cells, group_norm, group_norm_of_cells
from vitruv.convert.rcnn_graphs import pool_people
from vitruv.convert.rcnn_layers import conv, joined, twice_bilinear
from vitruv.convert.winograd import OUTPUTS, PRODUCTS, conv3x3, transposed4x4, zero_row
from vitruv.rcnn_config import CONFIDENCE_FLOOR, TILE, RCNNArchitecture

_HEAD = "roi_heads.densepose_head"
_PREDICTOR = "roi_heads.densepose_predictor"


def people(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """merged and boxes (or p2..p5 and boxes2..5, see `pool_people`) -> one output per branch, (n, c, 4s, 4s)."""
    x = pool_people(g, a)
    if a.head == "deeplab":
        x = atrous_pyramid(g, a, x)
    for layer in range(a.head_layers):
        name = f"{_HEAD}.body_conv_fcn{layer + 1}"
        if a.head == "deeplab":
            x = group_norm(g, conv(g, x, name, kernel=3, bias=False), f"{name}.norm", a.head_channels)
        else:
            x = conv(g, x, name, kernel=3)
        x = g.add("Relu", x)
    weights, biases = _joined_predictor(g, a)
    _outputs(g, a, g.add("ConvTranspose", x, weights, biases, kernel_shape=[4, 4], strides=[2, 2], pads=[1, 1, 1, 1]))


def tiled_people(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """`people` for processors, from features that were pooled already, pooled (n, s, s, c), with the convolutions by tiles.

    windows (36, t): where the tiles of all people read in the rows of pooled; inner_windows: where they read in the output of
    a layer, (16, t) cells. In both, the row after the last one is zeros. order (n * s * s,): where each cell of the maps lies
    in that output.
    """
    side, inner = a.pool_size, a.fpn_channels
    pooled = g.input("pooled", ("n", side, side, inner))
    if a.head == "deeplab":
        pooled = atrous_pyramid_of_cells(g, a, pooled)
    windows = {name: g.input(name, (PRODUCTS, "t"), "int64") for name in ("windows", "inner_windows")}
    x, seen = pooled, windows["windows"]
    for layer in range(a.head_layers):
        name = f"{_HEAD}.body_conv_fcn{layer + 1}"
        cells = zero_row(g, g.add("Reshape", x, g.integers(-1, inner)), inner)
        x = conv3x3(g, cells, seen, g.weight(f"{name}.weight"), inner=inner, out=a.head_channels)  # (16, t, head_channels)
        if a.head == "deeplab":
            tiles, width = (side // TILE) ** 2, a.head_channels
            of_people = g.add("Reshape", x, g.integers(OUTPUTS, -1, tiles, width))
            x = group_norm_of_cells(g, of_people, f"{name}.norm", cells=tiles, channels=width)
        else:
            x = g.add("Add", x, g.weight(f"{name}.bias"))
        x = g.add("Relu", x)
        inner, seen = a.head_channels, windows["inner_windows"]
    weights, biases = _joined_predictor(g, a)
    cells = zero_row(g, g.add("Reshape", x, g.integers(-1, inner)), inner)
    out = sum(channels for _, channels in a.branches.values())
    finer = transposed4x4(g, cells, seen, weights, inner=inner, out=out)  # (16, t, 4 * out)
    order = g.input("order", ("k",), "int64")
    finer = g.add("Gather", g.add("Reshape", finer, g.integers(-1, 4 * out)), order, axis=0)
    finer = g.add("Transpose", g.add("Reshape", finer, g.integers(-1, side, side, 2, 2, out)), perm=[0, 5, 1, 3, 2, 4])
    finer = g.add("Reshape", finer, g.integers(-1, out, 2 * side, 2 * side))
    _outputs(g, a, g.add("Add", finer, g.add("Reshape", biases, g.integers(out, 1, 1))))


def _joined_predictor(g: OnnxGraph, a: RCNNArchitecture) -> tuple[str, str]:
    """Kernels (in, out, 4, 4) and biases (out,) of all branches, one after the other."""
    names = [f"{_PREDICTOR}.{parameters}" for parameters, _ in a.branches.values()]
    return joined(g, [f"{name}.weight" for name in names], axis=1), joined(g, [f"{name}.bias" for name in names])


def _outputs(g: OnnxGraph, a: RCNNArchitecture, x: str) -> None:
    """From (n, out, 2s, 2s), all branches together, to the maps."""
    x = twice_bilinear(g, x)
    sizes = [channels for _, channels in a.branches.values()]
    maps = dict(zip(a.branches, g.add_many("Split", [x, g.integers(*sizes)], len(sizes), axis=1), strict=True))
    for logits in ("fine_segm", "coarse_segm"):
        confidence = f"{logits}_confidence"
        if confidence in maps:
            floor = g.rounded(g.constant(np.array(CONFIDENCE_FLOOR, np.float32)))
            maps[confidence] = g.add("Add", g.add("Softplus", maps[confidence]), floor)
            maps[logits] = g.add("Mul", maps[logits], maps[confidence])
    for name, (_, channels) in a.branches.items():
        g.output(maps[name], name, ("n", channels, a.map_size, a.map_size))
