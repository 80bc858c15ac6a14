"""First weights of a compact network from an exported model, so that training can go on where only the graphs are left."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vitruv.errors import FormatError, MissingExtraError
from vitruv.networks.compact_blocks import ConvNorm
from vitruv.train.compact_start import fit_positions


def start_from_model(network: nn.Module, folder: Path, kind: str, images: Tensor) -> list[str]:
    """Fill `network` with the weights of a graph in a model folder of kind "embedded"; returns the names that the graph lacks.

    Exported convolutions have swallowed their batch normalisation. Each gets a new one, whose statistics are measured on `images`
    (n, 3, h, w), normalised as for the network, and which changes nothing there: the network computes what the graph does.
    kind: "regressor" or "detector". Raises FormatError for a model of another network.
    """
    path = folder / str(json.loads((folder / "model.json").read_text())[kind]["file"])
    tensors = _read_graph(path)
    fit_positions(network, tensors, path)
    # Heads that only training has are not in the graph.
    wanted = {name for name, _ in network.named_parameters() if ".norm." not in f".{name}"}
    state = network.state_dict()
    missing = sorted(wanted - set(tensors))
    known = {name: value for name, value in tensors.items() if name in state}
    if any(known[name].shape != state[name].shape for name in known) or len(missing) > 2:
        raise FormatError(path, f"is of another network (it lacks {', '.join(missing[:3])} or has it in another size)")
    network.load_state_dict(known, strict=False)
    _measure_norms(network, tensors, images)
    return missing


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


def _measure_norms(network: nn.Module, tensors: dict[str, Tensor], images: Tensor) -> None:
    """One pass; the normalisation behind every convolution is set before it is used, so that the next layers see the truth."""
    handles = []
    for name, module in network.named_modules():
        if isinstance(module, ConvNorm):
            bias = tensors[f"{name}.conv.bias"]

            def measure(_: nn.Module, __: object, out: Tensor, norm: nn.Module = module.norm, bias: Tensor = bias) -> None:
                assert isinstance(norm, nn.BatchNorm2d) and norm.running_mean is not None and norm.running_var is not None
                variance, mean = torch.var_mean(out, dim=(0, 2, 3))
                norm.running_mean.copy_(mean)
                norm.running_var.copy_(variance)
                norm.weight.copy_((variance + norm.eps).sqrt())
                norm.bias.copy_(mean + bias)

            handles.append(module.conv.register_forward_hook(measure))
    training = network.training
    with torch.no_grad():
        network.eval()(images)
    network.train(training)
    for handle in handles:
        handle.remove()
