"""The HTTP interface of the work itself: the queue, saving, submitting, reviewing. Every body is a JSON object."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from vitruv.annotate.domain import leases, workflow
from vitruv.annotate.domain.guesses import accept_guesses
from vitruv.annotate.domain.masks import save_masks
from vitruv.annotate.domain.overview import task_list, task_state
from vitruv.annotate.domain.people import save_boxes
from vitruv.annotate.domain.points import place_point, skip_point
from vitruv.annotate.domain.proposals import propose
from vitruv.annotate.http.access import Body, CurrentAnnotator, InProject, LeaseKey, WithModel, WithViews
from vitruv.http.errors import UnprocessableError
from vitruv.http.routes import PlainRoute

router = APIRouter(prefix="/api", route_class=PlainRoute)


@router.post("/next")
def next_task(project: InProject, me: CurrentAnnotator, body: Body) -> dict[str, Any]:
    """The next task of the queue, leased to the caller. {"lease": null} when nothing is left.

    {"kinds": [...]} narrows it; {"after": task id} prefers the person, then the photo, of the task that was just finished.
    """
    kinds, after = body.get("kinds", leases.KINDS), body.get("after")
    if not isinstance(kinds, (list, tuple)):
        raise UnprocessableError("kinds must be a list")
    if after is not None and not isinstance(after, str):
        raise UnprocessableError("after must be the id of a task")
    lease = leases.take_next(project, me, kinds, after=after)
    return {"lease": None if lease is None else asdict(lease)}


@router.get("/tasks")
def list_tasks(project: InProject, me: CurrentAnnotator, state: str | None = None, mine: bool = False) -> dict[str, Any]:
    return {"tasks": task_list(project, me, state=state, mine=mine)}


@router.get("/tasks/{task_id}")
def show_task(project: InProject, views: WithViews, model: WithModel, me: CurrentAnnotator, task_id: str) -> dict[str, Any]:
    state = task_state(project, me, task_id)
    state["proposals"] = not model.why_not()
    if state["kind"] == "points":
        views.add_positions(state["points"])
    return state


@router.post("/tasks/{task_id}/lease")
def take_task(project: InProject, me: CurrentAnnotator, task_id: str) -> dict[str, Any]:
    """Open this task. Any other window that has it open can no longer save."""
    return {"lease": asdict(leases.take(project, me, task_id))}


@router.put("/tasks/{task_id}/lease")
def renew_lease(project: InProject, me: CurrentAnnotator, task_id: str, key: LeaseKey = None) -> dict[str, Any]:
    return {"lease": asdict(leases.renew(project, me, task_id, key))}


@router.delete("/tasks/{task_id}/lease")
def release_task(project: InProject, me: CurrentAnnotator, task_id: str, key: LeaseKey = None) -> dict[str, Any]:
    leases.release(project, me, task_id, key)
    return {}


@router.put("/tasks/{task_id}/boxes")
def put_boxes(project: InProject, me: CurrentAnnotator, task_id: str, body: Body, key: LeaseKey = None) -> dict[str, Any]:
    return {"boxes": save_boxes(project, me, task_id, key, body.get("boxes"))}


@router.put("/tasks/{task_id}/masks")
def put_masks(project: InProject, me: CurrentAnnotator, task_id: str, body: Body, key: LeaseKey = None) -> dict[str, Any]:
    return {"areas": save_masks(project, me, task_id, key, body.get("parts"))}


@router.put("/tasks/{task_id}/points/{n}")
def put_point(
    project: InProject, views: WithViews, me: CurrentAnnotator, task_id: str, n: int, body: Body, key: LeaseKey = None
) -> dict[str, Any]:
    """Answer a point: {"state": "placed", "view", "x", "y", "part", "seconds"}, {"state": "skipped"} or {"state": "open"}."""
    state = body.get("state", "placed")
    if state != "placed":
        skip_point(project, me, task_id, key, n, state)
        return {"n": n, "state": state}
    answer = place_point(project, views, me, task_id, key, n, body)
    return {"n": n, "state": "placed", **answer.columns(), "xyz": views.position(answer)}


@router.put("/tasks/{task_id}/points")
def put_guesses(
    project: InProject, views: WithViews, me: CurrentAnnotator, task_id: str, body: Body, key: LeaseKey = None
) -> dict[str, Any]:
    """Accept guesses of the model: {"points": [{"n", "face", "weights", "seconds"}, ...]}, all of them or none."""
    return {"points": accept_guesses(project, views, me, task_id, key, body.get("points"))}


@router.post("/tasks/{task_id}/submit")
def submit_task(project: InProject, me: CurrentAnnotator, task_id: str, key: LeaseKey = None) -> dict[str, Any]:
    return {"state": workflow.submit(project, me, task_id, key)}


@router.post("/tasks/{task_id}/reopen")
def reopen_task(project: InProject, me: CurrentAnnotator, task_id: str) -> dict[str, Any]:
    """Take back a task that the caller submitted, to change it."""
    workflow.reopen(project, me, task_id)
    return {"state": "open"}


@router.post("/tasks/{task_id}/review")
def review_task(project: InProject, me: CurrentAnnotator, task_id: str, body: Body) -> dict[str, Any]:
    """{"verdict": "accept"} or {"verdict": "return", "note": "..."}."""
    verdict = body.get("verdict")
    if verdict == "accept":
        workflow.accept(project, me, task_id)
    elif verdict == "return":
        workflow.send_back(project, me, task_id, body.get("note"))
    else:
        raise UnprocessableError(f"verdict must be accept or return, but got {verdict!r}")
    return {}


@router.post("/tasks/{task_id}/proposal")
def propose_task(project: InProject, views: WithViews, model: WithModel, me: CurrentAnnotator, task_id: str) -> dict[str, Any]:
    """The model's boxes, masks or points to start from. Nothing is saved."""
    return propose(project, views, model, me, task_id)
