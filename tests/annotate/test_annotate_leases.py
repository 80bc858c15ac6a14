"""One task, one person: the queue, leases that end, windows that were overtaken. On SQLite and on PostgreSQL."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from annotating import Clock, add_photos, somebody

from vitruv.annotate import Annotator, Project
from vitruv.annotate.domain.leases import Lease, release, renew, take, take_next
from vitruv.annotate.domain.masks import encode_mask, save_masks
from vitruv.annotate.domain.overview import task_state
from vitruv.annotate.domain.people import save_boxes
from vitruv.annotate.domain.points import skip_point
from vitruv.annotate.domain.workflow import submit
from vitruv.http.errors import ConflictError, NotAllowedError, NotFoundError, UnprocessableError

BOX = [{"x": 10, "y": 10, "w": 60, "h": 120}]


def _next(project: Project, who: Annotator, *kinds: str) -> Lease:
    lease = take_next(project, who, kinds or ("boxes", "parts", "points"))
    assert lease is not None
    return lease


def test_an_empty_queue(any_project: Project) -> None:
    assert take_next(any_project, somebody(any_project)) is None


@pytest.mark.parametrize("kinds", [[], ["naps"], ["boxes", 3]])
def test_unknown_kinds_are_refused(project: Project, kinds: list[str]) -> None:
    with pytest.raises(UnprocessableError, match="kinds must be some of boxes, parts, points"):
        take_next(project, somebody(project), kinds)


def test_two_people_never_get_the_same_task(any_project: Project) -> None:
    add_photos(any_project, 24)
    people = [somebody(any_project, f"annotator {i}") for i in range(8)]
    got: list[str] = []
    lock = threading.Lock()

    def grab(who: Annotator) -> None:
        for _ in range(3):
            lease = take_next(any_project, who)
            assert lease is not None
            submit(any_project, who, lease.task_id, lease.key)
            with lock:
                got.append(lease.task_id)

    threads = [threading.Thread(target=grab, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 24, "each task went to one person"
    assert take_next(any_project, people[0]) is None


def test_a_task_stays_with_whoever_has_it_until_the_lease_ends(any_project: Project, clock: Clock) -> None:
    add_photos(any_project, 1)
    ada, ben = somebody(any_project, "Ada"), somebody(any_project, "Ben")
    lease = _next(any_project, ada)
    assert take_next(any_project, ben) is None
    with pytest.raises(ConflictError, match="Ada is working on this task now"):
        take(any_project, ben, lease.task_id)
    clock.pass_minutes(14)
    renew(any_project, ada, lease.task_id, lease.key)
    clock.pass_minutes(14)
    assert take_next(any_project, ben) is None, "renewed in time"
    clock.pass_minutes(2)
    taken = _next(any_project, ben)
    assert taken.task_id == lease.task_id
    with pytest.raises(ConflictError, match=r"no longer yours \(Ben has it now\); nothing was changed"):
        save_boxes(any_project, ada, lease.task_id, lease.key, BOX)


def test_work_of_an_ended_lease_counts_while_nobody_else_took_the_task(any_project: Project, clock: Clock) -> None:
    add_photos(any_project, 1)
    ada = somebody(any_project)
    lease = _next(any_project, ada)
    clock.pass_minutes(600)
    assert len(save_boxes(any_project, ada, lease.task_id, lease.key, BOX)) == 1


def test_whoever_takes_over_goes_on_where_the_first_one_stopped(any_project: Project, clock: Clock) -> None:
    add_photos(any_project, 1)
    ada, ben = somebody(any_project, "Ada"), somebody(any_project, "Ben")
    lease = _next(any_project, ada)
    saved = save_boxes(any_project, ada, lease.task_id, lease.key, BOX)
    clock.pass_minutes(20)
    lease = _next(any_project, ben)
    assert save_boxes(any_project, ben, lease.task_id, lease.key, saved) == saved


def test_of_two_windows_the_later_one_can_save(any_project: Project) -> None:
    add_photos(any_project, 1)
    ada = somebody(any_project)
    first = _next(any_project, ada)
    second = take(any_project, ada, first.task_id)
    assert second.previous == first.key, "the second window knows that nobody came between"
    save_boxes(any_project, ada, second.task_id, second.key, BOX)
    for key in (first.key, "", None):
        with pytest.raises(ConflictError, match="open in another window; nothing was changed here"):
            save_boxes(any_project, ada, first.task_id, key, [])


def test_a_begun_task_comes_back_first(any_project: Project) -> None:
    add_photos(any_project, 5)
    ada = somebody(any_project)
    assert _next(any_project, ada).task_id == _next(any_project, ada).task_id


def test_a_released_task_is_free_at_once(any_project: Project) -> None:
    add_photos(any_project, 1)
    ada, ben = somebody(any_project, "Ada"), somebody(any_project, "Ben")
    lease = _next(any_project, ada)
    release(any_project, ada, lease.task_id, lease.key)
    assert _next(any_project, ben).task_id == lease.task_id


def test_a_finished_task_is_closed(any_project: Project) -> None:
    add_photos(any_project, 1)
    ada = somebody(any_project)
    lease = _next(any_project, ada)
    submit(any_project, ada, lease.task_id, lease.key)
    with pytest.raises(ConflictError, match="this task is already accepted"):
        take(any_project, ada, lease.task_id)
    with pytest.raises(ConflictError, match="this task is already accepted; nothing was changed"):
        save_boxes(any_project, ada, lease.task_id, lease.key, BOX)


def test_unknown_tasks(project: Project) -> None:
    with pytest.raises(NotFoundError, match="no task with this id"):
        take(project, somebody(project), "x")


def test_second_opinions_come_from_somebody_else(any_project: Project) -> None:
    any_project.change({"replicas": 2})
    add_photos(any_project, 1)
    ada, ben = somebody(any_project, "Ada"), somebody(any_project, "Ben")
    boxes = _next(any_project, ada)
    save_boxes(any_project, ada, boxes.task_id, boxes.key, BOX)
    submit(any_project, ada, boxes.task_id, boxes.key)
    first, second = _next(any_project, ada, "parts"), _next(any_project, ben, "parts")
    assert first.task_id != second.task_id
    release(any_project, ben, second.task_id, second.key)
    assert _next(any_project, ada).task_id == first.task_id
    with pytest.raises(NotAllowedError, match="the second opinion must come from somebody else"):
        take(any_project, ada, second.task_id)


def test_first_opinions_come_before_second_ones(any_project: Project) -> None:
    """So that the points of all people can be sampled, which the first masks decide."""
    any_project.change({"replicas": 2})
    add_photos(any_project, 3)
    ada = somebody(any_project, "Ada")
    for _ in range(3):
        lease = _next(any_project, ada, "boxes")
        save_boxes(any_project, ada, lease.task_id, lease.key, BOX)
        submit(any_project, ada, lease.task_id, lease.key)
    owner = somebody(any_project, "Olga", "owner")
    got = [_next(any_project, somebody(any_project, f"annotator {i}"), "parts").task_id for i in range(6)]
    assert [task_state(any_project, owner, task_id)["replica"] for task_id in got] == [0, 0, 0, 1, 1, 1]


def test_quick_saves_leave_the_lease_as_it_is(any_project: Project, clock: Clock) -> None:
    add_photos(any_project, 1)
    ada = somebody(any_project, "Ada")
    lease = _next(any_project, ada)
    clock.pass_minutes(0.25)
    assert renew(any_project, ada, lease.task_id, lease.key).until == lease.until
    clock.pass_minutes(0.25)
    assert renew(any_project, ada, lease.task_id, lease.key).until == lease.until + 30, "half a minute later it starts anew"


def test_one_person_gets_finished_after_the_other(any_project: Project) -> None:
    """Boxes of the first photo, parts and points of its first person, then of its second; only then the next photo."""
    add_photos(any_project, 2)
    ada = somebody(any_project)
    mask = np.zeros((256, 256), bool)
    mask[50:140, 70:180] = True
    boxes = [{"x": 10, "y": 10, "w": 40, "h": 120}, {"x": 60, "y": 10, "w": 40, "h": 120}]
    order: list[tuple[str, str, str | None]] = []
    after = None
    while lease := take_next(any_project, ada, after=after):
        task = task_state(any_project, ada, lease.task_id)
        order.append((task["kind"], task["photo_id"], task["person_id"]))
        if task["kind"] == "boxes":
            save_boxes(any_project, ada, lease.task_id, lease.key, boxes)
        elif task["kind"] == "parts":
            save_masks(any_project, ada, lease.task_id, lease.key, {"1": encode_mask(mask)})
        else:
            for point in task["points"]:
                skip_point(any_project, ada, lease.task_id, lease.key, point["n"])
        submit(any_project, ada, lease.task_id, lease.key)
        after = lease.task_id
    assert [kind for kind, _, _ in order] == 2 * ["boxes", "parts", "points", "parts", "points"]
    for start in (0, 5):
        assert len({photo for _, photo, _ in order[start : start + 5]}) == 1
        assert order[start + 1][2] == order[start + 2][2] != order[start + 3][2] == order[start + 4][2]


def test_a_started_person_goes_before_other_people_of_the_queue(any_project: Project) -> None:
    add_photos(any_project, 2)
    ada, ben = somebody(any_project, "Ada"), somebody(any_project, "Ben")
    for who in (ada, ben):
        lease = take_next(any_project, who, ["boxes"])
        assert lease is not None
        save_boxes(any_project, who, lease.task_id, lease.key, [{"x": 10, "y": 10, "w": 40, "h": 120}])
        submit(any_project, who, lease.task_id, lease.key)
    first = take_next(any_project, ben, after=lease.task_id)
    assert first is not None
    assert task_state(any_project, ben, first.task_id)["photo_id"] == task_state(any_project, ben, lease.task_id)["photo_id"]
    assert take_next(any_project, ada, after="no such task") is not None
