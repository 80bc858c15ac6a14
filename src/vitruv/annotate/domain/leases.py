"""Leases: a task belongs to one person at a time, and the lease expires when they are idle for a while.

Opening a task creates a new key, and every save must present it: of two windows on one task only the later one can write, and
the earlier one gets an error. An expired lease stays valid until somebody else takes the task.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from vitruv.annotate.domain.accounts import Annotator
from vitruv.annotate.domain.project import Project, as_settings
from vitruv.annotate.domain.schema import annotators, events, new_id, tasks
from vitruv.annotate.domain.schema import project as project_table
from vitruv.http.errors import ConflictError, NotAllowedError, NotFoundError, UnprocessableError

KINDS = ("boxes", "parts", "points")
WORKABLE = ("open", "returned")
_SLACK = 0.02
"""A lease is extended once this share of it is over: of 15 minutes, after 18 seconds."""


@dataclass(frozen=True)
class Lease:
    task_id: str
    key: str
    until: float
    previous: str = ""  # the key before this one, if the same person held it: nobody else has changed anything since


def take_next(project: Project, annotator: Annotator, kinds: Sequence[str] = KINDS, *, after: str | None = None) -> Lease | None:
    """The next task for an annotator, leased to them; None when nothing is left.

    Order: their own unfinished tasks, tasks that were sent back, then (with `after`, the id of a task) the same person and the same
    photo, then points before parts before boxes, and first opinions before second ones. So one person gets finished after the
    other. Where several annotators do each person, nobody gets the same person twice.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise UnprocessableError(f"kinds must be some of {', '.join(KINDS)}, but got {list(kinds)!r}")
    now = project.now()
    mine = tasks.c.annotator_id == annotator.id
    free = sa.or_(mine, tasks.c.lease_until < now)
    rank = sa.case((mine, 0), (tasks.c.state == "returned", 1), else_=2)
    stage = sa.case((tasks.c.kind == "points", 0), (tasks.c.kind == "parts", 1), else_=2)
    related = _related_first(after)
    query = (
        sa.select(tasks.c.id)
        .where(tasks.c.state.in_(WORKABLE), tasks.c.kind.in_(kinds), free, ~_did_another_replica(annotator))
        .order_by(rank, *related, stage, tasks.c.replica, tasks.c.created, tasks.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=tasks)
    )
    with project.store.write() as connection:
        task_id = connection.execute(query).scalar_one_or_none()
        if task_id is None:
            return None
        return _lease(connection, task_id, annotator, now)


def take(project: Project, annotator: Annotator, task_id: str) -> Lease:
    """Lease one particular task. Raises ConflictError while somebody else has it, or when it is finished."""
    now = project.now()
    with project.store.write() as connection:
        row = _row(connection, task_id)
        if row.state not in WORKABLE:
            raise ConflictError(f"this task is already {row.state}; reopen it, or ask a reviewer to send it back")
        if row.annotator_id not in (None, annotator.id) and row.lease_until >= now:
            raise ConflictError(f"{_name(connection, row.annotator_id)} is working on this task now")
        if row.annotator_id != annotator.id and _did_other(connection, row, annotator):
            raise NotAllowedError("you have already done this person: the second opinion must come from somebody else")
        return _lease(connection, task_id, annotator, now)


def hold(connection: sa.Connection, project: Project, annotator: Annotator, task_id: str, key: str | None) -> sa.Row[Any]:
    """Check inside a write that the lease `key` is valid, and extend the lease where some of it is over.

    Returns the task's row.
    """
    row = _row(connection, task_id)
    if row.state not in WORKABLE:
        raise ConflictError(f"this task is already {row.state}; nothing was changed")
    if row.annotator_id != annotator.id:
        holder = "nobody" if row.annotator_id is None else _name(connection, row.annotator_id)
        raise ConflictError(f"this task is no longer yours ({holder} has it now); nothing was changed")
    if not key or row.lease_key != key:
        raise ConflictError("this task is open in another window; nothing was changed here")
    now, lasts = project.now(), 60 * as_settings(row.settings).lease_minutes
    # Not at every click: a new expiry time moves the task in the index of the queue, which every write waits for.
    if row.lease_until < now + (1 - _SLACK) * lasts:
        connection.execute(sa.update(tasks).where(tasks.c.id == task_id).values(lease_until=now + lasts, updated=now))
    return row


