from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fake_people import FEATURE_CHANNELS, FakeCrops, FakeFeatures
from tiny_run import CONFIG, tiny_loop, tiny_task
from vitruv.errors import FormatError, InputError, ModelError
from vitruv.surface import Atlas
from vitruv.train import (
    LoopConfig,
    RegressorConfig,
    RegressorTask,
    checkpoints,
    last_position,
    load_ema,
    train,
)
from vitruv.train.compact.feature_samples import FeatureSample
from vitruv.train.engine.files import read_scalars
from vitruv.train.engine.progress import Progress, memory_mb


def _losses(folder: Path) -> dict[int, dict[str, float]]:
    return {line["step"]: line["means"] for line in read_scalars(folder)}


def test_a_finished_run_does_nothing_more(tmp_path: Path) -> None:
    assert len(list(train(tiny_task(), FakeFeatures(), tiny_loop(4), tmp_path))) == 2
    assert list(train(tiny_task(), FakeFeatures(), tiny_loop(4), tmp_path)) == []
    assert last_position(tmp_path).step == 4


def test_what_a_run_leaves_behind(tmp_path: Path) -> None:
    reports = list(train(tiny_task(), FakeFeatures(), tiny_loop(7), tmp_path))
    assert [report.step for report in reports] == [2, 4, 6, 7], "every second step, and the last"
    assert set(reports[0].means) == {"loss", "label", "uv", "gradient_norm"}
    assert set(reports[-1].evaluation) == {"part", "mirrored", "iou", "uv"}, "the last step is always evaluated"
    assert "held out: part" in reports[-1].line()
    assert [path.name for path in checkpoints(tmp_path)] == ["step_0000006.safetensors", "step_0000007.safetensors"]
    assert [line["step"] for line in read_scalars(tmp_path)] == [2, 4, 6, 7]
    with Image.open(tmp_path / "picture_0000007.png") as picture:
        assert picture.size == (3 * (5 * 64 + 4), 2 * (64 + 4)), "three columns of five pictures of a crop each"
    assert not list(tmp_path.glob(".*")), "no temporary files"


