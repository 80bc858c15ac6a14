"""The report of a study: numbers as JSON, the error over the body and the curve of correct points as pictures."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from vitruv.annotate.domain.agreement import agreement
from vitruv.annotate.domain.project import Project
from vitruv.annotate.study.body_picture import draw_error_map
from vitruv.annotate.study.errors import StudyErrors, error_map, study_errors
from vitruv.errors import MissingExtraError, UnwritableFileError
from vitruv.files import replacing
from vitruv.http.errors import UnprocessableError
from vitruv.metrics import area_under_curve, ratio_correct
from vitruv.surface import Atlas
from vitruv.surface.charts import NUM_PARTS, PART_NAMES
from vitruv.types import AnyArray

_PAPER = {"AUC10": 0.563, "AUC30": 0.835}
"""What the paper reports of its annotators (its human performance), for comparison."""


def write_report(project: Project, atlas: Atlas, folder: Path) -> dict[str, Any]:
    """Write report.json, error_map.png and ratio_correct.png into `folder`. Returns what is in report.json.

    Raises UnprocessableError while no study photo is finished, UnwritableFileError.
    """
    errors = study_errors(project, atlas)
    if not len(errors.error_m):
        raise UnprocessableError("no study photo is finished yet: annotate some, or simulate annotators")
    report = summary(errors)
    report["agreement"] = agreement(project, atlas)["annotators"]
    report["paper"] = _PAPER
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableFileError(folder, f"cannot be made ({error.strerror})") from None
    with replacing(folder / "error_map.png") as file:
        draw_error_map(atlas, error_map(atlas, errors)).save(file, "PNG")
    with replacing(folder / "ratio_correct.png") as file:
        file.write(_curve(errors))
    with replacing(folder / "report.json") as file:
        file.write(json.dumps(report, indent=1).encode())
    return report


def summary(errors: StudyErrors) -> dict[str, Any]:
    """Errors in centimetres: over all points, per part, per annotator."""
    names = np.array(errors.annotator)
    return {
        "all": _numbers(errors.error_m),
        "skipped": errors.skipped,
        "photos": len(np.unique(errors.photo)),
        "parts": {
            PART_NAMES[part]: _numbers(errors.error_m[errors.part == part])
            for part in range(1, NUM_PARTS + 1)
            if (errors.part == part).any()
        },
        "annotators": {str(name): _numbers(errors.error_m[names == name]) for name in np.unique(names)},
    }


def _numbers(error_m: AnyArray) -> dict[str, Any]:
    return {
        "points": len(error_m),
        "mean_cm": round(100 * float(error_m.mean()), 3),
        "median_cm": round(100 * float(np.median(error_m)), 3),
        "AUC10": area_under_curve(error_m, 0.10),
        "AUC30": area_under_curve(error_m, 0.30),
    }


def _curve(errors: StudyErrors) -> bytes:
    """The ratio of correct points, one line per annotator, as PNG."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "eval") from None
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.add_subplot()
    bounds = np.linspace(0, 0.3, 301)
    names = np.array(errors.annotator)
    for name in np.unique(names):
        mine = errors.error_m[names == name]
        ten, thirty = (area_under_curve(mine, bound) or 0.0 for bound in (0.10, 0.30))
        axes.plot(100 * bounds, ratio_correct(mine, bounds), label=f"{name}: AUC10 {ten:.3f}, AUC30 {thirty:.3f}")
    axes.set(
        xlabel="geodesic error, cm", ylabel="share of points below", xlim=(0, 30), ylim=(0, 1), title="Annotators against truth"
    )
    axes.grid(alpha=0.25)
    axes.legend(loc="lower right")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    return stream.getvalue()
