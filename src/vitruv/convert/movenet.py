"""Google's MoveNet releases (TensorFlow.js graph models, Apache-2.0) as arrays named after our modules."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from vitruv.convert.tfjs_weights import read_tfjs_weights
from vitruv.errors import FormatError
from vitruv.types import AnyArray, Float32Array, PathLike

_HEADS = {
    "center_0": "centre",
    "kpt_heatmap_0": "joint_heat",
    "kpt_regress_0": "joint_regress",
    "kpt_offset_0": "joint_offset",
    "box_scale_0": "box_scale",
    "box_offset_0": "box_offset",
}
_STEM_CHANNELS = 32  # of MobileNetV2 at width 1

# Name in the graph (after `StatefulPartitionedCall/`, with `center_net_.../model_1/` as `fpn/`) -> name of our module.
_RULES = (
    (r"fpn/model/Conv1/Conv2D", "trunk.stem"),
    (r"fpn/model/Conv_1/Conv2D", "trunk.last"),
    (r"fpn/model/expanded_conv_(depthwise|project)/\w+", r"trunk.blocks.0.\1"),
    (r"fpn/model/block_(\d+)_(expand|depthwise|project)/\w+?", r"trunk.blocks.\1.\2"),
)
_PYRAMID = {"conv2d": 3, "conv2d_1": 2, "conv2d_2": 1, "conv2d_3": 0}  # lateral of which level
_MERGES = {"separable_conv2d": 2, "separable_conv2d_1": 1, "separable_conv2d_2": 0}


@dataclass(frozen=True)
class MoveNetWeights:
    """arrays: name of a parameter of `vitruv.networks.trunks.MoveNet` -> float32 array in PyTorch's layout.

    width: of the MobileNetV2 (1.0 Lightning, 1.5 MultiPose, 1.75 Thunder). heads: those that the file has.
    """

    arrays: dict[str, Float32Array]
    width: float
    heads: tuple[str, ...]


def read_movenet(path: PathLike) -> MoveNetWeights:
    """Weights of a MoveNet release, from its JSON and the binary file beside it.

    Raises FormatError when the file is another model, or lacks a layer; errors of `read_tfjs_weights`.
    """
    arrays: dict[str, Float32Array] = {}
    for name, weight in read_tfjs_weights(path).items():
        target = _target(name)
        if target is not None:
            arrays[target] = _torch_layout(weight, depthwise="depthwise" in target)
    if "trunk.stem.weight" not in arrays:
        raise FormatError(str(path), "not a MoveNet model: it has no layer `model/Conv1` of a MobileNetV2 with a feature pyramid")
    heads = tuple(head for head in _HEADS.values() if f"heads.{head}.outer.weight" in arrays)
    return MoveNetWeights(arrays, _width(len(arrays["trunk.stem.weight"])), heads)


def _width(stem_channels: int) -> float:
    return stem_channels / _STEM_CHANNELS


def _target(name: str) -> str | None:
    """Our name of a weight in the graph; None for constants of the post-processing."""
    name = re.sub(r"^StatefulPartitionedCall/", "", name)
    name = name.replace("center_net_mobile_net_v2fpn_feature_extractor/model_1/", "fpn/")
    folded = re.fullmatch(r"(.+)_(weights|bn_offset)", name)
    if folded:
        base, part = folded[1], "weight" if folded[2] == "weights" else "bias"
        for pattern, ours in _RULES:
            found = re.fullmatch(pattern, base)
            if found:
                return f"{found.expand(ours)}.{part}"
        merge = re.fullmatch(r"fpn/(separable_conv2d\w*)/separable_conv2d", base)
        return f"pyramid.merges.{_MERGES[merge[1]]}.pointwise.{part}" if merge and merge[1] in _MERGES else None
    lateral = re.fullmatch(r"fpn/(conv2d\w*)/(Conv2D|BiasAdd)/ReadVariableOp", name)
    if lateral and lateral[1] in _PYRAMID:
        return f"pyramid.laterals.{_PYRAMID[lateral[1]]}.{'weight' if lateral[2] == 'Conv2D' else 'bias'}"
    merge = re.fullmatch(r"fpn/(separable_conv2d\w*)/separable_conv2d/ReadVariableOp", name)
    if merge and merge[1] in _MERGES:
        return f"pyramid.merges.{_MERGES[merge[1]]}.depthwise.weight"
    return _head_target(name)


def _head_target(name: str) -> str | None:
    head, _, layer = name.partition("/")
    if head not in _HEADS:
        return None
    layers = {
        r"separable_conv2d\w*/separable_conv2d/ReadVariableOp": "inner.depthwise.weight",
        r"separable_conv2d\w*/separable_conv2d/ReadVariableOp_1": "inner.pointwise.weight",
        r"separable_conv2d\w*/BiasAdd/ReadVariableOp": "inner.pointwise.bias",
        r"conv2d\w*/Conv2D/ReadVariableOp": "outer.weight",
        r"conv2d\w*/BiasAdd/ReadVariableOp": "outer.bias",
    }
    for pattern, ours in layers.items():
        if re.fullmatch(pattern, layer):
            return f"heads.{_HEADS[head]}.{ours}"
    return None


def _torch_layout(weight: AnyArray, *, depthwise: bool) -> Float32Array:
    """Kernels (h, w, in, out), depthwise ones (h, w, channels, 1) -> (out, in, h, w)."""
    if weight.ndim != 4:
        return np.ascontiguousarray(weight, np.float32)
    axes = (2, 3, 0, 1) if depthwise else (3, 2, 0, 1)
    return np.ascontiguousarray(weight.transpose(axes), np.float32)