def renew(project: Project, annotator: Annotator, task_id: str, key: str | None) -> Lease:
    """Extend the lease: the annotator is still there."""
    with project.store.write() as connection:
        row = hold(connection, project, annotator, task_id, key)
        until = connection.execute(sa.select(tasks.c.lease_until).where(tasks.c.id == task_id)).scalar_one()
        return Lease(task_id, row.lease_key, until)


def release(project: Project, annotator: Annotator, task_id: str, key: str | None) -> None:
    """Give a task back to the queue; saved work stays."""
    with project.store.write() as connection:
        row = hold(connection, project, annotator, task_id, key)
        # A task that was sent back stays with its annotator, who read the reviewer's note.
        values: dict[str, object] = {"lease_until": 0.0, "lease_key": ""}
        if row.state == "open":
            values["annotator_id"] = None
        connection.execute(sa.update(tasks).where(tasks.c.id == task_id).values(**values))
        record(connection, project, task_id, annotator, "released")


def record(connection: sa.Connection, project: Project, task_id: str, annotator: Annotator, action: str, note: str = "") -> None:
    """Log who did what to a task."""
    values = {"task_id": task_id, "annotator_id": annotator.id, "action": action, "note": note, "at": project.now()}
    connection.execute(sa.insert(events).values(**values))


def _lease(connection: sa.Connection, task_id: str, annotator: Annotator, now: float) -> Lease:
    row = _row(connection, task_id)
    previous = row.lease_key if row.annotator_id == annotator.id else ""
    lease = Lease(task_id, new_id(), now + 60 * as_settings(row.settings).lease_minutes, previous)
    connection.execute(
        sa.update(tasks)
        .where(tasks.c.id == task_id)
        .values(annotator_id=annotator.id, lease_key=lease.key, lease_until=lease.until, updated=now)
    )
    connection.execute(sa.insert(events).values(task_id=task_id, annotator_id=annotator.id, action="claimed", note="", at=now))
    return lease


def _related_first(after: str | None) -> list[sa.ColumnElement[int]]:
    if after is None:
        return []
    done = tasks.alias("done")
    same_person = sa.exists().where(done.c.id == after, done.c.person_id == tasks.c.person_id)
    same_photo = sa.exists().where(done.c.id == after, done.c.photo_id == tasks.c.photo_id)
    return [sa.case((same_person, 0), (same_photo, 1), else_=2)]


def _did_another_replica(annotator: Annotator) -> sa.ColumnElement[bool]:
    other = tasks.alias("other")
    return sa.exists().where(
        other.c.annotator_id == annotator.id,
        other.c.person_id == tasks.c.person_id,
        other.c.kind == tasks.c.kind,
        other.c.id != tasks.c.id,
    )


def _did_other(connection: sa.Connection, row: sa.Row[Any], annotator: Annotator) -> bool:
    query = sa.select(tasks.c.id).where(tasks.c.id == row.id, _did_another_replica(annotator))
    return connection.execute(query).first() is not None


def _row(connection: sa.Connection, task_id: str) -> sa.Row[Any]:
    """A task and the project's settings (as `settings`): what every save needs, in one query."""
    settings = sa.select(project_table.c.settings).scalar_subquery().label("settings")
    row = connection.execute(sa.select(tasks, settings).where(tasks.c.id == task_id).with_for_update(of=tasks)).one_or_none()
    if row is None:
        raise NotFoundError("this project has no task with this id")
    return row


def _name(connection: sa.Connection, annotator_id: str) -> str:
    name = connection.execute(sa.select(annotators.c.name).where(annotators.c.id == annotator_id)).scalar_one_or_none()
    return str(name or "somebody")