def test_killed_and_resumed_equals_unbroken(tmp_path: Path) -> None:
    """kill -9 right after the sixth report; then on to the end in this process."""
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    broken.mkdir()
    whole.mkdir()
    list(train(tiny_task(), FakeFeatures(), tiny_loop(20), whole))
    program = Path(__file__).parents[2] / "tiny_run.py"
    with subprocess.Popen([sys.executable, str(program), str(broken), "20"], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if int(line) >= 12:
                run.kill()
                break
    assert run.returncode == -9
    stopped = last_position(broken).step
    assert 10 <= stopped < 20, "it must have been killed on its way"
    list(train(tiny_task(), FakeFeatures(), tiny_loop(20), broken))
    assert _losses(broken) == _losses(whole), f"resumed at step {stopped}"
    mine, theirs = tiny_task().network, tiny_task().network
    load_ema(broken, mine)
    load_ema(whole, theirs)
    for (name, a), b in zip(mine.state_dict().items(), theirs.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_a_checkpoint_without_its_json_is_no_checkpoint(tmp_path: Path) -> None:
    list(train(tiny_task(), FakeFeatures(), tiny_loop(4), tmp_path))
    (tmp_path / "step_0000004.json").unlink()
    assert last_position(tmp_path).step == 2
    list(train(tiny_task(), FakeFeatures(), tiny_loop(6), tmp_path))
    assert [line["step"] for line in read_scalars(tmp_path)] == [2, 4, 6], "what came after the checkpoint is written again"


def test_loss_falls_and_evaluation_sees_it(tmp_path: Path) -> None:
    task = tiny_task()
    before = task.evaluate(task.network.eval(), torch.device("cpu"))
    quick = tiny_loop(200, batch=8, log_steps=20, lr=4e-3, ema_decay=0.9, checkpoint_minutes=60.0, repeats=1)
    reports = list(train(task, FakeFeatures(), quick, tmp_path))
    assert reports[-1].means["loss"] < 0.6 * reports[0].means["loss"]
    assert reports[-1].evaluation["iou"] > max(0.5, before["iou"])


def test_with_an_atlas_centimetres_are_measured() -> None:
    """A network is not needed: the evaluation is asked with the truth itself, and with the truth moved by a tenth of the chart."""
    atlas = Atlas.load()
    samples = [FakeFeatures(FakeCrops(seed=9))(i) for i in range(2)]
    task = RegressorTask(CONFIG, inputs=FEATURE_CHANNELS, held_out=samples, atlas=atlas)
    labels = torch.from_numpy(np.stack([s.labels for s in samples]))
    uv = torch.from_numpy(np.stack([s.uv for s in samples])) / 255
    inside = labels > 0
    assert task._distance_cm(labels[inside], uv, uv, inside) == 0
    assert 0.2 < task._distance_cm(labels[inside], (uv + 0.1).clamp(max=1), uv, inside) < 10


def test_hours_end_a_run_too(tmp_path: Path) -> None:
    reports = list(train(tiny_task(), FakeFeatures(), tiny_loop(None, hours=1.5 / 3600), tmp_path))
    assert reports[-1].share >= 1 and last_position(tmp_path).elapsed_s >= 1.5


class _Poisoned:
    """From sample 12 on, features are not numbers."""

    def __call__(self, index: int) -> FeatureSample:
        sample = FakeFeatures()(index)
        if index >= 12:
            sample.fine[0, 0] = np.nan
        return sample


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no longer finite near step .*smaller --lr"):
        list(train(tiny_task(), _Poisoned(), tiny_loop(30), tmp_path))
    network = tiny_task().network
    load_ema(tmp_path, network)
    assert all(torch.isfinite(p).all() for p in network.parameters()), "the last good checkpoint stays"


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (LoopConfig, {"hours": 0.0}, "hours must be positive, but got 0"),
        (LoopConfig, {"steps": 0}, "steps must be positive, but got 0"),
        (LoopConfig, {"steps": 3, "batch": 0}, "batch must be positive, but got 0"),
        (LoopConfig, {"steps": 3, "ema_decay": 1.0}, r"ema_decay must be in \[0, 1\)"),
        (LoopConfig, {"steps": 3, "workers": -1}, "workers must not be negative"),
        (RegressorConfig, {"size_hw": (128, 64)}, "size_hw must be two equal multiples of 32"),
        (RegressorConfig, {"box_noise": -1.0}, "box_noise must not be negative"),
    ],
)
def test_settings_are_refused_when_made(kind: type, settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        kind(**settings)


def test_samples_of_another_size_are_refused() -> None:
    with pytest.raises(InputError, match=r"crops of \(96, 96\), but the network takes \(64, 64\)"):
        tiny_task().collate([FakeFeatures(FakeCrops(size_hw=(96, 96)))(0)])


def test_a_device_that_is_not_there(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(ModelError, match="torch sees no GPU"):
        list(train(tiny_task(), FakeFeatures(), tiny_loop(2, device="cuda"), tmp_path))


def test_damaged_and_foreign_checkpoints(tmp_path: Path) -> None:
    list(train(tiny_task(), FakeFeatures(), tiny_loop(2), tmp_path))
    other = RegressorTask(RegressorConfig(size_hw=(64, 64)), inputs=FEATURE_CHANNELS, held_out=[FakeFeatures()(0)], atlas=None)
    with pytest.raises(FormatError, match="does not fit this network"):
        load_ema(tmp_path, other.network)
    checkpoints(tmp_path)[-1].write_bytes(b"12345")
    with pytest.raises(FormatError, match="not a readable checkpoint"):
        load_ema(tmp_path, tiny_task().network)
    with pytest.raises(InputError, match="no complete checkpoint yet"):
        load_ema(tmp_path / "elsewhere", tiny_task().network)


def test_a_line_cut_by_a_kill_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "scalars.jsonl").write_text(json.dumps({"step": 2}) + '\n{"step": 4, "me')
    assert read_scalars(tmp_path) == [{"step": 2}]


def test_memory_is_unknown_where_the_system_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (memory_mb(torch.device("cpu")) or 0) > 10
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
    assert memory_mb(torch.device("cpu")) is None
    report = Progress(1, 1.0, 0.5, 1e-3, {}, 2.0, 0.0, None)
    assert "MB" not in report.line() and "2/s (0% waiting)  0:00:01 + 0:00:01" in report.line()
