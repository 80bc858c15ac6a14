"""The atrous pyramid of the DeepLab head and its group norm, in two forms: for any device, and for processors."""

from __future__ import annotations

import numpy as np

from vitruv.convert.atrous import can_spread, conv3x3_dilated
from vitruv.convert.onnx_writer import OnnxGraph
from vitruv.convert.rcnn_layers import conv
from vitruv.rcnn_config import ASPP_DILATIONS, GROUPS, NORM_EPSILON, RCNNArchitecture

_ASPP = "roi_heads.densepose_head.ASPP"


def group_norm(g: OnnxGraph, x: str, name: str, channels: int) -> str:
    """(n, channels, h, w): group norm as instance norm of the groups, then scale and shift of each channel."""
    ones, zeros = (g.rounded(g.constant(value)) for value in (np.ones(GROUPS, np.float32), np.zeros(GROUPS, np.float32)))
    grouped = g.add("Reshape", x, g.integers(0, GROUPS, -1))
    normed = g.add("Reshape", g.add("InstanceNormalization", grouped, ones, zeros, epsilon=NORM_EPSILON), g.add("Shape", x))
    per_channel = g.integers(channels, 1, 1)
    scale, shift = (g.add("Reshape", g.weight(f"{name}.{part}"), per_channel) for part in ("weight", "bias"))
    return g.add("Add", g.add("Mul", normed, scale), shift)


def group_norm_of_cells(g: OnnxGraph, x: str, name: str, *, cells: int, channels: int) -> str:
    """Group norm of (k, n, cells, channels), n people of k * cells cells each: the same numbers, with the channels last."""
    mean = _mean_of_groups(g, x, cells, channels)
    centred = g.add("Sub", x, mean)
    variance = _mean_of_groups(g, g.add("Mul", centred, centred), cells, channels)
    length = g.add("Sqrt", g.add("Add", variance, g.constant(np.array(NORM_EPSILON, np.float32))))
    # Factors are joined before the map is touched, which is large.
    scaled = g.add("Mul", centred, g.add("Div", g.weight(f"{name}.weight"), length))
    return g.add("Add", scaled, g.weight(f"{name}.bias"))


def _mean_of_groups(g: OnnxGraph, x: str, cells: int, channels: int) -> str:
    """(k, n, cells, channels) -> (n, 1, channels): of each person and group its mean, once for each channel of the group.

    Over the first axis alone at first, which adds long rows; whole rows are also what other operators want to meet.
    """
    width = channels // GROUPS
    rows = g.add("Reshape", g.add("ReduceMean", x, axes=[0]), g.integers(-1, cells, GROUPS, width))
    mean = g.add("ReduceMean", rows, axes=[1, 3])
    return g.add("Reshape", g.add("Expand", mean, g.integers(1, 1, GROUPS, width)), g.integers(-1, 1, channels))


def atrous_pyramid(g: OnnxGraph, a: RCNNArchitecture, x: str) -> str:
    """(n, c, s, s) -> (n, c, s, s)."""
    width = a.fpn_channels
    branches = [_normed(g, conv(g, x, f"{_ASPP}.convs.0.0", kernel=1, bias=False), f"{_ASPP}.convs.0.1", width)]
    for i, dilation in enumerate(ASPP_DILATIONS, start=1):
        name = f"{_ASPP}.convs.{i}.0"
        if dilation < a.pool_size:
            y = conv(g, x, name, kernel=3, dilation=dilation, bias=False)
        else:
            y = g.add("Conv", x, _centre(g, f"{name}.weight"), kernel_shape=[1, 1])
        branches.append(_normed(g, y, f"{_ASPP}.convs.{i}.1", width))
    mean = conv(g, g.add("GlobalAveragePool", x), f"{_ASPP}.convs.4.1", kernel=1, bias=False)
    pooled = _normed(g, mean, f"{_ASPP}.convs.4.2", width)
    branches.append(g.add("Expand", pooled, g.integers(1, 1, a.pool_size, a.pool_size)))
    return g.add("Relu", conv(g, g.add("Concat", *branches, axis=1), f"{_ASPP}.project.0", kernel=1, bias=False))


def atrous_pyramid_of_cells(g: OnnxGraph, a: RCNNArchitecture, x: str) -> str:
    """(n, s, s, c) -> (n, s, s, c): the same numbers with fewer products.

    Inside, rows of cells come first: (s, n, s, c). The branch that sees the mean of a person is the same in all cells, and is
    added after the projection, of which it takes its own part.
    """
    side, width = a.pool_size, a.fpn_channels
    rows = g.add("Transpose", x, perm=[1, 0, 2, 3])
    branches = [_dense(g, rows, g.weight(f"{_ASPP}.convs.0.0.weight"), width)]
    for i, dilation in enumerate(ASPP_DILATIONS, start=1):
        name = f"{_ASPP}.convs.{i}.0.weight"
        if dilation >= side:
            y = _dense(g, rows, _centre(g, name), width)
        elif can_spread(side, dilation):
            y = conv3x3_dilated(g, rows, g.weight(name), side=side, dilation=dilation, inner=width, out=width)
        else:
            first = g.add("Transpose", x, perm=[0, 3, 1, 2])
            whole = conv(g, first, name.removesuffix(".weight"), kernel=3, dilation=dilation, bias=False)
            y = g.add("Transpose", whole, perm=[2, 0, 3, 1])
        branches.append(y)
    normed = []
    for i, y in enumerate(branches):
        normed.append(g.add("Relu", group_norm_of_cells(g, y, f"{_ASPP}.convs.{i}.1", cells=side, channels=width)))
    mean = g.add("ReduceMean", g.add("ReduceMean", rows, axes=[0]), axes=[2])  # (1, n, 1, c)
    mean = _dense(g, mean, g.weight(f"{_ASPP}.convs.4.1.weight"), width)
    normed.append(g.add("Relu", group_norm_of_cells(g, mean, f"{_ASPP}.convs.4.2", cells=1, channels=width)))
    parts = g.add_many("Split", [g.weight(f"{_ASPP}.project.0.weight"), g.integers(*[width] * 5)], 5, axis=1)
    projected = _dense(g, normed[-1], parts[-1], width)
    for y, part in zip(normed[:-1], parts[:-1], strict=True):
        projected = g.add("Add", _dense(g, y, part, width), projected)
    return g.add("Transpose", g.add("Relu", projected), perm=[1, 0, 2, 3])


def _normed(g: OnnxGraph, x: str, name: str, channels: int) -> str:
    return g.add("Relu", group_norm(g, x, name, channels))


def _centre(g: OnnxGraph, weight: str) -> str:
    """The middle of a kernel so wide that all else of it falls outside the map: (out, in, 1, 1)."""
    return g.add("Slice", g.weight(weight), g.integers(1, 1), g.integers(2, 2), g.integers(2, 3))


def _dense(g: OnnxGraph, x: str, weight: str, width: int) -> str:
    """A convolution by one cell, channels last. weight: value (width, width, 1, 1)."""
    flat = g.add("Reshape", weight, g.integers(width, width))
    return g.add("MatMul", x, g.add("Transpose", flat, perm=[1, 0]))
