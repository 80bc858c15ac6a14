"""First weights of a compact network from an exported model, so that training can go on where only the graphs are left."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vitruv.errors import FormatError, MissingExtraError
from vitruv.networks.compact_blocks import ConvNorm, Network, fold_normalisation
from vitruv.train.compact.compact_start import fit_positions

MODEL_FILE = "model.json"


def start_from_model(network: nn.Module, folder: Path, kind: str, images: Tensor) -> list[str]:
    """Fill `network` with the weights of a graph in a model folder of kind "embedded"; returns the names that the graph lacks.

    Exported convolutions have swallowed their batch normalisation. Each gets a new one, whose statistics are measured on `images`
    (n, 3, h, w), normalised as for the network, and which changes nothing there: the network computes what the graph does.
    kind: "regressor" or "detector". Raises FormatError for a model of another network.
    """
    path = _graph_file(folder, kind)
    tensors = _read_graph(path)
    fit_positions(network, tensors, path)
    state = network.state_dict()
    norms = {name: module for name, module in network.named_modules() if isinstance(module, ConvNorm)}
    biases = {name: tensors.pop(f"{name}.conv.bias", None) for name in norms}
    known = {name: value for name, value in tensors.items() if name in state}
    wanted = {name for name, _ in network.named_parameters() if not any(name.startswith(f"{norm}.norm.") for norm in norms)}
    missing = sorted(wanted - set(known))
    others = [name for name, value in known.items() if value.shape != state[name].shape]
    others += [f"{name}.conv.bias" for name, bias in biases.items() if bias is None]
    # Heads that only training has are not in the graph; everything else is.
    if others or not known or any(not name.startswith("keypoints.") for name in missing):
        raise FormatError(path, f"is of another network: {', '.join([*others, *missing][:3])} missing or of another size")
    network.load_state_dict(known, strict=False)
    _measure_norms(network, [(norms[name], bias) for name, bias in biases.items() if bias is not None], images)
    return missing


def read_model(network: Network, folder: Path, kind: str) -> Network:
    """`network` for inference, normalisation folded in, with the weights of a graph in a model folder of kind "embedded".

    What only training has (keypoints) keeps its weights. Raises FormatError for a model of another network.
    """
    path = _graph_file(folder, kind)
    tensors = _read_graph(path)
    folded = fold_normalisation(network)
    state = folded.state_dict()
    known = {name: value for name, value in tensors.items() if name in state}
    missing = [name for name in state if name not in known and not name.startswith("keypoints.")]
    others = [name for name, value in known.items() if value.shape != state[name].shape]
    if missing or others:
        raise FormatError(path, f"is of another network: {', '.join([*others, *missing][:3])} missing or of another size")
    folded.load_state_dict(known, strict=False)
    return folded


def _graph_file(folder: Path, kind: str) -> Path:
    path = folder / MODEL_FILE
    try:
        name = json.loads(path.read_text())[kind]["file"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(path, f"does not name the file of a {kind} ({error})") from None
    if not isinstance(name, str) or Path(name).name != name:
        raise FormatError(path, f"{kind}.file must be the name of a file beside it, but is {name!r}")
    return folder / name


def _read_graph(path: Path) -> dict[str, Tensor]:
    """Weights by the names that they have in the network."""
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError:
        raise MissingExtraError("onnx", "export") from None
    try:
        weights = onnx.load(path).graph.initializer
    except Exception as error:  # protobuf's own exceptions, which are not public
        raise FormatError(path, f"not a readable ONNX graph ({error})") from None
    tensors = {}
    for weight in weights:
        name = weight.name.removeprefix("network.").removesuffix(".half")
        values = np.array(numpy_helper.to_array(weight), np.float32)
        tensors[name.removesuffix(".T")] = torch.from_numpy(values.T.copy() if name.endswith(".T") else values)
    return tensors


def _measure_norms(network: nn.Module, convolutions: list[tuple[ConvNorm, Tensor]], images: Tensor) -> None:
    """One pass; the normalisation behind every convolution is set before it is used, so that the next layers see the truth.

    convolutions: each with the bias that its graph adds.
    """

    def measure(out: Tensor, norm: nn.BatchNorm2d, bias: Tensor) -> None:
        variance, mean = torch.var_mean(out, dim=(0, 2, 3))
        scale, shift = (variance + norm.eps).sqrt(), mean + bias
        norm.load_state_dict({"weight": scale, "bias": shift, "running_mean": mean, "running_var": variance}, strict=False)

    handles = [
        module.conv.register_forward_hook(lambda _, __, out, norm=module.norm, bias=bias: measure(out, norm, bias))
        for module, bias in convolutions
    ]
    training = network.training
    with torch.no_grad():
        network.eval()(images)
    network.train(training)
    for handle in handles:
        handle.remove()
