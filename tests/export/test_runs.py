from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fake_people import FEATURE_CHANNELS, FakeFeatures
from tiny_run import CONFIG, tiny_loop, tiny_task
from vitruv.errors import InputError
from vitruv.export.runs import mean_network, read_runs, training_of
from vitruv.networks.compact import fold_normalisation
from vitruv.train import DataConfig, build_decoder, load_ema, save_or_check_config, train

DATA = DataConfig(Path("pack.npz"), Path("trunk.json"), Path("cache"), crops=10)


def _run(folder: Path, steps: int) -> Path:
    folder.mkdir()
    save_or_check_config(folder, "regressor", {"loop": tiny_loop(steps), "task": CONFIG, "data": DATA})
    list(train(tiny_task(), FakeFeatures(), tiny_loop(steps), folder))
    return folder


def test_no_runs() -> None:
    with pytest.raises(InputError, match="at least one run of a regressor is wanted"):
        read_runs([], "regressor")


def test_the_mean_is_that_of_weights_without_normalisation(tmp_path: Path) -> None:
    folders = [_run(tmp_path / "short", 2), _run(tmp_path / "long", 4)]
    states = []
    for folder in folders:
        network = build_decoder(CONFIG, FEATURE_CHANNELS)
        load_ema(folder, network)
        states.append(fold_normalisation(network).state_dict())
    runs = read_runs(folders, "regressor")
    mean = mean_network(runs, lambda: build_decoder(CONFIG, FEATURE_CHANNELS)).state_dict()
    assert mean.keys() == states[0].keys()
    differing = [name for name in mean if not torch.equal(states[0][name], states[1][name])]
    assert differing, "the two runs must differ"
    for name, value in mean.items():
        torch.testing.assert_close(value, (states[0][name] + states[1][name]) / 2)
    trained = training_of(runs)
    assert (trained["steps"], [run["steps"] for run in trained["averaged_with"]]) == (4, [2])
    assert "averaged_with" not in training_of(runs[:1])
    assert [training_of([run])["crops"] for run in runs] == [4, 8], "of batches of 4, each used twice"


def test_a_run_of_another_kind(tmp_path: Path) -> None:
    folder = _run(tmp_path / "run", 2)
    with pytest.raises(InputError, match="is a run of kind 'regressor', but a detector is wanted"):
        read_runs([folder], "detector")
