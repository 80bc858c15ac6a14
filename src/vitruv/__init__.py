"""Vitruv: a photo of people in, dense pose out.

    import vitruv

    predictor = vitruv.load()
    people = predictor("photo.jpg")
    for chart in people.charts:
        chart.labels  # (h, w) uint8, which of the body's 24 charts
        chart.uv      # (2, h, w) float32, where on it

`load` imports ONNX Runtime when it is called, not before; nothing here needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vitruv._version import __version__
from vitruv.errors import VitruvError
from vitruv.results import ChartMap, DensePoses

if TYPE_CHECKING:
    from vitruv.formats.presets import presets
    from vitruv.runtime import Predictor, load

__all__ = ["ChartMap", "DensePoses", "Predictor", "VitruvError", "__version__", "load", "presets"]


def __getattr__(name: str) -> Any:
    if name in ("load", "Predictor"):
        from vitruv import runtime

        return getattr(runtime, name)
    if name == "presets":
        from vitruv.formats.presets import presets

        return presets
    raise AttributeError(f"module 'vitruv' has no attribute {name!r}")
