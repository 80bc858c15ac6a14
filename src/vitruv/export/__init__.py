"""Trained networks to ONNX graphs. Exporting needs torch, so everything is imported when it is first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vitruv.export.checked import ExportReport
    from vitruv.export.compact import export_compact, export_detector, export_regressor, export_trunk

__all__ = ["ExportReport", "export_compact", "export_detector", "export_regressor", "export_trunk"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        module = "vitruv.export.checked" if name == "ExportReport" else "vitruv.export.compact"
        return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module 'vitruv.export' has no attribute {name!r}")
