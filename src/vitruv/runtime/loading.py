"""`load`: from a name or a folder to a `Predictor`.

A model is a folder with a `model.json`, whose field `kind` says how it is run. To add a kind, write a module with a function
`open_model(folder, manifest, *, device, precision, augment) -> Model` and name it in `KINDS`; it is imported only when such a
model is loaded.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitruv.errors import ModelError
from vitruv.runtime.devices import PRECISIONS
from vitruv.runtime.predictor import Model, Predictor
from vitruv.runtime.zoo.entries import CATALOGUE
from vitruv.types import PathLike

if TYPE_CHECKING:
    from vitruv.runtime.zoo.store import Announce

KINDS = {
    "compact": "vitruv.runtime.compact.model",
    "rcnn": "vitruv.runtime.rcnn.open",
}
"""kind -> module."""

_SCRATCH = "embedded"  # version 0.1: networks trained from random weights, with a second look at doubtful boxes

MANIFEST = "model.json"
FAST = "fast"
FAST_MANIFEST = "fast.json"
EMBEDDED_FOLDER = Path(__file__).resolve().parents[1] / "data" / "embedded"


def load(
    model: PathLike | None = None,
    *,
    device: str = "auto",
    precision: str = "auto",
    augment: bool = False,
    announce: Announce | None = None,
) -> Predictor:
    """Load a model, ready to predict.

    model: None for the model inside the package; "fast" for the smaller one there, which takes less time, but misses small people
        and is less exact; the path of a model folder (or of its model.json); a checkpoint file of Detectron2's DensePose, which is
        converted first; or a name of `vitruv models`, which is downloaded first.
    device: "auto" (the fastest that is there), "cpu", "cuda", "cuda:1" or another of `vitruv.runtime.DEVICES`.
    precision: "fp32", "fp16", or "auto": fp16 on GPUs, fp32 elsewhere. The model inside the package always computes in fp32.
    augment: average the maps of each person over the picture and its mirror image, at twice the time; official checkpoints also
        over nine sizes, many times as slow. Not for official checkpoints that predict vertices.
    announce: called before a download; see `vitruv.runtime.zoo.store`.
    Raises ModelError when the model is missing, damaged or of an unknown kind, when the device is not there, or the model does
        not know the precision or cannot be averaged.
    """
    if precision not in PRECISIONS:
        raise ModelError(f"no precision {precision!r}; choose from {', '.join(PRECISIONS)}")
    path = _manifest_path(model, announce)
    manifest = _manifest(path)
    kind = manifest.get("kind")
    if kind == _SCRATCH:
        raise ModelError(f"{path}: the networks of this kind, {kind!r}, were replaced; train and export the model again")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ModelError(f"{path}: kind is {kind!r}, but this version knows {', '.join(map(repr, KINDS))}")
    opened: Model = importlib.import_module(KINDS[kind]).open_model(
        path.parent, manifest, device=device, precision=precision, augment=augment
    )
    return Predictor(opened)


def _manifest_path(model: PathLike | None, announce: Announce | None) -> Path:
    if model is None:
        return EMBEDDED_FOLDER / MANIFEST
    path = Path(model)
    if str(model) == FAST and not path.exists():
        return EMBEDDED_FOLDER / FAST_MANIFEST
    if path.is_file() and path.suffix == ".json":
        return path
    return _folder(path, announce) / MANIFEST


def _folder(path: Path, announce: Announce | None) -> Path:
    if path.is_dir():
        return path
    if not path.is_file() and str(path) not in CATALOGUE:
        raise ModelError(
            f"no model {str(path)!r}: expected a folder with a {MANIFEST}, a checkpoint file, or a name that `vitruv models` "
            "lists; leave it out for the model inside the package (`fast` is a faster way to use it)"
        )
    # What follows writes models, which `load` needs in these two cases only.
    from vitruv.runtime.zoo import store

    return store.from_checkpoint(path) if path.is_file() else store.fetch(str(path), announce=announce)


def _manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such file, so this folder is not a model") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read as JSON ({error})") from None
    if not isinstance(manifest, dict):
        raise ModelError(f"{path}: expected a JSON object, but got {type(manifest).__name__}")
    return manifest
