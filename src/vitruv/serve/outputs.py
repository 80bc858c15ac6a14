"""The forms of an answer, and which one a client gets."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vitruv.errors import InputError, UnwritableFileError
from vitruv.formats import ChannelOrder
from vitruv.formats.presets import Preset, presets
from vitruv.http.errors import InsufficientStorageError, NotAcceptableError, UnprocessableError
from vitruv.results import DensePoses
from vitruv.serve.engine import Prediction

MEDIA_TYPES = {
    "json": "application/json",
    "iuv": "image/png",
    "labels": "image/png",
    "npz": "application/x-npz",
    "overlay": "image/jpeg",
}
"""Form -> the type of its answer."""

_SUFFIXES = {"json": ".json", "iuv": "_iuv.png", "labels": "_labels.png", "npz": ".npz"}
_ACCEPTED = {  # in order of preference, where a client likes several equally
    "application/json": "json",
    "image/png": "iuv",
    "image/jpeg": "overlay",
    "application/x-npz": "npz",
    "application/octet-stream": "npz",
}
_JPEG_QUALITY = 90


@dataclass(frozen=True)
class Answer:
    content: bytes
    media_type: str


def choose(output: str | None, accept: str | None) -> str:
    """The form of the answer: `output` if given, otherwise by the header Accept; JSON when neither says anything.

    Raises UnprocessableError for an unknown output, NotAcceptableError when the client accepts none of the forms.
    """
    if output is not None:
        if output not in MEDIA_TYPES:
            raise UnprocessableError(f"output must be one of {', '.join(MEDIA_TYPES)}, but got {output!r}")
        return output
    best: tuple[float, int, str] | None = None
    for entry in (accept or "*/*").split(","):
        media_type, *parameters = (part.strip().lower() for part in entry.split(";"))
        quality = _quality(parameters)
        for rank, (offered, form) in enumerate(_ACCEPTED.items()):
            kind = offered.partition("/")[0]
            if quality > 0 and media_type in (offered, f"{kind}/*", "*/*"):
                exact = 0 if media_type == offered else 100
                form = "labels" if form == "iuv" and "map=labels" in parameters else form
                best = max(best or (-1.0, 0, ""), (quality, -rank - exact, form))
    if best is None:
        raise NotAcceptableError(f"the answer can be {', '.join(dict.fromkeys(_ACCEPTED))}, but the header Accept allows none")
    return best[2]


def preset_named(name: str) -> Preset:
    """Raises UnprocessableError for a name that is unknown, or one of a whole run."""
    if name not in presets or not isinstance(presets[name], Preset):
        single = [known for known in presets if isinstance(presets[known], Preset)]
        raise UnprocessableError(f"preset must be one of {', '.join(single)}, but got {name!r}")
    preset = presets[name]
    assert isinstance(preset, Preset)
    return preset


def encode(prediction: Prediction, form: str, *, channel_order: ChannelOrder = "iuv", image_id: int = 1) -> Answer:
    """A prediction in one of the forms: the same bytes that `vitruv predict` writes; overlays as JPEG."""
    if form == "overlay":
        stream = io.BytesIO()
        Image.fromarray(prediction.people.overlay(prediction.rgb)).save(stream, "JPEG", quality=_JPEG_QUALITY)
        return Answer(stream.getvalue(), MEDIA_TYPES[form])
    return Answer(_saved(prediction.people, form, channel_order, image_id), MEDIA_TYPES[form])


def encode_preset(prediction: Prediction, preset: Preset) -> Answer:
    """The map of a preset: PNG for bytes, NPY for anything else."""
    try:
        array = preset.render(prediction.people, prediction.rgb)
    except InputError as error:
        raise UnprocessableError(str(error)) from None
    stream = io.BytesIO()
    if array.dtype == np.uint8:
        Image.fromarray(array).save(stream, "PNG", compress_level=1)
        return Answer(stream.getvalue(), "image/png")
    np.save(stream, array, allow_pickle=False)
    return Answer(stream.getvalue(), "application/x-npy")


def _saved(people: DensePoses, form: str, channel_order: ChannelOrder, image_id: int) -> bytes:
    try:
        with tempfile.TemporaryDirectory(prefix="vitruv-serve-") as folder:
            path = Path(folder) / f"answer{_SUFFIXES[form]}"
            people.save(path, channel_order=channel_order, image_id=image_id)
            return path.read_bytes()
    except (UnwritableFileError, OSError):
        raise InsufficientStorageError("the server has no space for the answer") from None


def _quality(parameters: list[Any]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
