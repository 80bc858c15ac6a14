"""Precision-recall curves and the curve of correct points, as pictures."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from vitruv.errors import MissingExtraError
from vitruv.files import replacing
from vitruv.metrics.average_precision import RECALL_LEVELS, PrecisionRecall
from vitruv.metrics.evaluation import Evaluation
from vitruv.metrics.ratio_correct import area_under_curve, ratio_correct

_TITLES = {"gps": "GPS", "gpsm": "GPSm (GPS and mask)", "iou": "mask IoU"}
_ALL_AREAS = 0


def write_curves(evaluation: Evaluation, folder: Path) -> list[Path]:
    """precision_recall_MEASURE.png for each measure and ratio_correct.png, where there is anything to draw.

    Raises MissingExtraError without matplotlib, UnwritableFileError.
    """
    written = []
    for measure, curves in evaluation.curves.items():
        if (curves.precision > -1).any():
            written.append(_save(_precision_recall(measure, curves), folder / f"precision_recall_{measure}.png"))
    if len(evaluation.pooled.distances_m):
        written.append(_save(_ratio_correct(evaluation), folder / "ratio_correct.png"))
    return written


def _figure() -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "eval") from None
    figure = Figure(figsize=(7, 5), layout="constrained")
    return figure, figure.add_subplot()


def _precision_recall(measure: str, curves: PrecisionRecall) -> Any:
    figure, axes = _figure()
    shades = np.linspace(0.0, 0.85, len(curves.thresholds))
    for t, threshold in enumerate(curves.thresholds):
        known = curves.precision[t, :, :, _ALL_AREAS]
        known = known[:, (known > -1).all(axis=0)]
        if known.size:
            colour = (0.1 + 0.8 * shades[t], 0.35, 0.75 - 0.6 * shades[t])
            axes.plot(RECALL_LEVELS, known.mean(axis=1), color=colour, label=f"{threshold:.2f}: AP {100 * known.mean():.1f}")
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02), title=_TITLES.get(measure, measure))
    axes.grid(alpha=0.25)
    axes.legend(title="threshold", fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return figure


def _ratio_correct(evaluation: Evaluation) -> Any:
    figure, axes = _figure()
    bounds = np.linspace(0, 0.3, 301)
    forms = {"all people": evaluation.pooled.distances_m, "one person at a time": evaluation.pooled.single_m}
    for (name, distances), colour, style in zip(forms.items(), ("#1f5fa8", "#c2571a"), ("-", "--"), strict=True):
        ten, thirty = (area_under_curve(distances, bound) for bound in (0.1, 0.3))
        label = f"{name}: AUC10 {ten or 0:.3f}, AUC30 {thirty or 0:.3f}"
        axes.plot(100 * bounds, ratio_correct(distances, bounds), style, color=colour, label=label)
    axes.set(
        xlabel="geodesic error, cm", ylabel="share of points below", xlim=(0, 30), ylim=(0, 1), title="Ratio of correct points"
    )
    axes.grid(alpha=0.25)
    axes.legend(loc="upper left")
    return figure


def _save(figure: Any, path: Path) -> Path:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    with replacing(path) as stream:
        stream.write(picture.getvalue())
    return path
