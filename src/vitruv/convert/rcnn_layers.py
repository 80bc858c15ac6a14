"""Layers that the graphs of a DensePose-RCNN share."""

from __future__ import annotations

import numpy as np

from vitruv.convert.onnx_writer import OnnxGraph


def conv(g: OnnxGraph, x: str, *names: str, kernel: int, dilation: int = 1, bias: bool = True) -> str:
    """A convolution; several names make one wider convolution, their outputs one after the other."""
    weights = joined(g, [f"{name}.weight" for name in names])
    inputs = [x, weights, *([joined(g, [f"{name}.bias" for name in names])] if bias else [])]
    margin = dilation * (kernel // 2)
    return g.add("Conv", *inputs, kernel_shape=[kernel] * 2, pads=[margin] * 4, dilations=[dilation] * 2)


def twice_bilinear(g: OnnxGraph, x: str) -> str:
    scales = g.constant(np.array([1, 1, 2, 2], np.float32))
    return g.add("Resize", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")


def joined(g: OnnxGraph, names: list[str], axis: int = 0) -> str:
    weights = [g.weight(name) for name in names]
    return weights[0] if len(weights) == 1 else g.add("Concat", *weights, axis=axis)


def input_channels_last(g: OnnxGraph, name: str, shape: tuple[int | str, ...]) -> str:
    """As float32; see `OnnxGraph.rounded`."""
    return g.add("Transpose", g.input(name, shape), perm=[0, 3, 1, 2])


def output_channels_last(g: OnnxGraph, value: str, name: str, shape: tuple[int | str, ...]) -> None:
    g.output(g.add("Transpose", value, perm=[0, 2, 3, 1]), name, shape)
