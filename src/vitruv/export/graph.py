"""A torch module as an ONNX graph: made, made small, checked and written."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from vitruv.errors import ModelError
from vitruv.files import replacing
from vitruv.types import AnyArray

OPSET = 18

_SMALL = 256  # arrays with fewer numbers stay as they are


def round_weights(network: nn.Module) -> nn.Module:
    """A copy whose larger weights are rounded to half precision, so that storing them so loses nothing more."""
    network = copy.deepcopy(network)
    with torch.no_grad():
        for weight in network.parameters():
            if weight.numel() >= _SMALL:
                weight.copy_(weight.half().float())
    return network


def build_graph(
    module: nn.Module,
    examples: Mapping[str, Tensor],
    *,
    output_names: Sequence[str],
    free_axes: Mapping[str, Sequence[int]] | None = None,
) -> onnx.ModelProto:
    """The graph of a module. examples: its inputs by name, in order.

    free_axes: for some inputs, which axes may have any size, the batch's (first) among them; for others that is the first one.
    Sides of pictures must be multiples of 32.

    Float32 weights that are exact in half precision are stored so, each followed by a cast, which ONNX Runtime works out once when
    it loads the graph."""
    axes = free_axes or {}
    exporter_log = logging.getLogger("torch.onnx")
    level = exporter_log.level
    exporter_log.setLevel(logging.ERROR)  # it warns that torchvision is not there
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own deprecations, nothing a caller could mend
            program = torch.onnx.export(
                module.eval(),
                tuple(examples.values()),
                dynamo=True,
                verbose=False,
                input_names=list(examples),
                output_names=list(output_names),
                dynamic_shapes=tuple(_dynamic(axes.get(name, (0,))) for name in examples),
                opset_version=OPSET,
            )
    finally:
        exporter_log.setLevel(level)
    if program is None:
        raise ModelError("torch returned no ONNX program")
    graph = program.model_proto
    _name_transposed(graph, module)
    _store_halves(graph)
    del graph.metadata_props[:]
    for node in graph.graph.node:
        del node.metadata_props[:]  # stack traces of the exporting machine
        node.doc_string = ""
    onnx.checker.check_model(graph)
    return graph


def _dynamic(axes: Sequence[int]) -> dict[int, Any]:
    """What torch's exporter takes for an input's free axes: the batch, then height and width in steps of 32."""
    named: dict[int, Any] = {
        0: "n",
        1: 32 * torch.export.Dim("rows", min=1, max=64),
        2: 32 * torch.export.Dim("columns", min=1, max=64),
    }
    return {axis: named[axis] for axis in axes}


def _name_transposed(model: onnx.ModelProto, module: nn.Module) -> None:
    """The exporter stores the weights of linear layers transposed and under numbers; give them back their names, with ".T"."""
    graph = model.graph
    matrices = {name: value.detach().numpy().T for name, value in module.named_parameters() if value.ndim == 2}
    renamed: dict[str, str] = {}
    for weight in graph.initializer:
        if len(weight.dims) != 2 or weight.data_type != onnx.TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(weight)
        name = next((n for n, m in matrices.items() if m.shape == values.shape and np.array_equal(m, values)), None)
        if name is not None and weight.name != name:
            renamed[weight.name] = f"{name}.T"
            weight.name = f"{name}.T"
            del matrices[name]
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]


def _store_halves(model: onnx.ModelProto) -> None:
    graph = model.graph
    casts = []
    for weight in list(graph.initializer):
        if weight.data_type != onnx.TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(weight)
        with np.errstate(over="ignore"):
            halves = values.astype(np.float16)
        if values.size < _SMALL or not np.array_equal(halves.astype(np.float32), values):
            continue
        graph.initializer.remove(weight)
        graph.initializer.append(numpy_helper.from_array(halves, weight.name + ".half"))
        casts.append(onnx.helper.make_node("Cast", [weight.name + ".half"], [weight.name], to=onnx.TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])


def run_graph(model: onnx.ModelProto, inputs: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """Outputs by name, from ONNX Runtime on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def save_graph(path: Path, model: onnx.ModelProto) -> int:
    """Write the graph whole or not at all; returns its size in bytes."""
    content = model.SerializeToString()
    with replacing(path) as stream:
        stream.write(content)
    return len(content)
