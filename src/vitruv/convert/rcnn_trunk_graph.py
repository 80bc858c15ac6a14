"""The trunk of a DensePose-RCNN, a ResNet, and the way down its feature pyramid, as parts of graphs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from vitruv.convert.onnx_writer import OnnxGraph
from vitruv.convert.rcnn_layers import conv
from vitruv.convert.winograd import conv3x3, zero_row
from vitruv.rcnn_config import NORM_EPSILON, PYRAMID_LEVELS, RCNNArchitecture

_TRUNK = "backbone.bottom_up"


@dataclass(frozen=True)
class Tiles:
    """Inputs of a graph: windows (36, t) of the tiles of a map in its cells, and the order (h * w,) of its cells in the (16, t)
    cells of the tiles."""

    windows: str
    order: str


def bottom_up(g: OnnxGraph, a: RCNNArchitecture, tiled: Mapping[int, Tiles] = MappingProxyType({})) -> dict[int, str]:
    """image (1, 3, h, w) -> the levels of the pyramid, 2..5, before their last convolution: (1, c, h/4, w/4)...

    tiled: for stages of the trunk whose 3x3 convolutions go by tiles, the tiles of their maps.
    """
    x = g.rounded(g.input("image", (1, 3, "h", "w")))
    x = g.add("Relu", _conv_norm(g, x, f"{_TRUNK}.stem.conv1", kernel=7, stride=2))
    x = g.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    merged: dict[int, str] = {}
    for stage, blocks in enumerate(a.blocks):
        for block in range(blocks):
            name, stride = f"{_TRUNK}.res{stage + 2}.{block}", 2 if block == 0 and stage > 0 else 1
            x = _bottleneck(g, x, name, stride=stride, first=block == 0, width=a.res2_mid << stage, tiles=tiled.get(stage + 2))
        merged[stage + 2] = conv(g, x, f"backbone.fpn_lateral{stage + 2}", kernel=1)
    for level in reversed(PYRAMID_LEVELS[:-1]):
        merged[level] = g.add("Add", merged[level], _twice_nearest(g, merged[level + 1]))
    return merged


def _bottleneck(g: OnnxGraph, x: str, name: str, *, stride: int, first: bool, width: int, tiles: Tiles | None) -> str:
    y = g.add("Relu", _conv_norm(g, x, f"{name}.conv1", kernel=1, stride=stride))
    if tiles is None:
        y = g.add("Relu", _conv_norm(g, y, f"{name}.conv2", kernel=3))
    else:
        y = g.add("Relu", _tiled_conv_norm(g, y, f"{name}.conv2", width, tiles))
    y = _conv_norm(g, y, f"{name}.conv3", kernel=1)
    shortcut = _conv_norm(g, x, f"{name}.shortcut", kernel=1, stride=stride) if first else x
    return g.add("Relu", g.add("Add", y, shortcut))


def _conv_norm(g: OnnxGraph, x: str, name: str, *, kernel: int, stride: int = 1) -> str:
    weight, shift = (g.rounded(value) for value in _with_norm(g, name))
    return g.add("Conv", x, weight, shift, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4)


def _tiled_conv_norm(g: OnnxGraph, x: str, name: str, width: int, tiles: Tiles) -> str:
    """`_conv_norm` with a kernel of 3, by tiles."""
    weight, shift = _with_norm(g, name)
    last = g.add("Transpose", x, perm=[0, 2, 3, 1])
    cells = zero_row(g, g.add("Reshape", last, g.integers(-1, width)), width)
    found = g.add("Reshape", conv3x3(g, cells, tiles.windows, weight, inner=width, out=width), g.integers(-1, width))
    shifted = g.add("Add", g.add("Gather", found, tiles.order, axis=0), shift)
    return g.add("Transpose", g.add("Reshape", shifted, g.add("Shape", last)), perm=[0, 3, 1, 2])


def _with_norm(g: OnnxGraph, name: str) -> tuple[str, str]:
    """Weight and bias of a convolution that the norm after it has become part of, both float32."""
    parts = ("weight", "bias", "running_mean", "running_var")
    gain, bias, mean, variance = (g.exact_weight(f"{name}.norm.{part}") for part in parts)
    scale = g.add("Div", gain, g.add("Sqrt", g.add("Add", variance, g.constant(np.array(NORM_EPSILON, np.float32)))))
    weight = g.add("Mul", g.exact_weight(f"{name}.weight"), g.add("Reshape", scale, g.integers(-1, 1, 1, 1)))
    return weight, g.add("Sub", bias, g.add("Mul", mean, scale))


def _twice_nearest(g: OnnxGraph, x: str) -> str:
    scales = g.constant(np.array([1, 1, 2, 2], np.float32))
    return g.add("Resize", x, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
