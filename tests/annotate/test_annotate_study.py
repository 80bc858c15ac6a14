"""The accuracy study: the error that simulated annotators put in is the error that is reported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from annotating import somebody

from vitruv.annotate import Project, Views, invite
from vitruv.annotate.study import Server, SimulatedAnnotator, add_scenes, error_map, study_errors, truth_of, write_report
from vitruv.cli import annotate
from vitruv.http.errors import UnprocessableError
from vitruv.surface import Atlas
from vitruv.surface.charts import PART_OF_CHART
from vitruv.synth import SceneSample

NOISES_M = (0.0, 0.005, 0.015)  # small against a forearm, beside which larger errors would miss and be clicked again


def _view_as_scene(views: Views, part: int) -> SceneSample:
    """A scene without a scene: the front view of a part is a picture whose truth is known exactly."""
    drawn = views.part(part)
    height, width = drawn.size_hw
    face, inner = drawn.face[0], drawn.barycentric[0]
    seen = face >= 0
    weights = np.concatenate([1 - inner.sum(axis=-1, keepdims=True), inner], axis=-1)
    uv = np.rint(255 * (weights[..., None] * views.atlas.corner_uv[face]).sum(axis=-2)).astype(np.uint8)
    labels = np.where(seen, views.atlas.chart_of_face[face], 0).astype(np.uint8)
    return SceneSample(
        image=np.random.default_rng(part).integers(0, 255, (height, width, 3), np.uint8),
        boxes_xyxy=np.array([[0, 0, width, height]], np.float32),
        labels=labels,
        uv=np.where(seen[None], np.moveaxis(uv, -1, 0), 0).astype(np.uint8),
        person=seen.astype(np.int32),
        keypoints=np.zeros((1, 17, 3), np.float32),
    )


@pytest.fixture
def study(project: Project, views: Views) -> Iterator[Project]:
    project.change({"replicas": len(NOISES_M)})
    scenes = [_view_as_scene(views, part) for part in (13, 12)]
    assert list(add_scenes(project, scenes.__getitem__, 2)) == [1, 2]
    yield project


def _simulate(project: Project, views: Views, noise_m: float, server: Server) -> SimulatedAnnotator:
    def truth(task: dict[str, Any]) -> Any:
        return truth_of(project, views.atlas, task["photo"]["id"], task["box"], task["points"])

    client = server.client(invite(project, f"noise {noise_m}")[1])
    worker = SimulatedAnnotator(client, views.atlas, truth, noise_m, np.random.default_rng(1))
    assert worker.work() == 2
    return worker


def test_an_unfinished_study(study: Project, tmp_path: Path) -> None:
    assert len(study_errors(study, Atlas.load()).error_m) == 0
    with pytest.raises(UnprocessableError, match="no study photo is finished yet"):
        write_report(study, Atlas.load(), tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_what_is_put_in_comes_out(study: Project, views: Views, tmp_path: Path) -> None:
    with Server(study, views) as server:
        workers = [_simulate(study, views, noise, server) for noise in NOISES_M]
    errors = study_errors(study, views.atlas)
    names = np.array(errors.annotator)
    for worker, noise in zip(workers, NOISES_M, strict=True):
        mine = errors.error_m[names == f"noise {noise}"]
        put_in = np.array(worker.displacements_m)
        assert len(mine) == len(put_in)
        if noise == 0:
            assert mine.mean() < 0.003, "only pixels and rounding of U and V"
        else:
            # Some 30 points: the mean of what was drawn scatters by a tenth. What is reported of it must not.
            assert 0.6 < put_in.mean() / (noise * np.sqrt(np.pi / 2)) < 1.4
            assert 0.9 < mine.mean() / put_in.mean() < 1.25, f"noise {noise}: {mine.mean()} reported, {put_in.mean()} put in"
    spread = error_map(views.atlas, errors)
    known = np.isfinite(spread)
    assert 0.001 < known.mean() < 0.5, "two forearms of a body, and the rims around them"
    parts = PART_OF_CHART[views.atlas.chart_of_face]
    assert {2, 3, 10, 11, 12, 13} >= {int(part) for part in parts[known[views.atlas.faces].all(axis=1)]}
    pytest.importorskip("matplotlib")
    report = write_report(study, views.atlas, tmp_path / "report")
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"report.json", "error_map.png", "ratio_correct.png"}
    assert json.loads((tmp_path / "report" / "report.json").read_text()) == report
    assert report["all"]["points"] == len(errors.error_m)
    assert len(report["agreement"]) == 3, "three pairs of annotators"
    closest = min(report["agreement"], key=lambda pair: pair["mean_cm"])
    assert {closest["a"], closest["b"]} == {"noise 0.0", "noise 0.005"}


def test_people_of_a_study_are_not_told_the_truth(study: Project, views: Views) -> None:
    from vitruv.annotate.domain.leases import take_next
    from vitruv.annotate.domain.overview import task_state

    ada = somebody(study)
    lease = take_next(study, ada)
    assert lease is not None
    for point in task_state(study, ada, lease.task_id)["points"]:
        assert point["chart"] is None
        assert point["u"] is None


@pytest.mark.slow
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    folder, report = tmp_path / "study", tmp_path / "report"
    arguments = [
        "study",
        "--create",
        "--project",
        str(folder),
        "--photos",
        "3",
        "--simulate",
        "0.5",
        "2",
        "4",
        "--report",
        str(report),
    ]
    assert annotate.main(arguments) == 0
    print(capsys.readouterr().out)
    per_annotator = json.loads((report / "report.json").read_text())["annotators"]
    for noise in (0.5, 2, 4):
        expected = noise * np.sqrt(np.pi / 2)
        assert 0.8 < per_annotator[f"simulated, {noise:g} cm"]["mean_cm"] / expected < 1.3
