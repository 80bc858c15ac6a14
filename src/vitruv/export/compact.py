"""The compact model: two ONNX graphs and `model.json`, from released MoveNet weights and a training run of the decoder.

The detector: `image` (n, H, W, 3) uint8, H and W multiples of 32 -> `centres`, `sizes`, `offsets`. The regressor: `crops`
(n, h, w, 3) uint8 and `boxes_xyxy` (n, 4) -> `logits` (n, 25, h / 4, w / 4), `uv` (n, 48, h / 4, w / 4), `joints` (n, 17, 3). See
`vitruv.runtime.compact`. Weights are stored in half precision and cast when the graph is loaded; all arithmetic is in float32.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vitruv._version import __version__
from vitruv.convert.movenet import read_movenet
from vitruv.errors import InputError
from vitruv.export.checked import ExportReport, export_checked
from vitruv.export.graph import round_weights
from vitruv.export.runs import TrainedRun, mean_network, read_runs, training_of
from vitruv.networks.compact import STRIDE, GuidedDecoder, GuidedRegressor, PoseTrunk, fold_normalisation, person_first
from vitruv.networks.trunks import MoveNet, movenet_from, normalised
from vitruv.train import RegressorConfig, build_decoder, from_plain, open_pose_trunk
from vitruv.train.compact.regressor import BOX_SCALE
from vitruv.train.compact.setup import PAD_VALUE
from vitruv.train.engine.files import write_json
from vitruv.types import PathLike

MODEL_FILE = "model.json"
FORMAT = 1
"""Of model.json of kind "compact"."""

FOREGROUND_THRESHOLD = 0.35
"""Chance of a person from which a pixel is theirs (measured in docs/model-card.md)."""
CENTRE_THRESHOLD = 0.3
"""MultiPose's score that becomes 0.5, the default threshold (measured in docs/model-card.md)."""
UPRIGHT_SCORE = 0.3

_NOISE_PX = 96  # side of the pictures that a detector's graph is checked with
_CHECKED_BATCH = 3


