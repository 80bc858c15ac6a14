"""The embedded model: two fixed-shape ONNX graphs and `model.json`, from two training runs.

Both graphs take uint8 RGB pictures (n, h, w, 3) and normalise inside. The regressor: `crops` -> `logits` (n, 25, h / 4, w / 4) and
`uv` (n, 48, h / 4, w / 4). The detector: `image` -> `boxes_xyxy` (n, a, 4) in pixels of its input and `scores` (n, a) in 0..1.
Weights are stored in half precision and cast when the graph is loaded; all arithmetic is in float32.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vitruv._version import __version__
from vitruv.errors import InputError, ModelError
from vitruv.export.graph import build_graph, round_weights, run_graph, save_graph
from vitruv.export.runs import mean_network, read_runs, training_of
from vitruv.networks import PIXEL_MEAN, fold_normalisation, normalise
from vitruv.networks.compact_regressor import STRIDE, person_first
from vitruv.train import DetectorConfig, RegressorConfig, build_detector, build_regressor, from_plain
from vitruv.train.compact.model_start import MODEL_FILE
from vitruv.train.engine.files import write_json
from vitruv.types import PathLike

BOX_SCALE = 1.15
"""How much larger than the person's box the crop is; the synthetic crops are cut with the same factor."""
PERSON_AT = 0.3
"""Chance of a person from which a pixel is theirs. On synthetic crops 0.5 gives the best outlines; who learnt from synthetic people
doubts real ones, and on photos limbs are missing at 0.5 (figures in docs/model-card.md)."""
NMS_IOU = 0.5
"""Of two boxes that overlap more, the one with the lower score is left out. At 0.6, which training evaluates with, people
who fill the picture get second boxes."""
TURNED_FROM = 1.0
"""Boxes whose width is more than so many times their height are also looked at turned: people may lie in them."""
TOLERANCE = 1e-4
"""Largest difference between torch and ONNX Runtime, relative where values are larger than 1."""

_CHECKED_BATCH = 3


@dataclass(frozen=True)
class ExportReport:
    """One written graph.

    differences: per output the largest |torch - ONNX Runtime| on random pictures, divided by the value where that is above 1; both
    sides with the rounded weights.
    """

    path: Path
    size_bytes: int
    differences: dict[str, float]


