"""Read-only views of a project: tasks, photos, progress."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from vitruv.annotate.domain.accounts import Annotator
from vitruv.annotate.domain.leases import KINDS
from vitruv.annotate.domain.masks import masks_of
from vitruv.annotate.domain.people import boxes_of
from vitruv.annotate.domain.points import points_of
from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.schema import annotators, people, photos, points, tasks
from vitruv.http.errors import NotAllowedError, NotFoundError

STATES = ("open", "returned", "submitted", "accepted")
_PAGE = 60


def task_state(project: Project, viewer: Annotator, task_id: str) -> dict[str, Any]:
    """Everything a browser needs to show a task, except the images. Annotators see their own and free tasks, reviewers all."""
    with project.store.read() as connection:
        task = connection.execute(_tasks().where(tasks.c.id == task_id)).one_or_none()
        if task is None:
            raise NotFoundError("this project has no task with this id")
        if viewer.role == "annotator" and task.annotator_id not in (None, viewer.id):
            raise NotAllowedError("this task belongs to somebody else")
        state = _summary(task) | {"mine": task.annotator_id == viewer.id}
        photo = connection.execute(sa.select(photos).where(photos.c.id == task.photo_id)).one()
        state["photo"] = {"id": photo.id, "name": photo.name, "width": photo.width, "height": photo.height}
        if task.kind == "boxes":
            state["boxes"] = boxes_of(connection, photo.id)
            return state
        person = connection.execute(sa.select(people).where(people.c.id == task.person_id)).one()
        state["box"] = {"x": person.x, "y": person.y, "w": person.w, "h": person.h}
        if task.kind == "parts":
            state["masks"] = masks_of(connection, task_id)
        else:
            state["masks"] = _first_masks(connection, task.person_id)
            state["points"] = points_of(connection, task_id)
        return state


def task_list(project: Project, viewer: Annotator, *, state: str | None, mine: bool, limit: int = 200) -> list[dict[str, Any]]:
    """Tasks, most recently changed first: for reviewers all in a state, or the viewer's own."""
    if not mine:
        viewer.require("reviewer")
    query = _tasks().order_by(tasks.c.updated.desc()).limit(limit)
    if state is not None:
        query = query.where(tasks.c.state == state)
    if mine:
        query = query.where(tasks.c.annotator_id == viewer.id)
    with project.store.read() as connection:
        return [_summary(row) for row in connection.execute(query)]


def photo_page(project: Project, *, after: int = 0) -> dict[str, Any]:
    """A page of photos in order of their COCO id, with the state of every task on them."""
    with project.store.read() as connection:
        rows = connection.execute(
            sa.select(photos).where(photos.c.coco_id > after).order_by(photos.c.coco_id).limit(_PAGE + 1)
        ).all()
        page = rows[:_PAGE]
        found = connection.execute(_tasks().where(tasks.c.photo_id.in_([row.id for row in page])).order_by(tasks.c.created)).all()
        total = connection.execute(sa.select(sa.func.count()).select_from(photos)).scalar_one()
    of_photo: dict[str, list[dict[str, Any]]] = {row.id: [] for row in page}
    for task in found:
        of_photo[task.photo_id].append(_summary(task))
    return {
        "total": total,
        "next": page[-1].coco_id if len(rows) > _PAGE else None,
        "photos": [
            {"id": row.id, "name": row.name, "width": row.width, "height": row.height, "tasks": of_photo[row.id]} for row in page
        ],
    }


def progress(project: Project, viewer: Annotator) -> dict[str, Any]:
    """The state of the project: counts by stage and state, answers, and (for reviewers) the work of each annotator."""
    with project.store.read() as connection:
        by_state = connection.execute(sa.select(tasks.c.kind, tasks.c.state, sa.func.count()).group_by(tasks.c.kind, tasks.c.state))
        stages = {kind: dict.fromkeys(STATES, 0) for kind in KINDS}
        for kind, state, count in by_state:
            stages[kind][state] = count
        by_answer = connection.execute(sa.select(points.c.state, sa.func.count().label("number")).group_by(points.c.state))
        answers = {row.state: row.number for row in by_answer}
        totals = {
            "photos": connection.execute(sa.select(sa.func.count()).select_from(photos)).scalar_one(),
            "people": connection.execute(sa.select(sa.func.count()).select_from(people)).scalar_one(),
        }
        team = _team(connection) if viewer.role != "annotator" else []
    settings = asdict(project.settings())
    return {"name": project.name(), "settings": settings, "stages": stages, "points": answers, **totals, "team": team}


def _team(connection: sa.Connection) -> list[dict[str, Any]]:
    finished: dict[str, dict[str, int]] = {}
    done = tasks.c.state.in_(("submitted", "accepted"))
    counted = sa.select(tasks.c.annotator_id, tasks.c.kind, sa.func.count()).where(done, tasks.c.annotator_id.is_not(None))
    for annotator_id, kind, count in connection.execute(counted.group_by(tasks.c.annotator_id, tasks.c.kind)):
        finished.setdefault(annotator_id, {})[kind] = count
    pace = (
        sa.select(tasks.c.annotator_id, sa.func.count(), sa.func.avg(points.c.seconds))
        .join(tasks, tasks.c.id == points.c.task_id)
        .where(points.c.state == "placed", points.c.seconds > 0)
        .group_by(tasks.c.annotator_id)
    )
    speed = {row[0]: (row[1], row[2]) for row in connection.execute(pace)}
    rows = connection.execute(sa.select(annotators).order_by(annotators.c.created)).all()
    return [
        {
            "id": row.id,
            "name": row.name,
            "role": row.role,
            "active": row.active,
            "finished": finished.get(row.id, {}),
            "points": speed.get(row.id, (0, None))[0],
            "seconds_per_point": speed.get(row.id, (0, None))[1],
        }
        for row in rows
    ]


def _tasks() -> sa.Select[Any]:
    return sa.select(tasks, annotators.c.name.label("annotator")).join(
        annotators, annotators.c.id == tasks.c.annotator_id, isouter=True
    )


def _summary(row: sa.Row[Any]) -> dict[str, Any]:
    keys = ("id", "kind", "state", "replica", "photo_id", "person_id", "annotator", "note", "updated", "lease_until")
    return {key: getattr(row, key) for key in keys}


def _first_masks(connection: sa.Connection, person_id: str) -> dict[int, str]:
    """The masks that the points of a person were sampled in."""
    query = sa.select(tasks.c.id).where(tasks.c.person_id == person_id, tasks.c.kind == "parts", tasks.c.replica == 0)
    task_id = connection.execute(query).scalar_one_or_none()
    return {} if task_id is None else masks_of(connection, task_id)