class DetectorGraph(nn.Module):
    """MoveNet MultiPose as the runtime sees it: no joints, and scores in 0..1 of which 0.5 is where people begin."""

    def __init__(self, network: MoveNet, *, centre_threshold: float) -> None:
        super().__init__()
        self.trunk, self.pyramid = network.trunk, network.pyramid
        self.centre, self.size, self.offset = (network.heads[name] for name in ("centre", "box_scale", "box_offset"))
        self.shift = math.log(1 / centre_threshold - 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        merged = self.pyramid(self.trunk(normalised(image)))
        return (self.centre(merged) + self.shift).sigmoid(), self.size(merged), self.offset(merged)


class RegressorGraph(nn.Module):
    """`GuidedRegressor` as the runtime sees it: logits whose largest is the answer (`person_first`)."""

    def __init__(self, network: GuidedRegressor, *, foreground_threshold: float) -> None:
        super().__init__()
        self.network, self.foreground_threshold = network, foreground_threshold

    def forward(self, crops: Tensor, boxes_xyxy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits, uv, joints = self.network(crops, boxes_xyxy)
        return person_first(logits, self.foreground_threshold), uv, joints


def export_compact(
    folder: PathLike,
    *,
    regressor_run: PathLike | Sequence[PathLike] | None = None,
    trunk: PathLike | None = None,
    detector: PathLike | None = None,
    manifest_name: str = MODEL_FILE,
    one_look: bool = False,
    foreground_threshold: float = FOREGROUND_THRESHOLD,
    centre_threshold: float = CENTRE_THRESHOLD,
) -> list[ExportReport]:
    """Write the graphs of the compact model and its manifest. What is not given stays as it is in `folder`.

    regressor_run: run of `vitruv train regressor`, whose last checkpoint (running mean) is taken; several runs of one network that
        started from the same weights give the mean of their weights. trunk: the MoveNet file it was trained on, where it has moved.
    detector: JSON of MoveNet MultiPose. manifest_name: `fast.json` for a second, smaller model in the same folder. one_look: the
        detector does not look again at a higher resolution where it sees small people.
    Raises InputError when a folder is no such run or a threshold no chance, FormatError when a file does not fit, ModelError when
    ONNX Runtime and torch disagree; nothing is written then.
    """
    for name, value in (("foreground_threshold", foreground_threshold), ("centre_threshold", centre_threshold)):
        if not 0 < value < 1:
            raise InputError(f"{name} must be between 0 and 1, but got {value}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    manifest = _manifest(folder / manifest_name)
    reports = []
    if detector is not None:
        reports.append(export_detector(detector, folder / "detector.onnx", centre_threshold=centre_threshold))
        manifest["detector"] = {
            "file": "detector.onnx",
            "coarse_px": 256,
            "fine_px": None if one_look else 512,
            "fine_below": 0.35,
            "fine_max": 0.5,
            "min_side_px": 24,
            "min_score": 0.1,
            "nms_iou": 0.6,
            "pad_value": PAD_VALUE,
            "centre_threshold": centre_threshold,
        }
    if regressor_run is not None:
        runs = read_runs(regressor_run, "regressor")
        stem = "" if manifest_name == MODEL_FILE else f"{Path(manifest_name).stem}_"
        report, size_hw = _export_run(runs, trunk, folder / f"{stem}regressor.onnx", foreground_threshold)
        reports.append(report)
        manifest["regressor"] = {
            "file": report.path.name,
            "size_hw": list(size_hw),
            "output_size_hw": [side // STRIDE for side in size_hw],
            "box_scale": BOX_SCALE,
            "pad_value": PAD_VALUE,
            "foreground_threshold": foreground_threshold,
            "upright_score": UPRIGHT_SCORE,
            "mirror": False,
        }
        manifest["training"]["regressor"] = training_of(runs)
    write_json(folder / manifest_name, manifest)
    return reports


def export_detector(movenet: PathLike, path: Path, *, centre_threshold: float = CENTRE_THRESHOLD) -> ExportReport:
    """Write the detector's graph from a release of MoveNet MultiPose."""
    weights = read_movenet(movenet)
    if "box_scale" not in weights.heads:
        raise InputError(f"{movenet}: the detector must be MoveNet MultiPose, but this release finds no boxes")
    graph = DetectorGraph(movenet_from(weights), centre_threshold=centre_threshold)
    return export_checked(
        round_weights(graph),
        path,
        {"image": noise_pictures((_NOISE_PX, _NOISE_PX))},
        output_names=("centres", "sizes", "offsets"),
        free_axes={"image": (0, 1, 2)},
    )


def export_regressor(
    trunk: PoseTrunk, decoder: GuidedDecoder, path: Path, *, foreground_threshold: float = FOREGROUND_THRESHOLD
) -> ExportReport:
    """Write the regressor's graph."""
    network = GuidedRegressor(trunk, fold_normalisation(decoder.float().cpu()))
    boxes = torch.tensor([[0.1, 0.3, 0.9, 0.7], [0.3, 0.1, 0.7, 0.9], [0.1, 0.1, 0.9, 0.9]])
    return export_checked(
        round_weights(RegressorGraph(network, foreground_threshold=foreground_threshold)),
        path,
        {"crops": noise_pictures(trunk.size_hw), "boxes_xyxy": boxes},
        output_names=("logits", "uv", "joints"),
    )


def export_trunk(trunk: PoseTrunk, path: Path) -> ExportReport:
    """Write a trunk by itself, as training runs it."""
    return export_checked(
        trunk,
        path,
        {"crops": noise_pictures(trunk.size_hw)},
        output_names=("fine", "middle", "coarse", "coarsest", "heat", "joints"),
    )


def noise_pictures(size_hw: tuple[int, int]) -> Tensor:
    """(3, *size_hw, 3) uint8, to check graphs with."""
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (_CHECKED_BATCH, *size_hw, 3), dtype=np.uint8))


def _export_run(
    runs: Sequence[TrainedRun], trunk: PathLike | None, path: Path, foreground_threshold: float
) -> tuple[ExportReport, tuple[int, int]]:
    config = from_plain(RegressorConfig, runs[-1].config["task"])
    source = Path(trunk if trunk is not None else runs[-1].config["data"]["trunk"])
    features = open_pose_trunk(source, config.size_hw)
    decoder = mean_network(runs, partial(build_decoder, config, features.channels))
    return export_regressor(features, decoder, path, foreground_threshold=foreground_threshold), config.size_hw


def _manifest(path: Path) -> dict[str, Any]:
    fresh = {"kind": "compact", "format": FORMAT, "version": __version__, "training": {}}
    if not path.exists():
        return fresh
    try:
        old = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is there but cannot be read ({error}); remove it or choose another folder") from None
    if not isinstance(old, dict) or old.get("kind") != "compact":
        raise InputError(f"{path} is the manifest of another kind of model; choose another folder")
    return {**old, **fresh, "training": old.get("training", {})}
