"""Vitruv: a photo of people in, dense pose out.

    import vitruv

    predictor = vitruv.load()
    people = predictor("photo.jpg")
    for person in people:
        print(person.score, person.box_xyxy)
        person.chart.labels  # (h, w) uint8, which of the body's 24 charts
        person.chart.uv      # (2, h, w) float32, where on it
    people.save("photo.npz")

Names are imported when they are first used: ONNX Runtime with `load`, Pillow with `read_image` and `draw`. Nothing here needs
torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from vitruv._version import __version__
from vitruv.errors import (
    FileError,
    FormatError,
    InputError,
    MissingExtraError,
    MissingFileError,
    ModelError,
    UnreadableFileError,
    UnsafeFileError,
    UnwritableFileError,
    VitruvError,
)
from vitruv.results import ChartMap, DensePoses, Person

if TYPE_CHECKING:
    from vitruv import draw, formats
    from vitruv.clips import video
    from vitruv.formats.presets import presets
    from vitruv.media import read_image
    from vitruv.runtime import Predictor, load
    from vitruv.surface import Atlas
    from vitruv.tracking import Tracker

__all__ = [
    "Atlas",
    "ChartMap",
    "DensePoses",
    "FileError",
    "FormatError",
    "InputError",
    "MissingExtraError",
    "MissingFileError",
    "ModelError",
    "Person",
    "Predictor",
    "Tracker",
    "UnreadableFileError",
    "UnsafeFileError",
    "UnwritableFileError",
    "VitruvError",
    "__version__",
    "draw",
    "formats",
    "load",
    "presets",
    "read_image",
    "video",
]

_HOME = {
    "Atlas": "surface",
    "Predictor": "runtime",
    "Tracker": "tracking",
    "load": "runtime",
    "presets": "formats.presets",
    "read_image": "media",
    "video": "clips",
}
_ROOMS = ("draw", "formats")
_EXTRA = {"Tracker": "video", "video": "video"}


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"vitruv.{name}")
    if name in _HOME:
        try:
            return getattr(importlib.import_module(f"vitruv.{_HOME[name]}"), name)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if name not in _EXTRA or package in ("", "vitruv"):
                raise
            raise MissingExtraError(package, _EXTRA[name]) from None
    raise AttributeError(f"module 'vitruv' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
