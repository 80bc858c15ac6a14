"""The model's guesses for the points of a task, how far each can be trusted, and accepting them as answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from vitruv.annotate.domain.accounts import Annotator
from vitruv.annotate.domain.leases import hold
from vitruv.annotate.domain.points import is_visible, number, point_row, whole_number, write_answer
from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.views import SurfacePoint, Views
from vitruv.geometry import GRID
from vitruv.http.errors import UnprocessableError
from vitruv.surface import Atlas
from vitruv.surface.charts import PART_NAMES, PART_OF_CHART
from vitruv.types import AnyArray, Float64Array, Int64Array, UInt8Array

MAX_GUESSES = 2000
_MAX_SECONDS = 3600.0

_WINDOW_PX = 5  # half of the window in which labels are compared, on the 256 x 256 grid
_NEIGHBOURS_PX = np.array([(-3, 0), (3, 0), (0, -3), (0, 3)])  # rows, columns
_NEAR_M, _FAR_M = 0.04, 0.16  # distance on the body between neighbours that is normal, and one that is certainly a jump
_OTHER_PART = 0.3


def guess_points(views: Views, labels: UInt8Array, uv: AnyArray, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where the model sees the points of a task. Points on its background get no guess.

    labels: (256, 256) charts over the person's box. uv: (2, 256, 256). asked: the points of the task.
    Returns [{"n", "face", "weights", "chart", "part", "xyz", "confidence"}, ...].
    """
    if not asked:
        return []
    x = np.array([min(max(round(point["x"]), 0), GRID - 1) for point in asked])
    y = np.array([min(max(round(point["y"]), 0), GRID - 1) for point in asked])
    found = views.atlas.locate(labels[y, x], uv[:, y, x].T)
    trust = confidence(views.atlas, labels, uv, x, y, np.array([point["part"] for point in asked]))
    guesses = []
    for i in np.flatnonzero(found.face >= 0).tolist():
        b0, b1, b2 = (float(b) for b in found.barycentric[i])
        guess: SurfacePoint = views.surface_point(int(found.face[i]), (b0, b1, b2))
        guesses.append(
            {
                "n": asked[i]["n"], "face": guess.face, "weights": [b0, b1, b2], "chart": guess.chart,
                "part": int(PART_OF_CHART[guess.chart]), "xyz": views.position(guess), "confidence": round(float(trust[i]), 3),
            }
        )  # fmt: skip
    return guesses


def confidence(atlas: Atlas, labels: UInt8Array, uv: AnyArray, x: Int64Array, y: Int64Array, parts: Int64Array) -> Float64Array:
    """How far a guess can be trusted, 0..1, from what is known without the truth.

    It is the share of pixels around the point that the model gives to the same part, times how smoothly the positions on the
    body vary there, and small where the guess lies on another part than the annotator outlined.

    labels: (h, w) charts, uv: (2, h, w), x, y: (n,) pixels, parts: (n,) outlined parts 1..14. Returns (n,).
    """
    height, width = labels.shape
    part_map = PART_OF_CHART[labels]
    own = part_map[y, x]
    span = np.arange(-_WINDOW_PX, _WINDOW_PX + 1)
    rows = np.clip(y[:, None, None] + span[None, :, None], 0, height - 1)  # (n, 11, 1)
    columns = np.clip(x[:, None, None] + span[None, None, :], 0, width - 1)
    alike = (part_map[rows, columns] == own[:, None, None]).mean(axis=(1, 2))
    near_y = np.clip(y[:, None] + _NEIGHBOURS_PX[:, 0], 0, height - 1)  # (n, 4)
    near_x = np.clip(x[:, None] + _NEIGHBOURS_PX[:, 1], 0, width - 1)
    here = _positions(atlas, labels, uv, y, x)  # (n, 3)
    there = _positions(atlas, labels, uv, near_y.ravel(), near_x.ravel()).reshape(*near_y.shape, 3)
    jumps = np.linalg.norm(there - here[:, None], axis=-1)
    smooth = np.clip((_FAR_M - np.where(np.isnan(jumps), _FAR_M, jumps)) / (_FAR_M - _NEAR_M), 0.0, 1.0).mean(axis=1)
    trust = alike * smooth * np.where(own == parts, 1.0, _OTHER_PART)
    return np.asarray(np.where(labels[y, x] > 0, trust, 0.0), np.float64)


def accept_guesses(
    project: Project, views: Views, annotator: Annotator, task_id: str, key: str | None, answers: object
) -> list[dict[str, Any]]:
    """Answer points by places on the surface, as `guess_points` proposed them; all of them or, when one cannot be used, none.

    answers: [{"n", "face", "weights": [b0, b1, b2], "seconds" (optional)}, ...]. Returns the points as they were saved.
    Raises UnprocessableError for places that do not exist, or on a part that is not visible on this person.
    """
    if not isinstance(answers, list) or len(answers) > MAX_GUESSES:
        raise UnprocessableError(f"points must be a list of at most {MAX_GUESSES} answers")
    checked = [_checked(views, i, answer) for i, answer in enumerate(answers)]
    with project.store.write() as connection:
        task = hold(connection, project, annotator, task_id, key)
        for n, place, seconds in checked:
            own_part, part = point_row(connection, task_id, n).part, int(PART_OF_CHART[place.chart])
            if part != own_part and not is_visible(connection, task, part):
                raise UnprocessableError(f"the {PART_NAMES[part]} is not visible on this person: its mask is empty")
            write_answer(
                connection, project, task_id, n, "placed", **place.columns(), view_part=part, seconds=seconds, source="guess"
            )
    return [{"n": n, "state": "placed", **place.columns(), "xyz": views.position(place)} for n, place, _ in checked]


def _positions(atlas: Atlas, labels: UInt8Array, uv: AnyArray, y: AnyArray, x: AnyArray) -> Float64Array:
    """(n, 3) metres in the rest pose; NaN on the background."""
    return np.asarray(atlas.positions(atlas.locate(labels[y, x], uv[:, y, x].T)), np.float64)


def _checked(views: Views, i: int, answer: object) -> tuple[int, SurfacePoint, float | None]:
    name = f"points[{i}]"
    if not isinstance(answer, dict):
        raise UnprocessableError(f"{name} must be an object with n, face and weights")
    n = whole_number(answer, "n", 0, MAX_GUESSES)
    face = whole_number(answer, "face", 0, len(views.atlas.faces) - 1)
    weights = answer.get("weights")
    if not isinstance(weights, list) or len(weights) != 3:
        raise UnprocessableError(f"{name}.weights must be three numbers")
    b0, b1, b2 = (number({"weights": value}, "weights") for value in weights)
    if min(b0, b1, b2) < -1e-6 or abs(b0 + b1 + b2 - 1) > 1e-4:
        raise UnprocessableError(f"{name}.weights must not be negative and must add up to 1, but got {weights!r}")
    seconds = None if answer.get("seconds") is None else min(max(number(answer, "seconds"), 0.0), _MAX_SECONDS)
    return int(n or 0), views.surface_point(int(face or 0), (b0, b1, b2)), seconds
