"""First weights from files that users have: DensePose checkpoints of Detectron2, ImageNet trunks of its zoo, runs of our own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from vitruv.errors import FormatError
from vitruv.formats import read_pickle

# Names of the Caffe2 trunks (R-50.pkl, R-101.pkl): res2_0_branch2a_w is the first convolution of the first block of res2.
_BRANCHES = {"branch1": "shortcut", "branch2a": "conv1", "branch2b": "conv2", "branch2c": "conv3"}
_STATISTICS = {"gamma": "weight", "s": "weight", "beta": "bias", "b": "bias", "rm": "running_mean", "riv": "running_var"}
_STEM = re.compile(r"(?:res_)?conv1_(w|bn_\w+)")
_BLOCK = re.compile(r"res([2-5])_(\d+)_(branch1|branch2[abc])_(w|bn_\w+)")
_NORM = re.compile(r"(.*\.norm)\.(weight|bias|running_mean|running_var)")


def read_start(path: Path) -> dict[str, Tensor]:
    """Named tensors of a file: `.safetensors` of a run (the mean weights), or a Detectron2 or Caffe2 pickle.

    Pickles are read without running anything of them. Raises FormatError, UnsafeFileError, MissingFileError.
    """
    if path.suffix == ".safetensors":
        try:
            tensors = load_file(path)
        except (SafetensorError, OSError) as error:
            raise FormatError(path, f"not a readable checkpoint ({error})") from None
        mean = {name.removeprefix("ema."): value for name, value in tensors.items() if name.startswith("ema.")}
        return mean or tensors
    content = read_pickle(path)
    for inner in ("model", "blobs"):
        if isinstance(content, Mapping) and isinstance(content.get(inner), Mapping):
            content = content[inner]
    if not isinstance(content, Mapping):
        raise FormatError(path, "does not hold named tensors")
    named: dict[str, Tensor] = {}
    for name, value in content.items():
        array = np.asarray(value) if not isinstance(value, (str, bytes)) else np.zeros(0, np.str_)
        if isinstance(name, str) and array.dtype.kind in "fiu" and not name.endswith("_momentum"):
            named[trunk_name(name)] = torch.from_numpy(np.array(array, np.float32))
    return named


def trunk_name(name: str) -> str:
    """A parameter of a Caffe2 trunk under its name in our networks; other names stay."""
    if stem := _STEM.fullmatch(name):
        return f"backbone.bottom_up.stem.conv1.{_last(stem[1])}"
    if block := _BLOCK.fullmatch(name):
        return f"backbone.bottom_up.res{block[1]}.{block[2]}.{_BRANCHES[block[3]]}.{_last(block[4])}"
    return name


def _last(name: str) -> str:
    if name == "w":
        return "weight"
    statistic = name.removeprefix("bn_")
    return f"norm.{_STATISTICS.get(statistic, statistic)}"


def start_from(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> int:
    """Fill in what a file has under the same name and shape; the rest keeps its random weights. Returns how many fitted.

    The scale and shift of batch statistics mean nothing to a group norm, and are left out there. Raises FormatError when nothing
    fits.
    """
    state = network.state_dict()

    def fits(name: str, value: Tensor) -> bool:
        if name not in state or state[name].shape != value.shape:
            return False
        norm = _NORM.fullmatch(name)
        return norm is None or f"{norm[1]}.running_mean" in state or f"{norm[1]}.running_mean" not in tensors

    fitting = {name: value for name, value in tensors.items() if fits(name, value)}
    if not fitting:
        raise FormatError(path, "no tensor fits this network by name and shape; was it made for another size?")
    network.load_state_dict(fitting, strict=False)
    return len(fitting)
