"""Guesses of the model for points: how far they can be trusted, and accepting many at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from annotating import add_photos, somebody

from vitruv.annotate import Annotator, Project, Views
from vitruv.annotate.domain.guesses import accept_guesses, confidence, guess_points
from vitruv.annotate.domain.leases import take_next
from vitruv.annotate.domain.masks import encode_mask, save_masks
from vitruv.annotate.domain.overview import task_state
from vitruv.annotate.domain.people import save_boxes
from vitruv.annotate.domain.workflow import submit
from vitruv.http.errors import ConflictError, UnprocessableError

TORSO, HEAD = 1, 14
FRONT_OF_TORSO, BACK_OF_TORSO, RIGHT_HAND = 2, 1, 3


@pytest.fixture
def smooth() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The front of the torso all over the grid: U runs across it and V down. Columns from 200 on are background."""
    labels = np.full((256, 256), FRONT_OF_TORSO, np.uint8)
    labels[:, 200:] = 0
    v, u = np.mgrid[0:256, 0:256] / 255.0
    return labels, np.stack([u, v]).astype(np.float32) * (labels > 0)


def _point_at(n: int, x: float, y: float, part: int = TORSO) -> dict[str, Any]:
    return {"n": n, "x": x, "y": y, "part": part}


def test_no_points_no_guesses(views: Views, smooth: Any) -> None:
    assert guess_points(views, *smooth, []) == []


def test_guesses_lie_where_the_model_sees_them(views: Views, smooth: Any) -> None:
    guesses = guess_points(views, *smooth, [_point_at(0, 100, 120), _point_at(1, 230, 120), _point_at(2, 60, 40, HEAD)])
    assert [guess["n"] for guess in guesses] == [0, 2], "the background gets no guess"
    first = guesses[0]
    assert (first["chart"], first["part"]) == (FRONT_OF_TORSO, TORSO)
    assert sum(first["weights"]) == pytest.approx(1.0)
    uv = np.array([[100 / 255, 120 / 255]])
    located = views.atlas.locate(np.array([FRONT_OF_TORSO]), uv)
    (there,) = views.atlas.positions(located, views.atlas.rest_vertices)  # the frame of the views
    np.testing.assert_allclose(first["xyz"], there, atol=1e-4)
    assert first["confidence"] > 0.9
    assert guesses[1]["confidence"] < 0.4, "the annotator outlined another part here"


def test_confidence_falls_where_the_map_is_broken(views: Views, smooth: Any) -> None:
    labels, uv = smooth
    broken, jumping = labels.copy(), uv.copy()
    broken[::2, ::2] = RIGHT_HAND  # specks of a hand
    jumping[1, :, 1::2] = 1 - jumping[1, :, 1::2]  # up and down the torso from one column to the next
    x, y, part = np.array([100]), np.array([30]), np.array([TORSO])
    sure = confidence(views.atlas, labels, uv, x, y, part)
    specks = confidence(views.atlas, broken, uv, x + 1, y, part)
    jumps = confidence(views.atlas, labels, jumping, x, y, part)
    nothing = confidence(views.atlas, labels, uv, np.array([230]), y, part)
    assert sure > 0.9
    assert specks < 0.8 * sure
    assert jumps < 0.7 * sure
    assert nothing == 0.0


def _points_task(project: Project, who: Annotator, points_per_part: int | None = None) -> tuple[str, str]:
    project.change({"points_per_part": points_per_part})
    add_photos(project, 1)
    lease = take_next(project, who)
    assert lease is not None
    save_boxes(project, who, lease.task_id, lease.key, [{"x": 10, "y": 10, "w": 60, "h": 120}])
    submit(project, who, lease.task_id, lease.key)
    lease = take_next(project, who)
    assert lease is not None
    mask = np.zeros((256, 256), bool)
    mask[50:140, 70:180] = True
    save_masks(project, who, lease.task_id, lease.key, {str(TORSO): encode_mask(mask)})
    submit(project, who, lease.task_id, lease.key)
    lease = take_next(project, who)
    assert lease is not None
    return lease.task_id, lease.key


def test_accepting_all_guesses_answers_the_task(any_project: Project, views: Views, smooth: Any) -> None:
    ada = somebody(any_project)
    task, key = _points_task(any_project, ada)
    asked = task_state(any_project, ada, task)["points"]
    guesses = guess_points(views, *smooth, asked)
    assert len(guesses) == len(asked) == 14
    saved = accept_guesses(any_project, views, ada, task, key, guesses)
    assert [answer["xyz"] for answer in saved] == [guess["xyz"] for guess in guesses]
    points = task_state(any_project, ada, task)["points"]
    assert {(p["state"], p["source"], p["view"], p["seconds"]) for p in points} == {("placed", "guess", None, None)}
    assert submit(any_project, ada, task, key) == "accepted"


BAD = [
    ("no list", "points must be a list of at most 2000 answers"),
    ([7], r"points\[0\] must be an object with n, face and weights"),
    ([{"n": 0, "face": 10**7, "weights": [1, 0, 0]}], "face must be a whole number from 0 to"),
    ([{"n": 0, "face": 1, "weights": [1, 0]}], r"points\[0\].weights must be three numbers"),
    ([{"n": 0, "face": 1, "weights": [2, -1, 0]}], "must not be negative and must add up to 1"),
    ([{"n": 0, "face": 1, "weights": [float("nan"), 0, 0]}], "weights must be a number, but got nan"),
]


@pytest.mark.parametrize(("answers", "message"), BAD)
def test_answers_that_cannot_be_used(project: Project, views: Views, answers: object, message: str) -> None:
    ada = somebody(project)
    task, key = _points_task(project, ada)
    with pytest.raises(UnprocessableError, match=message):
        accept_guesses(project, views, ada, task, key, answers)


def test_all_or_none(any_project: Project, views: Views, smooth: Any) -> None:
    ada = somebody(any_project)
    task, key = _points_task(any_project, ada)
    good = guess_points(views, *smooth, task_state(any_project, ada, task)["points"])
    hand = int(np.flatnonzero(views.atlas.chart_of_face == RIGHT_HAND)[0])
    with pytest.raises(UnprocessableError, match="the right hand is not visible on this person"):
        accept_guesses(any_project, views, ada, task, key, [*good[:-1], {**good[-1], "face": hand}])
    with pytest.raises(ConflictError, match="open in another window"):
        accept_guesses(any_project, views, ada, task, "another key", good)
    assert {p["state"] for p in task_state(any_project, ada, task)["points"]} == {"open"}


@pytest.mark.parametrize(("points_per_part", "expected"), [(None, 14), (3, 3), (20, 20)])
def test_points_per_part_is_a_setting(project: Project, points_per_part: int | None, expected: int) -> None:
    ada = somebody(project)
    task, _ = _points_task(project, ada, points_per_part)
    assert len(task_state(project, ada, task)["points"]) == expected


@pytest.mark.parametrize("value", [0, 51, 2.5, "all", True])
def test_points_per_part_that_cannot_be_used(project: Project, value: object) -> None:
    with pytest.raises(UnprocessableError, match=r"points_per_part must be null \(by area\) or a whole number from 1 to 50"):
        project.change({"points_per_part": value})
