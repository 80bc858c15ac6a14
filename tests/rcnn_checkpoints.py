"""Random DensePose-RCNN checkpoints, as Detectron2 writes them: for tests and benchmarks where no trained one can be had."""

from __future__ import annotations

import math
import pickle
from pathlib import Path

import numpy as np

from vitruv.rcnn_config import RCNNArchitecture
from vitruv.types import Float32Array


def random_tensors(architecture: RCNNArchitecture, *, seed: int) -> dict[str, Float32Array]:
    """Every tensor of the architecture, scaled so that activations neither vanish nor explode."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for name, shape in architecture.parameter_shapes().items():
        if name.endswith(("running_var", "norm.weight")) or (len(shape) == 1 and name.endswith("weight")):
            # Residual branches are quiet, as in trained networks.
            tensors[name] = np.full(shape, 0.25 if "conv3.norm.weight" in name else 1.0, np.float32)
        elif len(shape) == 1:
            tensors[name] = rng.standard_normal(shape, np.float32) * np.float32(0.02)
        else:
            fan_in = math.prod(shape[1:]) if "lowres" not in name else 4 * shape[0]
            # Boxes move by about their size, so that as many proposals survive as in a trained model.
            small = ("bbox_pred.weight", "anchor_deltas.weight", "stem.conv1.weight")
            gain = 0.05 if name.endswith(small) else 1.4
            tensors[name] = rng.standard_normal(shape, np.float32) * np.float32(gain / math.sqrt(fan_in))
    return tensors


def write_checkpoint(path: Path, tensors: dict[str, Float32Array]) -> Path:
    """A .pkl file of Detectron2's layout."""
    with path.open("wb") as stream:
        pickle.dump({"model": tensors, "__author__": "random weights"}, stream, protocol=4)
    return path
