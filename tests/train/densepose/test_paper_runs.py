"""Whole runs of the paper's networks: killed and resumed, in two processes, learnt by heart."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from fake_annotations import write_dolls
from paper_run import STILL, paper_config, paper_data, paper_loop, paper_task
from vitruv.cli import main
from vitruv.errors import InputError, ModelError
from vitruv.formats import AnnotationFile
from vitruv.train import LoopConfig, PaperData, check_room, load_ema, open_paper, train
from vitruv.train.engine.feed import Share
from vitruv.train.engine.files import read_scalars
from vitruv.train.engine.loop import learning_rate

PROGRAM = Path(__file__).parents[2] / "paper_run.py"


@pytest.fixture(scope="module")
def dolls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dolls") / "set"
    write_dolls(folder, images=8)
    return folder


def _losses(folder: Path) -> dict[int, dict[str, float]]:
    return {line["step"]: line["means"] for line in read_scalars(folder)}


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        ("fcn", {"chart", "uv", "background"}),
        ("teacher", {"chart", "uv"}),
        ("rcnn", {"objectness", "proposals", "person", "box", "chart", "uv", "coarse"}),
        ("dense", {"objectness", "proposals", "person", "box", "chart", "uv", "coarse"}),
        (
            "cascade",
            {"objectness", "proposals", "person", "box"}
            | {name + stage for name in ("chart", "uv", "coarse", "mask", "keypoints") for stage in ("", "_1")},
        ),
    ],
)
def test_every_network_takes_a_step(kind: str, terms: set[str], dolls: Path, tmp_path: Path) -> None:
    job, sampler = paper_task(kind, dolls)
    check_room(job, sampler, paper_loop(1), tmp_path)
    [report] = train(job, sampler, paper_loop(1), tmp_path)
    assert set(report.means) == {"loss", "gradient_norm"} | terms
    assert all(0 < value < 1000 for value in report.means.values()), report.means


def test_killed_and_resumed_equals_unbroken(dolls: Path, tmp_path: Path) -> None:
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    for folder in (broken, whole):
        folder.mkdir()
    list(train(*paper_task("rcnn", dolls), paper_loop(8), whole))
    arguments = [sys.executable, str(PROGRAM), "rcnn", str(dolls), str(broken), "8"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if int(line) >= 3:
                run.kill()
                break
    assert run.returncode == -9 and max(_losses(broken)) < 8
    list(train(*paper_task("rcnn", dolls), paper_loop(8), broken))
    assert _losses(broken) == _losses(whole)


@pytest.mark.parametrize("kind", ["fcn", pytest.param("rcnn", marks=pytest.mark.slow)])
def test_two_processes_learn_what_one_does(kind: str, dolls: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
    list(train(*paper_task(kind, dolls), paper_loop(3), one))
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run([*launcher, str(PROGRAM), kind, str(dolls), str(two), "3"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    for step, means in _losses(one).items():
        assert _losses(two)[step] == pytest.approx(means, rel=2e-4), f"step {step}"
    networks = []
    for folder in (one, two):
        networks.append(paper_task(kind, dolls)[0].network)
        load_ema(folder, networks[-1])
    for (name, a), b in zip(networks[0].state_dict().items(), networks[1].state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=2e-4, msg=name)


def test_shares_of_a_batch() -> None:
    """What the processes render, put together again, is the batch of one process."""
    shares = [Share(lambda i: i, 4, 3, 0, rank, 2) for rank in range(2)]
    order = np.concatenate([12 * n + np.random.default_rng((0, n, 0)).permutation(12) for n in range(2)])
    found = np.array([[share(i) for i in range(12)] for share in shares])
    np.testing.assert_array_equal(found.T.reshape(-1), order)


def test_learning_rate_in_steps() -> None:
    loop = LoopConfig(steps=130, lr=1.0, warmup_steps=0, schedule="steps", drops=(100 / 130, 120 / 130))
    rates = [learning_rate(loop, step, step / 130) for step in (0, 99, 100, 119, 120, 129)]
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    with pytest.raises(InputError, match="drops must be in"):
        LoopConfig(drops=(1.5,))


def test_sgd_and_frozen_trunk(dolls: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from paper_run import TINY

    config = paper_config("rcnn")
    job, sampler = open_paper(replace(config, trunk=replace(TINY, frozen=True)), paper_data(dolls), seed=0)
    before = {name: value.clone() for name, value in job.network.state_dict().items()}
    list(train(job, sampler, paper_loop(2, optimizer="sgd", lr=1e-3), tmp_path))
    list(train(job, sampler, paper_loop(3, optimizer="sgd", lr=1e-3), tmp_path))
    moved = {name for name, value in job.network.state_dict().items() if not torch.equal(value, before[name])}
    assert not any("stem" in name or "res2" in name or "running" in name for name in moved), "frozen"
    assert "backbone.bottom_up.res3.0.conv1.weight" in moved


def test_no_room(dolls: Path, tmp_path: Path) -> None:
    job, sampler = paper_task("fcn", dolls)
    with pytest.raises(InputError, match=r"of memory before its first step, but .* a smaller --batch"):
        check_room(job, sampler, paper_loop(1, batch=10_000_000), tmp_path)


def test_dense_targets_must_be_there(dolls: Path) -> None:
    with pytest.raises(InputError, match="dense targets were asked for, but there is no folder of them"):
        open_paper(paper_config("dense"), paper_data(dolls), seed=0)


def _options(dolls: Path, run: Path, *more: str) -> list[str]:
    sizes = "--blocks 1 1 1 1 --stem-channels 8 --res2-mid 8 --res2-out 16 --fpn-channels 16 --head-channels 16 --head-layers 1"
    loop = "--steps 1 --batch 2 --group 1 --workers 0 --threads 1 --device cpu --warmup-steps 0 --size-hw 64 64 --flip 0"
    data = ["--annotations", str(dolls / "annotations.json"), "--images", str(dolls / "images"), "--output", str(run)]
    return [*data, *sizes.split(), *loop.split(), *more]


def test_from_teacher_to_student_on_the_command_line(dolls: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    teacher, dense, student = tmp_path / "teacher", tmp_path / "dense", tmp_path / "student"
    held_out = ["--held-out-annotations", str(dolls / "annotations.json"), "--held-out", "2"]
    assert main(["train", "teacher", *_options(dolls, teacher, *held_out)]) == 0
    assert set(json.loads((teacher / "scalars.jsonl").read_text().splitlines()[-1])["evaluation"]) == {"part", "uv", "iou"}
    data = ["--annotations", str(dolls / "annotations.json"), "--images", str(dolls / "images")]
    assert main(["train", "inpaint", "--teacher", str(teacher), *data, "--output", str(dense), "--device", "cpu"]) == 0
    person = AnnotationFile.open(dolls / "annotations.json").people_of(0)[0]
    x, y, w, h = (int(v) for v in person.bbox_xywh)
    with Image.open(dense / "0_iuv.png") as iuv, Image.open(dense / "0_person.png") as seen:
        labels = np.asarray(iuv)[..., 0]
        assert (labels[y : y + h, x : x + w] > 0).all() and (labels > 0).sum() == w * h, "all of the parts, nothing else"
        assert ((np.asarray(seen) == 1) == (labels > 0)).all()
    more = ["--dense", str(dense), "--dense-targets", "--box-fc", "16", "--regions", "8", "--coarse-channels", "2"]
    assert main(["train", "rcnn", *_options(dolls, student, *more)]) == 0
    assert main(["train", "resume", str(student), "--steps", "2"]) == 0
    assert main(["train", "paper", "--config", str(student / "config.json"), "--output", str(tmp_path / "again")]) == 0
    capsys.readouterr()
    assert main(["train", "inpaint", "--teacher", str(student), *data, "--output", str(dense)]) == 1
    assert "is a run of kind 'rcnn', not of a teacher" in capsys.readouterr().err
    assert main(["train", "rcnn", *_options(dolls, tmp_path / "start", "--start", str(dolls / "annotations.json"))]) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "not a JSON object"),
        ('{"kind": "gan"}', "kind must be one of fcn, teacher, rcnn, but is 'gan'"),
        ('{"kind": "fcn"}', "data.annotations must be a path"),
        ('{"kind": "fcn", "data": {"annotations": "a", "images": "b"}, "task": {"colour": 1}}', "there is no setting 'colour'"),
    ],
)
def test_broken_settings_are_one_line(text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "settings.json").write_text(text)
    assert main(["train", "paper", "--config", str(tmp_path / "settings.json"), "--output", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1, error


def test_a_loss_that_is_not_finite(dolls: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no longer finite"):
        list(train(*paper_task("fcn", dolls), paper_loop(20, lr=1e30, warmup_steps=0, clip_norm=1e30), tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "uv"), [("fcn", 0.02), ("teacher", 0.02), ("rcnn", 0.04), ("dense", 0.04), ("cascade", 0.05)])
def test_eight_pictures_by_heart(kind: str, uv: float, dolls: Path, tmp_path: Path) -> None:
    """Every network can learn eight pictures: points get their chart, U and V to a hundredth or, from pooled cells, a few."""
    data: dict[str, Any] = vars(paper_data(dolls, held_out=dolls, dense=kind == "dense"))
    job, sampler = open_paper(paper_config(kind, STILL), PaperData(**data | {"held_out": 8}), seed=0)
    loop = paper_loop(350, batch=8, group=1, lr=3e-3, log_steps=50, checkpoint_minutes=60.0, evaluate_minutes=60.0, ema_decay=0.9)
    reports = list(train(job, sampler, loop, tmp_path))
    found = reports[-1].evaluation
    assert found["part"] > 0.98 and found["uv"] < uv and found["iou"] > 0.9, (found, reports[-1].means)
