"""Proposals of a real model (the toy one, which reads dense pose off painted pictures), and work without any."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from annotating import add_photos, enter
from PIL import Image

from toy_model import painted_picture, write_toy_model
from vitruv.annotate import Project, Proposer, Views, add_photo
from vitruv.annotate.domain.masks import decode_mask
from vitruv.annotate.study import Server
from vitruv.annotate.study.local_server import Client, HTTPError
from vitruv.cli import annotate as command
from vitruv.errors import ModelError

PERSON = (12, 20, 56, 80)  # left, top, width, height; the upper half is the front of the torso, the lower the right upper leg
TORSO, RIGHT_UPPER_LEG, HEAD = 1, 6, 14


@pytest.fixture
def ada(project: Project, views: Views, tmp_path: Path) -> Iterator[Client]:
    """Somebody at a server with the toy model, in a project with one painted photo."""
    picture, _ = painted_picture((120, 160), [PERSON])
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    add_photo(project, "painted.png", stream.getvalue())
    with Server(project, views, Proposer(str(write_toy_model(tmp_path / "toy")))) as server:
        yield enter(project, server)


def next_task(who: Client, kind: str) -> tuple[str, str, dict[str, Any]]:
    """Path, lease key and state of the next task of a kind."""
    lease = who("POST", "/api/next", {"kinds": [kind]})["lease"]
    path = f"/api/tasks/{lease['task_id']}"
    return path, lease["key"], who("GET", path)


def test_boxes_then_parts_then_points_start_from_the_model(ada: Client, views: Views) -> None:
    path, key, task = next_task(ada, "boxes")
    assert task["proposals"] is True
    (box,) = ada("POST", f"{path}/proposal")["boxes"]
    assert [box[side] for side in "xywh"] == pytest.approx(PERSON, abs=4)
    assert ada("GET", path)["boxes"] == [], "nothing is saved by asking"
    ada("PUT", f"{path}/boxes", {"boxes": [box]}, lease=key)
    ada("POST", f"{path}/submit", lease=key)

    path, key, task = next_task(ada, "parts")
    proposed = ada("POST", f"{path}/proposal")["masks"]
    masks = {int(part): decode_mask(counts) for part, counts in proposed.items()}
    both = masks[TORSO].sum() + masks[RIGHT_UPPER_LEG].sum()
    assert both > 0.8 * sum(mask.sum() for mask in masks.values()), "the rest is the blur at the edges"
    rows = np.arange(256)[:, None]
    assert masks[TORSO][rows[:, 0] < 110].mean() > 0.8
    assert masks[RIGHT_UPPER_LEG][rows[:, 0] > 146].mean() > 0.8
    kept = {part: proposed[part] for part in (str(TORSO), str(RIGHT_UPPER_LEG))}
    ada("PUT", f"{path}/masks", {"parts": kept}, lease=key)
    ada("POST", f"{path}/submit", lease=key)

    path, key, task = next_task(ada, "points")
    guesses = {guess["n"]: guess for guess in ada("POST", f"{path}/proposal")["points"]}
    assert len(guesses) >= 0.9 * len(task["points"])
    off, right = [], 0
    for point in task["points"]:
        if point["n"] not in guesses:
            continue
        guess = guesses[point["n"]]
        right += guess["chart"] == (2 if point["part"] == TORSO else 9)
        # U of the painting runs across the person and V down: there on the surface the guess lies, but for what blurs.
        uv = np.array([[(point["x"] + 0.5) / 256, (point["y"] + 0.5) / 256]])
        (there,) = views.atlas.positions(views.atlas.locate(np.array([guess["chart"]]), uv), views.atlas.rest_vertices)
        off.append(float(np.linalg.norm(there - np.array(guess["xyz"]))))
    assert right >= 0.9 * len(guesses)
    assert np.median(off) < 0.05, "metres"
    assert all(point["state"] == "open" for point in ada("GET", path)["points"])


def test_where_the_model_sees_nobody_it_proposes_nothing(ada: Client, project: Project) -> None:
    black = io.BytesIO()
    Image.new("RGB", (160, 120)).save(black, "PNG")
    add_photo(project, "black.png", black.getvalue())
    path, key, task = next_task(ada, "boxes")
    if task["photo"]["name"] != "black.png":
        ada("POST", f"{path}/submit", lease=key)
        path, key, task = next_task(ada, "boxes")
    assert ada("POST", f"{path}/proposal") == {"boxes": []}
    ada("PUT", f"{path}/boxes", {"boxes": [{"x": 10, "y": 10, "w": 100, "h": 100}]}, lease=key)
    ada("POST", f"{path}/submit", lease=key)
    path, _, _ = next_task(ada, "parts")
    assert ada("POST", f"{path}/proposal") == {"masks": {}}


def test_without_a_model_it_says_so_and_work_goes_on(project: Project, views: Views, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("vitruv.runtime.loading.EMBEDDED_FOLDER", tmp_path / "no model here")
    add_photos(project, 1)
    with Server(project, views) as server:
        ada = enter(project, server)
        path, key, task = next_task(ada, "boxes")
        assert task["proposals"] is False, "the browser offers none"
        with pytest.raises(HTTPError, match=r"^there is no model for proposals; continue by hand$") as refused:
            ada("POST", f"{path}/proposal")
        assert refused.value.status == 503
        assert ada("POST", f"{path}/submit", lease=key) == {"state": "accepted"}


def test_a_model_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        command.main(["--project", str(tmp_path / "project"), "--port", "0", "--model", str(tmp_path / "nowhere")])
    assert not (tmp_path / "project").exists()


def test_the_model_inside_the_package_proposes_on_a_photo(project: Project, views: Views) -> None:
    """The astronaut of the README: her box, and in it at least torso and head."""
    add_photo(project, "astronaut.jpg", (Path(__file__).resolve().parents[2] / "examples" / "astronaut.jpg").read_bytes())
    with Server(project, views, Proposer()) as server:
        who = enter(project, server)
        path, key, _ = next_task(who, "boxes")
        boxes = who("POST", f"{path}/proposal")["boxes"]
        assert boxes, "she is found"
        who("PUT", f"{path}/boxes", {"boxes": [{"x": 20, "y": 5, "w": 440, "h": 507}]}, lease=key)
        who("POST", f"{path}/submit", lease=key)
        path, key, _ = next_task(who, "parts")
        masks = who("POST", f"{path}/proposal")["masks"]
        sizes = {int(part): decode_mask(counts).mean() for part, counts in masks.items()}
        assert sizes.get(TORSO, 0) > 0.15 and sizes.get(HEAD, 0) > 0.03, sizes
