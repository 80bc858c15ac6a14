"""How tasks move on: submit, reopen, accept, send back, and the tasks that open as a result.

Accepted boxes open the parts of their people; accepted parts open their points.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from vitruv.annotate.domain.accounts import Annotator
from vitruv.annotate.domain.leases import hold, record
from vitruv.annotate.domain.masks import decoded, masks_of
from vitruv.annotate.domain.points import Sample, sample_person, write_points
from vitruv.annotate.domain.project import Project, read_settings
from vitruv.annotate.domain.schema import events, masks, new_id, people, points, tasks
from vitruv.http.errors import ConflictError, NotAllowedError, NotFoundError, UnprocessableError

_MAX_NOTE_LENGTH = 2000


def submit(project: Project, annotator: Annotator, task_id: str, key: str | None) -> str:
    """Submit a task. Returns its new state: `submitted` if the project has review, otherwise `accepted`.

    Raises UnprocessableError while it is incomplete: no part is outlined, or points have no answer.
    """
    samples = _samples_of(project, task_id)
    with project.store.write() as connection:
        task = hold(connection, project, annotator, task_id, key)
        _require_complete(connection, task)
        state = "submitted" if read_settings(connection).review else "accepted"
        _close(connection, project, task_id, state)
        record(connection, project, task_id, annotator, "submitted")
        if state == "accepted":
            open_next(connection, project, task, samples)
    return state


def reopen(project: Project, annotator: Annotator, task_id: str) -> None:
    """Take back a task that the same annotator submitted. Tasks that opened because of it stay open.

    Raises NotAllowedError for somebody else's task, ConflictError when it is not submitted or a reviewer has accepted it.
    """
    with project.store.write() as connection:
        task = _locked(connection, task_id)
        if task.annotator_id != annotator.id:
            raise NotAllowedError("only the annotator who submitted a task can reopen it; reviewers can send it back")
        if task.state not in ("submitted", "accepted"):
            raise ConflictError(f"this task is {task.state}: there is nothing to reopen")
        if _last_action(connection, task_id) == "accepted":
            raise ConflictError("a reviewer has accepted this task; ask them to send it back")
        _close(connection, project, task_id, "open")
        record(connection, project, task_id, annotator, "reopened")


def accept(project: Project, reviewer: Annotator, task_id: str) -> None:
    """A reviewer accepts a submitted task."""
    reviewer.require("reviewer")
    samples = _samples_of(project, task_id)
    with project.store.write() as connection:
        task = _reviewable(connection, reviewer, task_id, ("submitted",))
        _close(connection, project, task_id, "accepted", note="")
        record(connection, project, task_id, reviewer, "accepted")
        open_next(connection, project, task, samples)


def send_back(project: Project, reviewer: Annotator, task_id: str, note: object) -> None:
    """A reviewer wants a change and describes it in `note`. Accepted and imported work can be sent back too."""
    reviewer.require("reviewer")
    if not isinstance(note, str) or not note.strip() or len(note) > _MAX_NOTE_LENGTH:
        raise UnprocessableError(f"describe in a note of at most {_MAX_NOTE_LENGTH} characters what should change")
    with project.store.write() as connection:
        _reviewable(connection, reviewer, task_id, ("submitted", "accepted"))
        _close(connection, project, task_id, "returned", note=note.strip())
        record(connection, project, task_id, reviewer, "returned", note.strip())


def open_next(connection: sa.Connection, project: Project, task: sa.Row[Any], samples: list[Sample] | None) -> None:
    """Create the tasks that follow an accepted task, inside its transaction."""
    if task.kind == "boxes":
        for person_id in connection.execute(sa.select(people.c.id).where(people.c.photo_id == task.photo_id)).scalars():
            open_stage(connection, project, "parts", task.photo_id, person_id)
    elif task.kind == "parts" and task.replica == 0:
        for task_id in open_stage(connection, project, "points", task.photo_id, task.person_id):
            write_points(connection, task_id, samples or [], project.now())


def open_stage(connection: sa.Connection, project: Project, kind: str, photo_id: str, person_id: str) -> list[str]:
    """Create the missing tasks of a stage for a person, one per replica. Returns the ids of those without any work."""
    now = project.now()
    rows = connection.execute(sa.select(tasks).where(tasks.c.person_id == person_id, tasks.c.kind == kind)).all()
    answered = set(connection.execute(_answered(person_id)).scalars()) if kind == "points" else set()
    untouched = [row.id for row in rows if row.state == "open" and row.id not in answered]
    for replica in range(read_settings(connection).replicas):
        if replica in {row.replica for row in rows}:
            continue
        task_id = new_id()
        connection.execute(
            sa.insert(tasks).values(
                id=task_id,
                kind=kind,
                photo_id=photo_id,
                person_id=person_id,
                replica=replica,
                state="open",
                created=now,
                updated=now,
            )
        )
        untouched.append(task_id)
    return untouched


def _samples_of(project: Project, task_id: str) -> list[Sample] | None:
    """The points that a parts task leads to; computed before the transaction, so that nobody waits for it."""
    with project.store.read() as connection:
        task = connection.execute(sa.select(tasks).where(tasks.c.id == task_id)).one_or_none()
        if task is None or task.kind != "parts" or task.replica != 0:
            return None
        counts = masks_of(connection, task_id)
        points_per_part = read_settings(connection).points_per_part
    return sample_person(decoded(counts), task.person_id, points_per_part)


def _require_complete(connection: sa.Connection, task: sa.Row[Any]) -> None:
    if task.kind == "parts" and not connection.execute(sa.select(masks.c.part).where(masks.c.task_id == task.id)).first():
        raise UnprocessableError("outline at least one visible part before you submit")
    if task.kind == "points":
        query = sa.select(sa.func.count()).where(points.c.task_id == task.id, points.c.state == "open")
        left = connection.execute(query).scalar_one()
        if left:
            missing = (
                "1 point has no answer yet: place or skip it"
                if left == 1
                else f"{left} points have no answer yet: place or skip them"
            )
            raise UnprocessableError(missing)


def _close(connection: sa.Connection, project: Project, task_id: str, state: str, **values: object) -> None:
    values |= {"state": state, "lease_key": "", "lease_until": 0.0, "updated": project.now()}
    connection.execute(sa.update(tasks).where(tasks.c.id == task_id).values(**values))


def _reviewable(connection: sa.Connection, reviewer: Annotator, task_id: str, states: tuple[str, ...]) -> sa.Row[Any]:
    task = _locked(connection, task_id)
    if task.state not in states:
        raise ConflictError(f"this task is {task.state}; nothing was changed")
    if task.annotator_id == reviewer.id and reviewer.role != "owner":
        raise NotAllowedError("somebody else has to review your own work")
    return task


def _locked(connection: sa.Connection, task_id: str) -> sa.Row[Any]:
    task = connection.execute(sa.select(tasks).where(tasks.c.id == task_id).with_for_update()).one_or_none()
    if task is None:
        raise NotFoundError("this project has no task with this id")
    return task


def _last_action(connection: sa.Connection, task_id: str) -> str | None:
    query = sa.select(events.c.action).where(events.c.task_id == task_id).order_by(events.c.id.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def _answered(person_id: str) -> sa.Select[Any]:
    """Points tasks of a person with at least one answer."""
    return (
        sa.select(points.c.task_id)
        .join(tasks, tasks.c.id == points.c.task_id)
        .where(tasks.c.person_id == person_id, points.c.state != "open")
        .distinct()
    )
