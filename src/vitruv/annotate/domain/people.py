"""The people of a photo: boxes, drawn by annotators, imported, or proposed by the model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from vitruv.annotate.domain.accounts import Annotator
from vitruv.annotate.domain.leases import hold
from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.schema import new_id, people, photos, tasks
from vitruv.http.errors import ConflictError, UnprocessableError

MIN_SIDE_PX = 8
MAX_PEOPLE = 200


@dataclass(frozen=True)
class Box:
    """A person's box in pixels of the upright photo; `id` is None for a new one."""

    id: str | None
    x: float
    y: float
    w: float
    h: float


def save_boxes(project: Project, annotator: Annotator, task_id: str, key: str | None, boxes: object) -> list[dict[str, Any]]:
    """Replace the boxes of the photo of a `boxes` task; boxes keep their id.

    boxes: [{"id" (absent for a new one), "x", "y", "w", "h"}, ...]. People whose parts are
    in progress keep their box and cannot be removed.
    Returns the boxes with their ids, in the given order. Raises UnprocessableError for boxes outside the photo or too small.
    """
    with project.store.write() as connection:
        task = hold(connection, project, annotator, task_id, key)
        if task.kind != "boxes":
            raise UnprocessableError("boxes can be saved only in a boxes task")
        photo = connection.execute(sa.select(photos).where(photos.c.id == task.photo_id)).one()
        wanted = [_checked(box, i, photo.width, photo.height) for i, box in enumerate(_as_list(boxes))]
        kept = {row.id: row for row in connection.execute(sa.select(people).where(people.c.photo_id == photo.id))}
        begun = _begun(connection, photo.id)
        for i, box in enumerate(wanted):
            if box.id is None:
                wanted[i] = add_person(connection, project, photo.id, box, source="drawn")
            elif box.id not in kept:
                raise UnprocessableError(f"boxes[{i}] has an id that is not in this photo")
            elif box.id not in begun:
                values = {"x": box.x, "y": box.y, "w": box.w, "h": box.h}
                connection.execute(sa.update(people).where(people.c.id == box.id).values(**values))
            elif not _same(kept[box.id], box):
                raise ConflictError(f"boxes[{i}] belongs to a person whose parts are in progress; it can no longer change")
        gone = set(kept) - {box.id for box in wanted}
        if gone & begun:
            raise ConflictError("a person whose parts are in progress cannot be removed")
        if gone:
            connection.execute(sa.delete(tasks).where(tasks.c.person_id.in_(gone)))
            connection.execute(sa.delete(people).where(people.c.id.in_(gone)))
        return [{"id": box.id, "x": box.x, "y": box.y, "w": box.w, "h": box.h} for box in wanted]


def add_person(
    connection: sa.Connection,
    project: Project,
    photo_id: str,
    box: Box,
    *,
    source: str,
    coco_id: int | None = None,
    extra: dict[str, Any] | None = None,
) -> Box:
    """Add a person inside a transaction, without tasks. A `coco_id` that is already used is replaced by a free one."""
    if coco_id is None or connection.execute(sa.select(people.c.id).where(people.c.coco_id == coco_id)).first():
        coco_id = int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(people.c.coco_id), 0))).scalar_one()) + 1
    person_id = new_id()
    connection.execute(
        sa.insert(people).values(
            id=person_id, photo_id=photo_id, x=box.x, y=box.y, w=box.w, h=box.h, coco_id=coco_id, source=source,
            extra=extra or {}, created=project.now(),
        )
    )  # fmt: skip
    return Box(person_id, box.x, box.y, box.w, box.h)


def boxes_of(connection: sa.Connection, photo_id: str) -> list[dict[str, Any]]:
    """The boxes of a photo; `begun`: the box can no longer change."""
    begun = _begun(connection, photo_id)
    rows = connection.execute(sa.select(people).where(people.c.photo_id == photo_id).order_by(people.c.created, people.c.coco_id))
    return [
        {"id": row.id, "x": row.x, "y": row.y, "w": row.w, "h": row.h, "source": row.source, "begun": row.id in begun}
        for row in rows
    ]


def _begun(connection: sa.Connection, photo_id: str) -> set[str]:
    """People with work: a task that is finished or that an annotator has opened."""
    query = sa.select(tasks.c.person_id).where(
        tasks.c.photo_id == photo_id,
        tasks.c.person_id.is_not(None),
        sa.or_(tasks.c.annotator_id.is_not(None), tasks.c.state != "open"),
    )
    return set(connection.execute(query).scalars())


def _as_list(boxes: object) -> list[Any]:
    if not isinstance(boxes, list) or len(boxes) > MAX_PEOPLE:
        raise UnprocessableError(f"boxes must be a list of at most {MAX_PEOPLE} boxes")
    return boxes


def _checked(box: object, i: int, width: int, height: int) -> Box:
    if not isinstance(box, dict):
        raise UnprocessableError(f"boxes[{i}] must be an object with x, y, w and h")
    sides = []
    for side in ("x", "y", "w", "h"):
        value = box.get(side)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise UnprocessableError(f"boxes[{i}].{side} must be a number, but got {value!r}")
        sides.append(round(float(value), 2))
    x, y, w, h = sides
    if w < MIN_SIDE_PX or h < MIN_SIDE_PX:
        raise UnprocessableError(f"boxes[{i}] is {w:g} x {h:g} pixels; a person needs at least {MIN_SIDE_PX} x {MIN_SIDE_PX}")
    if x < 0 or y < 0 or x + w > width + 0.01 or y + h > height + 0.01:
        raise UnprocessableError(f"boxes[{i}] extends beyond the photo of {width} x {height} pixels")
    box_id = box.get("id")
    if box_id is not None and not isinstance(box_id, str):
        raise UnprocessableError(f"boxes[{i}].id must be a string, but got {box_id!r}")
    return Box(box_id, x, y, w, h)


def _same(row: sa.Row[Any], box: Box) -> bool:
    return all(abs(getattr(row, side) - getattr(box, side)) < 0.02 for side in ("x", "y", "w", "h"))
