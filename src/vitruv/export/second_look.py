"""Give the regressor of an exported model a second look at what its detector finds."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from vitruv.errors import FormatError, InputError, MissingFileError
from vitruv.export.embedded import ExportReport, RegressorGraph, export_checked, noise_pictures, ready_weights
from vitruv.export.graph import round_weights
from vitruv.networks import CompactRegressor, SecondLook, normalise
from vitruv.train import RegressorConfig, build_regressor, from_plain, read_model
from vitruv.train.compact.detector_proposals import digest_of
from vitruv.train.compact.model_start import MODEL_FILE
from vitruv.train.compact.verifier import LEAST_SCORE, LOOK_FILE, MOST_SHARED, WEIGHTS_FILE
from vitruv.train.engine.files import write_json
from vitruv.types import PathLike

MOST = 8
"""Second looks at a picture with few people; the best candidates of the detector get them."""

REFIT_IOU = 0.6
"""Once people's boxes are drawn around what the regressor sees of them, those that overlap more are of one person."""


class JudgingRegressorGraph(RegressorGraph):
    """The same with a second look at what a detector found: its boxes in their crops and its scores in, other scores out.

    threshold: the score of `SecondLook` that becomes 0.5.
    """

    def __init__(self, network: nn.Module, person_at: float, look: SecondLook, threshold: float) -> None:
        super().__init__(network, person_at)
        self.look, self.shift = look, math.log(1 / threshold - 1)

    def forward(  # type: ignore[override]
        self, crops: Tensor, places_xyxy: Tensor, found_scores: Tensor
    ) -> tuple[Tensor, ...]:
        coarse, fine = self.network.levels(normalise(crops))  # type: ignore[operator]
        scores = (self.look(coarse, fine, places_xyxy, found_scores) + self.shift).sigmoid()
        return (*self.maps(fine), scores)


def export_judging_regressor(
    network: nn.Module, path: Path, *, size_hw: tuple[int, int], person_at: float, look: SecondLook, threshold: float
) -> ExportReport:
    """Write the graph of a `CompactRegressor` with a second look; see `JudgingRegressorGraph`."""
    graph = JudgingRegressorGraph(ready_weights(network), person_at, cast(SecondLook, round_weights(look)), threshold)
    inputs = {
        "crops": noise_pictures(size_hw),
        "places_xyxy": torch.tensor([[0.1, 0.05, 0.9, 0.95], [0.3, 0.07, 0.7, 0.93], [0.07, 0.4, 0.93, 0.6]]),
        "found_scores": torch.tensor([0.2, 0.5, 0.9]),
    }
    return export_checked(graph, path, inputs, output_names=("logits", "uv", "scores"))


def export_second_look(folder: PathLike, run: PathLike) -> ExportReport:
    """Write `regressor.onnx` and `model.json` in a model folder again, now with the second look that `run` has trained.

    Raises MissingFileError or FormatError for what is no such run or model, InputError when it was trained for another regressor.
    """
    folder, run = Path(folder), Path(run)
    manifest = _read_json(folder / MODEL_FILE)
    settings = _read_json(run / LOOK_FILE)
    network = read_regressor(folder)
    if settings.get("regressor") != digest_of(network):
        raise InputError(f"{run} was trained for another regressor than the one in {folder}: train it again")
    look = SecondLook(network.widths[3], network.fused[1], hidden=int(settings["hidden"]))
    try:
        look.load_state_dict(load_file(run / WEIGHTS_FILE))
    except (SafetensorError, OSError, RuntimeError) as error:
        raise FormatError(run / WEIGHTS_FILE, f"not the weights of a second look ({error})") from None
    entry = manifest["regressor"]
    report = export_judging_regressor(
        network,
        folder / entry["file"],
        size_hw=network.size_hw,
        person_at=entry["person_at"],
        look=look,
        threshold=settings["figures"]["threshold"],
    )
    looks = {"least_score": LEAST_SCORE, "most": MOST, "most_shared": MOST_SHARED, "refit_iou": REFIT_IOU}
    manifest["regressor"] = entry | {"second_look": looks}
    manifest["training"]["second_look"] = {name: settings[name] for name in ("scenes", "seed", "figures")}
    write_json(folder / MODEL_FILE, manifest)
    return report


def read_regressor(folder: Path) -> CompactRegressor:
    """The regressor of a model folder, for inference. Raises MissingFileError or FormatError."""
    manifest = _read_json(folder / MODEL_FILE)
    try:
        task = from_plain(RegressorConfig, manifest["training"]["regressor"]["config"]["task"])
    except (KeyError, TypeError) as error:
        raise FormatError(folder / MODEL_FILE, f"does not say how its regressor was trained ({error})") from None
    return read_model(build_regressor(task), folder, "regressor")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except (OSError, ValueError) as error:
        raise FormatError(path, f"cannot be read as JSON ({error})") from None
    if not isinstance(found, dict):
        raise FormatError(path, "expected a JSON object")
    return found
