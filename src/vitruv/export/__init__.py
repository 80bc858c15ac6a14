"""Trained networks to ONNX graphs. Exporting needs torch, so everything is imported when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vitruv.export.embedded import ExportReport, export_detector, export_embedded, export_regressor
    from vitruv.export.second_look import export_second_look

__all__ = ["ExportReport", "export_detector", "export_embedded", "export_regressor", "export_second_look"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from vitruv.export import embedded, second_look

        return getattr(second_look if name == "export_second_look" else embedded, name)
    raise AttributeError(f"module 'vitruv.export' has no attribute {name!r}")
