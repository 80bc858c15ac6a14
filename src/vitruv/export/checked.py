"""Graphs that are written only when ONNX Runtime and torch agree on what they compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vitruv.errors import ModelError
from vitruv.export.graph import build_graph, run_graph, save_graph

TOLERANCE = 1e-4
"""Largest difference between torch and ONNX Runtime, relative where values are larger than 1."""


@dataclass(frozen=True)
class ExportReport:
    """One written graph.

    differences: per output the largest |torch - ONNX Runtime| on random pictures, divided by the value where that is above 1; both
    sides with the rounded weights.
    """

    path: Path
    size_bytes: int
    differences: dict[str, float]


def export_checked(
    module: nn.Module,
    path: Path,
    inputs: dict[str, Tensor],
    *,
    output_names: tuple[str, ...],
    free_axes: Mapping[str, tuple[int, ...]] | None = None,
) -> ExportReport:
    """Write the graph of a module, if torch and ONNX Runtime agree on what it makes of `inputs`; ModelError otherwise.

    free_axes: axes of an input that may have any size (for pictures multiples of 32); the first one of every input by default.
    """
    module = module.eval()
    graph = build_graph(module, inputs, output_names=output_names, free_axes=free_axes)
    got = run_graph(graph, {name: values.numpy() for name, values in inputs.items()})
    with torch.inference_mode():
        expected = dict(zip(output_names, module(*inputs.values()), strict=True))
    differences = {
        name: float(np.max(np.abs(got[name] - value.numpy()) / np.maximum(np.abs(value.numpy()), 1)))
        for name, value in expected.items()
    }
    if not all(difference <= TOLERANCE for difference in differences.values()):
        raise ModelError(f"{path.name}: torch and ONNX Runtime differ by {differences}, more than {TOLERANCE}; it was not written")
    return ExportReport(path, save_graph(path, graph), differences)
