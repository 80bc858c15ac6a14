"""The model's answer to a task, for the annotator to start from. Nothing is saved here: annotators save what they keep."""

from __future__ import annotations

from typing import Any

import numpy as np

from vitruv.annotate.domain.accounts import Annotator
from vitruv.annotate.domain.guesses import guess_points
from vitruv.annotate.domain.masks import encode_mask
from vitruv.annotate.domain.overview import task_state
from vitruv.annotate.domain.photos import photo_file
from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.proposer import Proposer
from vitruv.annotate.domain.views import Views
from vitruv.geometry import clip, pixels_under_grid, xyxy_to_xywh
from vitruv.results import ChartMap, DensePoses
from vitruv.surface.charts import NUM_PARTS, PART_OF_CHART
from vitruv.types import AnyArray, BoolArray, Int64Array

_MIN_PIXELS = 12
"""Smaller pieces of a part, in pixels of the 256 x 256 grid, are not proposed."""


def propose(project: Project, views: Views, model: Proposer, viewer: Annotator, task_id: str) -> dict[str, Any]:
    """What the model would answer. Returns {"boxes": [...]}, {"masks": {part: run lengths}}, or {"points": [...]} by kind."""
    task = task_state(project, viewer, task_id)
    path, _ = photo_file(project, task["photo"]["id"])
    if task["kind"] == "boxes":
        return {"boxes": _boxes(model(path, None))}
    box = task["box"]
    corners = np.array([[box["x"], box["y"], box["x"] + box["w"], box["y"] + box["h"]]], np.float32)
    seen = model(path, corners)
    chart_map = seen.charts[0]
    rows, columns = _grid_pixels(chart_map, seen.placements_xywh[0], box)
    if task["kind"] == "parts":
        parts = PART_OF_CHART[chart_map.labels[np.ix_(rows, columns)]]
        return {"masks": {str(part): encode_mask(mask) for part, mask in _worth_showing(parts)}}
    labels, uv = chart_map.labels[np.ix_(rows, columns)], chart_map.uv[:, rows[:, None], columns]
    guesses = guess_points(views, labels, uv, task["points"])
    # A guess on a part that the annotator did not outline cannot be right.
    visible = {int(part) for part in task["masks"]} | {point["part"] for point in task["points"]}
    return {"points": [guess for guess in guesses if guess["part"] in visible]}


def _boxes(people: DensePoses) -> list[dict[str, float]]:
    boxes = xyxy_to_xywh(clip(people.boxes_xyxy, people.size_hw))
    return [dict(zip("xywh", (round(float(side), 1) for side in box), strict=True)) for box in boxes]


def _grid_pixels(chart_map: ChartMap, placement: Int64Array, box: dict[str, float]) -> tuple[Int64Array, Int64Array]:
    """Rows and columns of the chart map under the centres of the 256 x 256 grid over the box."""
    height, width = chart_map.size_hw
    rows = pixels_under_grid(box["y"] - placement[1], box["h"], height)
    return rows, pixels_under_grid(box["x"] - placement[0], box["w"], width)


def _worth_showing(parts: AnyArray) -> list[tuple[int, BoolArray]]:
    masks = [(part, parts == part) for part in range(1, NUM_PARTS + 1)]
    return [(part, mask) for part, mask in masks if mask.sum() >= _MIN_PIXELS]