class RegressorGraph(nn.Module):
    """`CompactRegressor` as the runtime sees it: pictures in, logits whose largest is the answer (`person_first`), no auxiliary
    output."""

    def __init__(self, network: nn.Module, person_at: float = 0.5) -> None:
        super().__init__()
        self.network, self.person_at = network, person_at

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        features = self.network.features(normalise(crops))  # type: ignore[operator]
        return self.maps(features)

    def maps(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return person_first(self.network.logits(features), self.person_at), self.network.uv(features)  # type: ignore[operator]


class DetectorGraph(nn.Module):
    """`CompactDetector` as the runtime sees it: pictures in, scores in 0..1.

    balance: the network's score that becomes 0.5, so that 0.5 is where precision and recall are balanced. The network's own scores
    are about the IoU that it expects, which stays far below one where boxes are hard to tell.
    """

    def __init__(self, network: nn.Module, balance: float = 0.5) -> None:
        super().__init__()
        self.network = network
        self.shift = math.log(1 / balance - 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        outputs = self.network(normalise(image))
        return outputs.boxes_xyxy, (outputs.logits + self.shift).sigmoid()


def export_embedded(
    folder: PathLike,
    *,
    regressor_run: PathLike | Sequence[PathLike] | None = None,
    detector_run: PathLike | Sequence[PathLike] | None = None,
    person_at: float = PERSON_AT,
) -> list[ExportReport]:
    """Write `regressor.onnx` and `detector.onnx` from the last checkpoints (running means) of two runs, and `model.json`.

    A run that is not given leaves its graph, and what `model.json` says of it, as they are in `folder`.
    regressor_run, detector_run: several runs of one network give the mean of their weights, which errs less on pictures unlike
    those of the training than each alone (Wortsman et al., "Model soups", 2022); they should have started from the same weights.
    person_at: chance of a person, 0..1, from which the regressor calls a pixel theirs.
    Raises InputError when a folder is no run of that kind or person_at no such chance, FormatError when a checkpoint does not fit,
    ModelError when ONNX Runtime and torch disagree; nothing is written then.
    """
    if not 0 < person_at < 1:
        raise InputError(f"person_at must be between 0 and 1, but got {person_at}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    reports = []
    manifest = _manifest(folder / MODEL_FILE)
    if regressor_run is not None:
        runs = read_runs(regressor_run, "regressor")
        task = from_plain(RegressorConfig, runs[-1].config["task"])
        network = mean_network(runs, partial(build_regressor, task))
        reports.append(export_regressor(network, folder / "regressor.onnx", size_hw=task.size_hw, person_at=person_at))
        manifest["regressor"] = {
            "file": "regressor.onnx",
            "size_hw": list(task.size_hw),
            "output_size_hw": [side // STRIDE for side in task.size_hw],
            "box_scale": BOX_SCALE,
            "person_at": person_at,
            "pad_value": int(PIXEL_MEAN),
            "mirror": True,
            "turned_from": TURNED_FROM,
        }
        manifest["training"]["regressor"] = training_of(runs)
    if detector_run is not None:
        runs = read_runs(detector_run, "detector")
        detector = from_plain(DetectorConfig, runs[-1].config["task"])
        finder = mean_network(runs, partial(build_detector, detector))
        balance = fmean(run.balance for run in runs)
        reports.append(export_detector(finder, folder / "detector.onnx", size_hw=detector.size_hw, balance=balance))
        manifest["detector"] = {
            "file": "detector.onnx",
            "size_hw": list(detector.size_hw),
            "pad_value": int(PIXEL_MEAN),
            "nms_iou": NMS_IOU,
        }
        manifest["training"]["detector"] = training_of(runs)
    write_json(folder / MODEL_FILE, manifest)
    return reports


def export_regressor(network: nn.Module, path: Path, *, size_hw: tuple[int, int], person_at: float = 0.5) -> ExportReport:
    """Write the graph of a `CompactRegressor`. person_at: as in `export_embedded`."""
    inputs = {"crops": noise_pictures(size_hw)}
    return export_checked(RegressorGraph(ready_weights(network), person_at), path, inputs, output_names=("logits", "uv"))


def export_detector(network: nn.Module, path: Path, *, size_hw: tuple[int, int], balance: float = 0.5) -> ExportReport:
    """Write the graph of a `CompactDetector`. balance: as in `DetectorGraph`, in (0, 1)."""
    inputs = {"image": noise_pictures(size_hw)}
    return export_checked(DetectorGraph(ready_weights(network), balance), path, inputs, output_names=("boxes_xyxy", "scores"))


def ready_weights(network: nn.Module) -> nn.Module:
    """A copy for a graph: no normalisation, weights that are exact in half precision."""
    return round_weights(fold_normalisation(network.float().cpu()))


def noise_pictures(size_hw: tuple[int, int]) -> Tensor:
    """(3, *size_hw, 3) uint8, to check graphs with."""
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (_CHECKED_BATCH, *size_hw, 3), dtype=np.uint8))


def export_checked(module: nn.Module, path: Path, inputs: dict[str, Tensor], *, output_names: tuple[str, ...]) -> ExportReport:
    """Write the graph of a module, if torch and ONNX Runtime agree on what it makes of `inputs`; ModelError otherwise."""
    graph = build_graph(module, inputs, output_names=output_names)
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


def _manifest(path: Path) -> dict[str, Any]:
    fresh = {"kind": "embedded", "version": __version__, "training": {}}
    if not path.exists():
        return fresh
    try:
        old = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is there but cannot be read ({error}); remove it or choose another folder") from None
    return {**old, **fresh, "training": old.get("training", {})}
