"""Trained networks to ONNX graphs."""

from vitruv.export.embedded import ExportReport, export_detector, export_embedded, export_regressor

__all__ = ["ExportReport", "export_detector", "export_embedded", "export_regressor"]
