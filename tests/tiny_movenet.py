"""A MoveNet release of random weights, small enough for tests: the JSON and binary file that Google's converter writes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from vitruv.networks.trunks import MoveNet

WIDTH = 0.25
_ROOT = "StatefulPartitionedCall/"
_FPN = f"{_ROOT}center_net_mobile_net_v2fpn_feature_extractor/model_1/"
_HEADS = {
    "centre": "center_0",
    "joint_heat": "kpt_heatmap_0",
    "joint_regress": "kpt_regress_0",
    "joint_offset": "kpt_offset_0",
    "box_scale": "box_scale_0",
    "box_offset": "box_offset_0",
}


def tiny_movenet(heads: Sequence[str], *, seed: int = 0) -> MoveNet:
    torch.manual_seed(seed)
    network = MoveNet(width=WIDTH, heads=heads).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(weight.half().float())  # what the file can hold
    return network


def write_tiny_movenet(path: Path, heads: Sequence[str], *, seed: int = 0) -> MoveNet:
    """Writes PATH and the binary file beside it; returns the network that is in it."""
    network = tiny_movenet(heads, seed=seed)
    entries, parts = [], []
    for name, weight in network.state_dict().items():
        values = weight.numpy()
        if values.ndim == 4:
            values = values.transpose((2, 3, 0, 1) if ".depthwise." in name else (2, 3, 1, 0))
        entries.append(
            {"name": released_name(name), "shape": list(values.shape), "dtype": "float32", "quantization": {"dtype": "float16"}}
        )
        parts.append(np.ascontiguousarray(values, "<f2").tobytes())
    entries.append({"name": f"{_ROOT}ArgMax/dimension", "shape": [], "dtype": "int32"})  # a constant of the post-processing
    parts.append(np.array(1, "<i4").tobytes())
    binary = path.with_suffix(".bin")
    binary.write_bytes(b"".join(parts))
    path.write_text(json.dumps({"format": "graph-model", "weightsManifest": [{"paths": [binary.name], "weights": entries}]}))
    return network


def released_name(name: str) -> str:
    """The name in the release of a parameter of ours."""
    part = "weights" if name.endswith("weight") else "bn_offset"
    read = "ReadVariableOp"
    if name.startswith("trunk."):
        if block := re.fullmatch(r"trunk\.blocks\.(\d+)\.(\w+)\.\w+", name):
            layer = f"expanded_conv_{block[2]}" if block[1] == "0" else f"block_{block[1]}_{block[2]}"
            return f"{_FPN}model/{layer}/{'depthwise' if block[2] == 'depthwise' else 'Conv2D'}_{part}"
        return f"{_FPN}model/{'Conv1' if 'stem' in name else 'Conv_1'}/Conv2D_{part}"
    if lateral := re.fullmatch(r"pyramid\.laterals\.(\d)\.(\w+)", name):
        layer = {"3": "conv2d", "2": "conv2d_1", "1": "conv2d_2", "0": "conv2d_3"}[lateral[1]]
        return f"{_FPN}{layer}/{'Conv2D' if lateral[2] == 'weight' else 'BiasAdd'}/{read}"
    if merge := re.fullmatch(r"pyramid\.merges\.(\d)\.(\w+)\.\w+", name):
        layer = {"2": "separable_conv2d", "1": "separable_conv2d_1", "0": "separable_conv2d_2"}[merge[1]]
        tail = f"separable_conv2d/{read}" if merge[2] == "depthwise" else f"separable_conv2d_{part}"
        return f"{_FPN}{layer}/{tail}"
    _, head, rest = name.split(".", 2)
    tails = {
        "inner.depthwise.weight": f"separable_conv2d_7/separable_conv2d/{read}",
        "inner.pointwise.weight": f"separable_conv2d_7/separable_conv2d/{read}_1",
        "inner.pointwise.bias": f"separable_conv2d_7/BiasAdd/{read}",
        "outer.weight": f"conv2d_8/Conv2D/{read}",
        "outer.bias": f"conv2d_8/BiasAdd/{read}",
    }
    return f"{_ROOT}{_HEADS[head]}/{tails[rest]}"
