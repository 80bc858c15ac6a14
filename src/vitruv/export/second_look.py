"""Give the regressor of an exported model a second look at what its detector finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file

from vitruv.errors import FormatError, InputError, MissingFileError
from vitruv.export.embedded import ExportReport, export_judging_regressor
from vitruv.networks import CompactRegressor, SecondLook
from vitruv.train import RegressorConfig, build_regressor, from_plain, read_model
from vitruv.train.files import write_json
from vitruv.train.model_start import MODEL_FILE
from vitruv.train.second_look import LOOK_FILE, WEIGHTS_FILE, digest_of
from vitruv.types import PathLike

LEAST_SCORE = 0.33
"""The detector's score from which the runtime has a second look: lower ones are seldom right, and each look takes as long as
mapping a person."""
MOST = 32
"""Second looks at a picture; the best candidates of the detector get them."""


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
    manifest["regressor"] = entry | {"second_look": {"least_score": LEAST_SCORE, "most": MOST}}
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
