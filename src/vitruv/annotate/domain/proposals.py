"""The model's answer to a task, for the annotator to start from. Nothing here is saved: what people keep, they save."""

from __future__ import annotations

from typing import Any

import numpy as np

from vitruv.annotate.domain.accounts import Annotator
from vitruv.annotate.domain.masks import encode_mask
from vitruv.annotate.domain.overview import task_state
from vitruv.annotate.domain.photos import photo_file
from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.proposer import Proposer
from vitruv.annotate.domain.views import SurfacePoint, Views
from vitruv.geometry import clip, xyxy_to_xywh
from vitruv.results import ChartMap, DensePoses
from vitruv.sampling import GRID
from vitruv.surface.charts import NUM_PARTS, PART_OF_CHART
from vitruv.types import AnyArray, BoolArray, Int64Array

_MIN_PIXELS = 12
"""Specks of a part, on the 256 x 256 grid, are no proposal."""


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
    return {"points": _points(views, chart_map, rows, columns, task["points"])}


def _boxes(people: DensePoses) -> list[dict[str, float]]:
    boxes = xyxy_to_xywh(clip(people.boxes_xyxy, people.size_hw))
    return [dict(zip("xywh", (round(float(side), 1) for side in box), strict=True)) for box in boxes]


def _grid_pixels(chart_map: ChartMap, placement: Int64Array, box: dict[str, float]) -> tuple[Int64Array, Int64Array]:
    """Rows and columns of the chart map under the centres of the 256 x 256 grid over the box."""
    steps = (np.arange(GRID) + 0.5) / GRID
    height, width = chart_map.size_hw
    columns = np.clip(np.floor(box["x"] + steps * box["w"] - placement[0]), 0, width - 1).astype(np.int64)
    rows = np.clip(np.floor(box["y"] + steps * box["h"] - placement[1]), 0, height - 1).astype(np.int64)
    return rows, columns


def _worth_showing(parts: AnyArray) -> list[tuple[int, BoolArray]]:
    masks = [(part, parts == part) for part in range(1, NUM_PARTS + 1)]
    return [(part, mask) for part, mask in masks if mask.sum() >= _MIN_PIXELS]


def _points(
    views: Views, chart_map: ChartMap, rows: Int64Array, columns: Int64Array, asked: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Where the model sees the points of a task; those on its background are left out."""
    if not asked:
        return []
    at_row = rows[[min(max(round(point["y"]), 0), GRID - 1) for point in asked]]
    at_column = columns[[min(max(round(point["x"]), 0), GRID - 1) for point in asked]]
    charts = chart_map.labels[at_row, at_column]
    found = views.atlas.locate(charts, chart_map.uv[:, at_row, at_column].T)
    guesses = []
    for point, face, weights in zip(asked, found.face, found.barycentric, strict=True):
        if face >= 0:
            b0, b1, b2 = (float(b) for b in weights)
            guess: SurfacePoint = views.surface_point(int(face), (b0, b1, b2))
            guesses.append({"n": point["n"], "chart": guess.chart, "xyz": views.position(guess)})
    return guesses
