"""The graph of the dense branch: boxes -> raw maps of all people of a picture at once."""

from __future__ import annotations

import numpy as np

from vitruv.export.onnx_writer import OnnxGraph
from vitruv.export.rcnn_graphs import pool_people
from vitruv.export.rcnn_layers import conv, twice_bilinear
from vitruv.export.winograd import OUTPUTS, PRODUCTS, TILE, conv3x3, zero_row
from vitruv.rcnn_config import ASPP_DILATIONS, CONFIDENCE_FLOOR, GROUPS, NORM_EPSILON, RCNNArchitecture

_HEAD = "roi_heads.densepose_head"
_PREDICTOR = "roi_heads.densepose_predictor"


def people(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """merged and boxes (or p2..p5 and boxes2..5, see `pool_people`) -> one output per branch, (n, c, 4s, 4s)."""
    x = pool_people(g, a)
    if a.head == "deeplab":
        x = _atrous_pyramid(g, a, x)
    for layer in range(a.head_layers):
        name = f"{_HEAD}.body_conv_fcn{layer + 1}"
        if a.head == "deeplab":
            x = group_norm(g, conv(g, x, name, kernel=3, bias=False), f"{name}.norm", a.head_channels)
        else:
            x = conv(g, x, name, kernel=3)
        x = g.add("Relu", x)
    predict(g, a, x)


def tiled_people(g: OnnxGraph, a: RCNNArchitecture) -> None:
    """`people` for processors, from features that were pooled already, pooled (n, s, s, c), with the convolutions by tiles.

    windows (36, t): where the tiles of all people read in the rows of pooled; inner_windows: where they read in the output of
    a layer, (16, t) cells. In both, the row after the last one is zeros. order (n * s * s,): where each cell of the maps lies
    in that output.
    """
    side, inner = a.pool_size, a.fpn_channels
    pooled = g.input("pooled", ("n", side, side, inner))
    if a.head == "deeplab":
        pooled = g.add("Transpose", _atrous_pyramid(g, a, g.add("Transpose", pooled, perm=[0, 3, 1, 2])), perm=[0, 2, 3, 1])
    windows = {name: g.input(name, (PRODUCTS, "t"), "int64") for name in ("windows", "inner_windows")}
    x, seen = pooled, windows["windows"]
    for layer in range(a.head_layers):
        name = f"{_HEAD}.body_conv_fcn{layer + 1}"
        cells = zero_row(g, g.add("Reshape", x, g.integers(-1, inner)), inner)
        x = conv3x3(g, cells, seen, g.weight(f"{name}.weight"), inner=inner, out=a.head_channels)  # (16, t, head_channels)
        if a.head == "deeplab":
            x = _group_norm_of_tiles(g, x, f"{name}.norm", side, a.head_channels)
        else:
            x = g.add("Add", x, g.weight(f"{name}.bias"))
        x = g.add("Relu", x)
        inner, seen = a.head_channels, windows["inner_windows"]
    order = g.input("order", ("k",), "int64")
    cells = g.add("Gather", g.add("Reshape", x, g.integers(-1, inner)), order, axis=0)
    first = g.add("Transpose", g.add("Reshape", cells, g.integers(-1, side * side, inner)), perm=[0, 2, 1])
    predict(g, a, g.add("Reshape", first, g.integers(-1, inner, side, side)))


def _group_norm_of_tiles(g: OnnxGraph, x: str, name: str, side: int, channels: int) -> str:
    tiles = (side // TILE) ** 2
    grouped = g.add("Reshape", x, g.integers(OUTPUTS, -1, tiles, GROUPS, channels // GROUPS))
    axes = [0, 2, 4]
    centred = g.add("Sub", grouped, g.add("ReduceMean", grouped, axes=axes))
    variance = g.add("ReduceMean", g.add("Mul", centred, centred), axes=axes)
    length = g.add("Sqrt", g.add("Add", variance, g.constant(np.array(NORM_EPSILON, np.float32))))
    # Scale and shift have the channels last, in groups.
    last = g.integers(GROUPS, channels // GROUPS)
    scale, shift = (g.add("Reshape", g.weight(f"{name}.{part}"), last) for part in ("weight", "bias"))
    # Factors are joined before the map is touched, which is large.
    normed = g.add("Add", g.add("Mul", centred, g.add("Div", scale, length)), shift)
    return g.add("Reshape", normed, g.integers(OUTPUTS, -1, channels))


def predict(g: OnnxGraph, a: RCNNArchitecture, x: str) -> None:
    """The last layers, all branches in one transposed convolution, and the outputs."""
    names = [f"{_PREDICTOR}.{parameters}" for parameters, _ in a.branches.values()]
    weights = g.add("Concat", *[g.weight(f"{name}.weight") for name in names], axis=1)
    biases = g.add("Concat", *[g.weight(f"{name}.bias") for name in names], axis=0)
    x = g.add("ConvTranspose", x, weights, biases, kernel_shape=[4, 4], strides=[2, 2], pads=[1, 1, 1, 1])
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


def group_norm(g: OnnxGraph, x: str, name: str, channels: int) -> str:
    """Group norm as instance norm of the groups, then scale and shift of each channel."""
    ones, zeros = (g.rounded(g.constant(value)) for value in (np.ones(GROUPS, np.float32), np.zeros(GROUPS, np.float32)))
    grouped = g.add("Reshape", x, g.integers(0, GROUPS, -1))
    normed = g.add("Reshape", g.add("InstanceNormalization", grouped, ones, zeros, epsilon=NORM_EPSILON), g.add("Shape", x))
    per_channel = g.integers(channels, 1, 1)
    scale, shift = (g.add("Reshape", g.weight(f"{name}.{part}"), per_channel) for part in ("weight", "bias"))
    return g.add("Add", g.add("Mul", normed, scale), shift)


def _atrous_pyramid(g: OnnxGraph, a: RCNNArchitecture, x: str) -> str:
    head, width = f"{_HEAD}.ASPP", a.fpn_channels
    branches = [_normed(g, conv(g, x, f"{head}.convs.0.0", kernel=1, bias=False), f"{head}.convs.0.1", width)]
    for i, dilation in enumerate(ASPP_DILATIONS, start=1):
        name = f"{head}.convs.{i}.0"
        if dilation < a.pool_size:
            y = conv(g, x, name, kernel=3, dilation=dilation, bias=False)
        else:
            # All but the centre of so wide a kernel falls outside the map.
            centre = g.add("Slice", g.weight(f"{name}.weight"), g.integers(1, 1), g.integers(2, 2), g.integers(2, 3))
            y = g.add("Conv", x, centre, kernel_shape=[1, 1])
        branches.append(_normed(g, y, f"{head}.convs.{i}.1", width))
    mean = conv(g, g.add("GlobalAveragePool", x), f"{head}.convs.4.1", kernel=1, bias=False)
    pooled = _normed(g, mean, f"{head}.convs.4.2", width)
    branches.append(g.add("Expand", pooled, g.integers(1, 1, a.pool_size, a.pool_size)))
    return g.add("Relu", conv(g, g.add("Concat", *branches, axis=1), f"{head}.project.0", kernel=1, bias=False))


def _normed(g: OnnxGraph, x: str, name: str, channels: int) -> str:
    return g.add("Relu", group_norm(g, x, name, channels))
