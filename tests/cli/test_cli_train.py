from __future__ import annotations

import json
from pathlib import Path

import pytest

from fake_people import FakeFeatures
from tiny_run import CONFIG, tiny_loop, tiny_task
from vitruv.cli import main
from vitruv.train import DataConfig, load_config, save_or_check_config, train


def _data(pack: str) -> DataConfig:
    return DataConfig(pack=Path(pack), trunk=Path("trunk.json"), cache=Path("cache"))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    save_or_check_config(folder, "regressor", {"loop": tiny_loop(4), "task": CONFIG, "data": _data("pack.npz")})
    list(train(tiny_task(), FakeFeatures(), tiny_loop(4), folder))
    return folder


def test_no_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train"]) == 2
    assert "usage: vitruv train VERB" in capsys.readouterr().err
    assert main(["train", "--help"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "regressor", "--pack", "no.npz", "--trunk", "no.json", "--cache", "C", "--output", "RUN"], "no.json"),
        (["train", "resume", "RUN"], "is not a training run"),
        (["train", "report", "RUN"], "has no scalars yet"),
        (["export", "--output", "RUN"], "give --run or --detector"),
        (["export", "--detector", "no.json", "--output", "RUN"], "no.json"),
        (["export", "--run", "RUN", "--output", "model"], "is not a training run"),
    ],
)
def test_refusals_are_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1, error


def test_unusable_settings(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["train", "regressor", "--pack", "p", "--trunk", "t", "--cache", "c", "--output", "RUN", "--batch", "0"])
    assert stop.value.code == 2 and "batch must be positive, but got 0" in capsys.readouterr().err


def test_report(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "report", str(run)]) == 0
    assert json.loads(capsys.readouterr().out)["step"] == 4
    assert (run / "curves.png").stat().st_size > 1000


def test_settings_of_a_run_cannot_change_but_its_length_can(run: Path) -> None:
    from vitruv.errors import InputError

    data = _data("moved.npz")
    save_or_check_config(run, "regressor", {"loop": tiny_loop(9), "task": CONFIG, "data": data})
    assert load_config(run)["loop"]["steps"] == 9 and load_config(run)["data"]["pack"] == "moved.npz"
    with pytest.raises(InputError, match=r"holds a run with loop\.lr = 0\.0015, not 0\.1"):
        save_or_check_config(run, "regressor", {"loop": tiny_loop(9, lr=0.1), "task": CONFIG, "data": data})
    with pytest.raises(InputError, match="holds a run with kind = 'regressor', not 'detector'"):
        save_or_check_config(run, "detector", {"loop": tiny_loop(9), "task": CONFIG, "data": data})
