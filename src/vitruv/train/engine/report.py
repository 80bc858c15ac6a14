"""The story of a run: its curves as a picture, and its last figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vitruv.errors import InputError, MissingExtraError
from vitruv.files import replacing
from vitruv.train.engine.files import read_scalars

CURVES_FILE = "curves.png"


def write_report(folder: Path) -> dict[str, Any]:
    """Draw `curves.png` in the run's folder, and return its last line of scalars with the last evaluation.

    Raises InputError when nothing was logged yet, MissingExtraError without matplotlib.
    """
    lines = read_scalars(folder)
    if not lines:
        raise InputError(f"{folder} has no scalars yet: train for a while first")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "eval") from None
    evaluated = [line for line in lines if line["evaluation"]]
    panels: list[tuple[str, list[dict[str, Any]], str]] = [(name, lines, "means") for name in lines[-1]["means"]]
    panels += [(name, evaluated, "evaluation") for name in (evaluated[-1]["evaluation"] if evaluated else ())]
    columns = 4
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4 * columns, 3 * rows), layout="constrained")
    for i, (name, points, group) in enumerate(panels):
        axes = figure.add_subplot(rows, columns, i + 1)
        axes.plot([point["step"] for point in points], [point[group][name] for point in points], linewidth=1)
        axes.set_title(f"{name} (held out)" if group == "evaluation" else name)
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
    with replacing(folder / CURVES_FILE) as stream:
        figure.savefig(stream, format="png", dpi=80)
    last = {key: value for key, value in lines[-1].items() if key != "evaluation"}
    return {**last, "evaluation": evaluated[-1]["evaluation"] if evaluated else {}}
