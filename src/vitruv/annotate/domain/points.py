"""Stage two: for each sampled pixel, the point of the surface that is visible there."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from vitruv.annotate.domain.accounts import Annotator
from vitruv.annotate.domain.leases import hold
from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.schema import masks, points, tasks
from vitruv.annotate.domain.views import SurfacePoint, Views
from vitruv.http.errors import NotFoundError, UnprocessableError
from vitruv.sampling import PART_ORDER, point_count, sample_points
from vitruv.surface.charts import NUM_PARTS, PART_NAMES
from vitruv.types import BoolArray

_MAX_SECONDS = 3600.0


@dataclass(frozen=True)
class Sample:
    """A pixel to be placed on the body: its part, and x, y on the 256 x 256 grid."""

    part: int
    x: float
    y: float


def sample_person(masks_of_part: dict[int, BoolArray], person_id: str, points_per_part: int | None = None) -> list[Sample]:
    """The points of a person in DensePose-COCO's order. The same person with the same masks gets the same points.

    points_per_part: how many points each visible part gets; None: 5 to 14 by its area, as in DensePose-COCO.
    """
    samples = []
    for part in PART_ORDER:
        mask = masks_of_part.get(part)
        if mask is None:
            continue
        rng = np.random.default_rng([zlib.crc32(person_id.encode()), part])
        xy = sample_points(mask, points_per_part or point_count(int(mask.sum())), rng)
        samples += [Sample(part, float(x), float(y)) for x, y in xy]
    return samples


def write_points(connection: sa.Connection, task_id: str, samples: Iterable[Sample], now: float) -> None:
    """Replace the points of a task by open ones, inside a transaction."""
    connection.execute(sa.delete(points).where(points.c.task_id == task_id))
    rows = [
        {"task_id": task_id, "n": n, "part": sample.part, "x": sample.x, "y": sample.y, "state": "open", "updated": now}
        for n, sample in enumerate(samples)
    ]
    if rows:
        connection.execute(sa.insert(points), rows)


def points_of(connection: sa.Connection, task_id: str) -> list[dict[str, Any]]:
    """All points of a task, in order."""
    rows = connection.execute(sa.select(points).where(points.c.task_id == task_id).order_by(points.c.n))
    return [dict(row._mapping) for row in rows]


def place_point(
    project: Project, views: Views, annotator: Annotator, task_id: str, key: str | None, n: int, click: dict[str, Any]
) -> SurfacePoint:
    """Answer one point by a click on a view.

    click: {"view": 0..5, "x", "y" in pixels of the view, "part": whose views (the point's own when absent), "seconds": how long
    it took}. Raises UnprocessableError when the click is not on the body, or on the views of a part that is not visible.
    """
    part, view = whole_number(click, "part", 1, NUM_PARTS, optional=True), whole_number(click, "view", 0, 5)
    x, y = number(click, "x"), number(click, "y")
    seconds = min(max(number(click, "seconds", default=0.0), 0.0), _MAX_SECONDS)
    with project.store.query_once() as connection:
        own_part = point_row(connection, task_id, n).part
    answer = views.look_up(part or own_part, view or 0, x, y)
    with project.store.write() as connection:
        task = hold(connection, project, annotator, task_id, key)
        if part not in (None, own_part) and not is_visible(connection, task, part):
            raise UnprocessableError(f"the {PART_NAMES[part]} is not visible on this person: its mask is empty")
        write_answer(connection, project, task_id, n, "placed", **answer.columns(), view_part=part or own_part, view=view,
                click_x=x, click_y=y, seconds=seconds, source="click")  # fmt: skip
    return answer


def skip_point(project: Project, annotator: Annotator, task_id: str, key: str | None, n: int, state: str = "skipped") -> None:
    """Answer "not visible" (`skipped`), or remove an answer (`open`)."""
    if state not in ("skipped", "open"):
        raise UnprocessableError(f"state must be skipped or open, but got {state!r}")
    with project.store.write() as connection:
        hold(connection, project, annotator, task_id, key)
        point_row(connection, task_id, n)
        write_answer(connection, project, task_id, n, state)


_EMPTY = dict.fromkeys(
    ("face", "b0", "b1", "b2", "chart", "u", "v", "view_part", "view", "click_x", "click_y", "seconds", "source"),
)


def write_answer(connection: sa.Connection, project: Project, task_id: str, n: int, state: str, **columns: object) -> None:
    values = {**_EMPTY, **columns, "state": state, "updated": project.now()}
    connection.execute(sa.update(points).where(points.c.task_id == task_id, points.c.n == n).values(**values))


def point_row(connection: sa.Connection, task_id: str, n: int) -> sa.Row[Any]:
    row = connection.execute(sa.select(points).where(points.c.task_id == task_id, points.c.n == n)).one_or_none()
    if row is None:
        raise NotFoundError(f"this task has no point {n}")
    return row


def is_visible(connection: sa.Connection, task: sa.Row[Any], part: int | None) -> bool:
    """Whether the finished masks of the person hold this part, or a point was sampled in it."""
    sampled = sa.select(points.c.n).where(points.c.task_id == task.id, points.c.part == part)
    if connection.execute(sampled).first():
        return True
    outlined = (
        sa.select(masks.c.part)
        .join(tasks, tasks.c.id == masks.c.task_id)
        .where(tasks.c.person_id == task.person_id, tasks.c.kind == "parts", masks.c.part == part)
    )
    return connection.execute(outlined).first() is not None


def number(values: dict[str, Any], name: str, *, default: float | None = None) -> float:
    value = values.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e6:
        raise UnprocessableError(f"{name} must be a number, but got {value!r}")
    return float(value)


def whole_number(values: dict[str, Any], name: str, low: int, high: int, *, optional: bool = False) -> int | None:
    value = values.get(name)
    if value is None and optional:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UnprocessableError(f"{name} must be a whole number from {low} to {high}, but got {value!r}")
    return value
