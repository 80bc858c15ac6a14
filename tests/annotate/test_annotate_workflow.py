"""From photo to points: saving, handing in, review, and what opens when something is accepted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from annotating import add_photos, somebody

from vitruv.annotate import Annotator, Project, Views
from vitruv.annotate.domain.leases import take, take_next
from vitruv.annotate.domain.masks import encode_mask, save_masks
from vitruv.annotate.domain.overview import photo_page, progress, task_list, task_state
from vitruv.annotate.domain.people import save_boxes
from vitruv.annotate.domain.points import place_point, sample_person, skip_point
from vitruv.annotate.domain.workflow import accept, reopen, send_back, submit
from vitruv.http.errors import ConflictError, NotAllowedError, NotFoundError, UnprocessableError

HEAD = np.zeros((256, 256), bool)
HEAD[10:50, 100:150] = True
TORSO = np.zeros((256, 256), bool)
TORSO[50:140, 70:180] = True
MASKS = {"14": encode_mask(HEAD), "1": encode_mask(TORSO)}
ON_THE_NOSE = {"view": 0, "x": 168.0, "y": 224.0, "seconds": 2.5}


def begin(project: Project, who: Annotator, kind: str) -> tuple[str, str]:
    lease = take_next(project, who, [kind])
    assert lease is not None, f"there is no {kind} task"
    return lease.task_id, lease.key


def do_boxes(project: Project, who: Annotator) -> list[dict[str, Any]]:
    task, key = begin(project, who, "boxes")
    boxes = save_boxes(project, who, task, key, [{"x": 10, "y": 10, "w": 60, "h": 120}])
    submit(project, who, task, key)
    return boxes


def do_parts(project: Project, who: Annotator) -> str:
    task, key = begin(project, who, "parts")
    save_masks(project, who, task, key, MASKS)
    submit(project, who, task, key)
    return task


def test_an_empty_project(any_project: Project) -> None:
    owner = somebody(any_project, "Olga", "owner")
    overview = progress(any_project, owner)
    assert (overview["photos"], overview["people"], overview["points"]) == (0, 0, {})
    assert photo_page(any_project) == {"total": 0, "next": None, "photos": []}


def test_one_person_from_box_to_points(any_project: Project, views: Views) -> None:
    add_photos(any_project, 1)
    ada = somebody(any_project)
    do_boxes(any_project, ada)
    parts = do_parts(any_project, ada)
    task, key = begin(any_project, ada, "points")
    state = task_state(any_project, ada, task)
    assert state["masks"] == task_state(any_project, ada, parts)["masks"]
    asked = [(point["part"], point["state"]) for point in state["points"]]
    assert asked == [(1, "open")] * 14 + [(14, "open")] * 14, "the torso comes first, then the head"
    answer = place_point(any_project, views, ada, task, key, 14, ON_THE_NOSE)
    assert answer.chart in (23, 24)
    with pytest.raises(UnprocessableError, match="27 points have no answer yet"):
        submit(any_project, ada, task, key)
    for n in range(28):
        if n != 14:
            skip_point(any_project, ada, task, key, n)
    assert submit(any_project, ada, task, key) == "accepted"
    kept = task_state(any_project, ada, task)["points"][14]
    assert (kept["state"], kept["chart"], kept["seconds"]) == ("placed", answer.chart, 2.5)
    assert progress(any_project, ada)["points"] == {"placed": 1, "skipped": 27}
    assert [task["state"] for task in photo_page(any_project)["photos"][0]["tasks"]] == ["accepted"] * 3


def test_the_same_person_is_asked_about_the_same_points() -> None:
    masks = {14: HEAD, 1: TORSO}
    assert sample_person(masks, "x") == sample_person(masks, "x")
    assert sample_person({}, "x") == []


def test_answers_can_be_taken_back_and_changed(project: Project, views: Views) -> None:
    add_photos(project, 1)
    ada = somebody(project)
    do_boxes(project, ada)
    do_parts(project, ada)
    task, key = begin(project, ada, "points")
    place_point(project, views, ada, task, key, 20, ON_THE_NOSE)
    skip_point(project, ada, task, key, 20, "open")
    point = task_state(project, ada, task)["points"][20]
    assert (point["state"], point["face"], point["u"]) == ("open", None, None)


@pytest.mark.parametrize(
    ("click", "message"),
    [
        ({"view": 0, "x": 2, "y": 2}, "the click is not on the body"),
        ({"view": 0, "x": 9999, "y": 2}, "outside the view of"),
        ({"view": 0, "x": -1, "y": 2}, "outside the view of"),
        ({"view": 6, "x": 2, "y": 2}, "view must be a whole number from 0 to 5, but got 6"),
        ({"view": "0", "x": 2, "y": 2}, "view must be a whole number"),
        ({"x": 2, "y": 2}, "view must be a whole number from 0 to 5, but got None"),
        ({"view": 0, "x": None, "y": 2}, "x must be a number, but got None"),
        ({"view": 0, "x": float("nan"), "y": 2}, "x must be a number, but got nan"),
        ({**ON_THE_NOSE, "part": 15}, "part must be a whole number from 1 to 14, but got 15"),
        ({**ON_THE_NOSE, "part": 14, "seconds": "long"}, "seconds must be a number"),
        ({"view": 0, "x": 168, "y": 224, "part": 4}, "the left foot is not visible on this person"),
    ],
)
def test_clicks_that_mean_nothing_change_nothing(project: Project, views: Views, click: dict[str, Any], message: str) -> None:
    add_photos(project, 1)
    ada = somebody(project)
    do_boxes(project, ada)
    do_parts(project, ada)
    task, key = begin(project, ada, "points")
    if "part" in click and click["part"] == 4:  # a place on the views of the foot that does show the foot
        foot = views.part(4)
        row, column = np.argwhere(foot.face[0] >= 0)[len(np.argwhere(foot.face[0] >= 0)) // 2]
        click = {**click, "x": float(column), "y": float(row)}
    with pytest.raises(UnprocessableError, match=message):
        place_point(project, views, ada, task, key, 20, click)
    assert task_state(project, ada, task)["points"][20]["state"] == "open"
    with pytest.raises(NotFoundError, match="this task has no point 28"):
        place_point(project, views, ada, task, key, 28, ON_THE_NOSE)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (None, "parts must be an object"),
        ({"0": "PPP2"}, "a part must be a number from 1 to 14, but got '0'"),
        ({"15": "PPP2"}, "but got '15'"),
        ({"1": 5}, r"parts\[1\] must be a text of packed run lengths, but is a int"),
        ({"1": "nonsense"}, r"parts\[1\]"),
        ({"1": "PPP1"}, r"parts\[1\]: .*32768"),
    ],
)
def test_what_is_no_mask_is_refused(project: Project, parts: object, message: str) -> None:
    add_photos(project, 1)
    ada = somebody(project)
    do_boxes(project, ada)
    task, key = begin(project, ada, "parts")
    save_masks(project, ada, task, key, MASKS)
    with pytest.raises(UnprocessableError, match=message):
        save_masks(project, ada, task, key, parts)
    assert task_state(project, ada, task)["masks"] == {int(part): counts for part, counts in MASKS.items()}


def test_an_emptied_part_is_gone(project: Project) -> None:
    add_photos(project, 1)
    ada = somebody(project)
    do_boxes(project, ada)
    task, key = begin(project, ada, "parts")
    with pytest.raises(UnprocessableError, match="outline at least one visible part"):
        submit(project, ada, task, key)
    save_masks(project, ada, task, key, MASKS)
    assert save_masks(project, ada, task, key, {"1": encode_mask(np.zeros((256, 256), bool))}) == {"1": 0}
    assert set(task_state(project, ada, task)["masks"]) == {14}


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ("all", "boxes must be a list"),
        ([[1, 2, 3, 4]], r"boxes\[0\] must be an object with x, y, w and h"),
        ([{"x": 0, "y": 0, "w": 5, "h": 50}], "a person needs at least 8 x 8"),
        ([{"x": 100, "y": 0, "w": 50, "h": 50}], "extends beyond the photo of 120 x 160 pixels"),
        ([{"x": -1, "y": 0, "w": 50, "h": 50}], "extends beyond the photo"),
        ([{"x": float("inf"), "y": 0, "w": 50, "h": 50}], r"boxes\[0\].x must be a number"),
        ([{"x": 0, "y": 0, "w": 50}], r"boxes\[0\].h must be a number, but got None"),
        ([{"id": "x", "x": 0, "y": 0, "w": 50, "h": 50}], "has an id that is not in this photo"),
    ],
)
def test_what_is_no_box_is_refused(project: Project, boxes: object, message: str) -> None:
    add_photos(project, 1)
    ada = somebody(project)
    task, key = begin(project, ada, "boxes")
    with pytest.raises(UnprocessableError, match=message):
        save_boxes(project, ada, task, key, boxes)


def test_a_photo_without_people_is_fine(project: Project) -> None:
    add_photos(project, 1)
    ada = somebody(project)
    task, key = begin(project, ada, "boxes")
    assert submit(project, ada, task, key) == "accepted"
    assert take_next(project, ada) is None


def test_review(any_project: Project) -> None:
    any_project.change({"review": True})
    add_photos(any_project, 1)
    ada, rita = somebody(any_project, "Ada"), somebody(any_project, "Rita", "reviewer")
    do_boxes(any_project, ada)
    assert take_next(any_project, ada) is None, "nothing opens before a reviewer accepted"
    (waiting,) = task_list(any_project, rita, state="submitted", mine=False)
    with pytest.raises(UnprocessableError, match="describe in a note"):
        send_back(any_project, rita, waiting["id"], "  ")
    send_back(any_project, rita, waiting["id"], "An arm is missing")
    state = task_state(any_project, ada, waiting["id"])
    assert (state["state"], state["note"]) == ("returned", "An arm is missing")
    lease = take(any_project, ada, waiting["id"])
    submit(any_project, ada, lease.task_id, lease.key)
    accept(any_project, rita, lease.task_id)
    with pytest.raises(ConflictError, match="this task is accepted; nothing was changed"):
        accept(any_project, rita, lease.task_id)
    assert begin(any_project, ada, "parts")


def test_who_may_review(project: Project) -> None:
    project.change({"review": True})
    add_photos(project, 1)
    ada, rita = somebody(project, "Ada"), somebody(project, "Rita", "reviewer")
    task, key = begin(project, rita, "boxes")
    submit(project, rita, task, key)
    with pytest.raises(NotAllowedError, match="Ada is annotator in this project; this needs the reviewer"):
        accept(project, ada, task)
    with pytest.raises(NotAllowedError, match="somebody else has to review your own work"):
        accept(project, rita, task)
    with pytest.raises(NotAllowedError, match="this task belongs to somebody else"):
        task_state(project, ada, task)
    with pytest.raises(NotFoundError):
        accept(project, rita, "nothing")


def test_people_who_are_begun_keep_their_box(any_project: Project) -> None:
    add_photos(any_project, 1)
    ada, olga = somebody(any_project, "Ada"), somebody(any_project, "Olga", "owner")
    boxes = do_boxes(any_project, ada)
    do_parts(any_project, ada)
    (boxes_task,) = [t for t in task_list(any_project, ada, state="accepted", mine=True) if t["kind"] == "boxes"]
    send_back(any_project, olga, boxes_task["id"], "One more person")
    lease = take(any_project, ada, boxes_task["id"])
    with pytest.raises(ConflictError, match="cannot be removed"):
        save_boxes(any_project, ada, lease.task_id, lease.key, [])
    with pytest.raises(ConflictError, match="it can no longer change"):
        save_boxes(any_project, ada, lease.task_id, lease.key, [{**boxes[0], "w": 50}])
    more = [*boxes, {"x": 30, "y": 0, "w": 40, "h": 90}]
    assert len(save_boxes(any_project, ada, lease.task_id, lease.key, more)) == 2
    submit(any_project, ada, lease.task_id, lease.key)
    assert progress(any_project, ada)["stages"]["parts"]["open"] == 1, "the new person's parts"


def test_corrected_masks_bring_new_points_only_where_nothing_is_answered(any_project: Project) -> None:
    add_photos(any_project, 1)
    ada, olga = somebody(any_project, "Ada"), somebody(any_project, "Olga", "owner")
    do_boxes(any_project, ada)
    parts = do_parts(any_project, ada)
    task, key = begin(any_project, ada, "points")
    assert len(task_state(any_project, ada, task)["points"]) == 28

    def correct(masks: dict[str, str]) -> None:
        send_back(any_project, olga, parts, "Again")
        lease = take(any_project, ada, parts)
        save_masks(any_project, ada, parts, lease.key, masks)
        submit(any_project, ada, parts, lease.key)

    correct({"1": encode_mask(np.zeros((256, 256), bool))})
    assert len(task_state(any_project, ada, task)["points"]) == 14, "sampled anew"
    skip_point(any_project, ada, task, key, 0)
    correct(MASKS)
    assert len(task_state(any_project, ada, task)["points"]) == 14, "an answer was given: the points stay"


def test_submitted_work_can_be_reopened_by_its_annotator(any_project: Project) -> None:
    add_photos(any_project, 1)
    ada, ben = somebody(any_project, "Ada"), somebody(any_project, "Ben")
    do_boxes(any_project, ada)
    parts = do_parts(any_project, ada)
    with pytest.raises(NotAllowedError, match="only the annotator who submitted a task can reopen it"):
        reopen(any_project, ben, parts)
    reopen(any_project, ada, parts)
    lease = take_next(any_project, ada)
    assert lease is not None
    assert lease.task_id == parts, "what was reopened comes first"
    with pytest.raises(ConflictError, match="this task is open: there is nothing to reopen"):
        reopen(any_project, ada, parts)
    save_masks(any_project, ada, parts, lease.key, {"14": encode_mask(np.zeros((256, 256), bool))})
    submit(any_project, ada, parts, lease.key)
    task, _ = begin(any_project, ada, "points")
    assert {point["part"] for point in task_state(any_project, ada, task)["points"]} == {1}, "points of the corrected masks"


def test_what_a_reviewer_accepted_is_not_reopened(any_project: Project) -> None:
    any_project.change({"review": True})
    add_photos(any_project, 1)
    ada, rita = somebody(any_project, "Ada"), somebody(any_project, "Rita", "reviewer")
    do_boxes(any_project, ada)
    (waiting,) = task_list(any_project, rita, state="submitted", mine=False)
    reopen(any_project, ada, waiting["id"])
    lease = take(any_project, ada, waiting["id"])
    submit(any_project, ada, lease.task_id, lease.key)
    accept(any_project, rita, waiting["id"])
    with pytest.raises(ConflictError, match="a reviewer has accepted this task; ask them to send it back"):
        reopen(any_project, ada, waiting["id"])
