from __future__ import annotations

import pytest

from vitruv.errors import InputError
from vitruv.synth import CropSampler
from vitruv.synth.gather import Assets, write_pack
from vitruv.train.compact.regressor import RegressorConfig
from vitruv.train.compact.setup import HELD_OUT_SEED, open_training
from vitruv.train.engine.config import DataConfig


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataConfig:
    path = tmp_path_factory.mktemp("opening") / "pack.npz"
    write_pack(path, Assets())
    return DataConfig(path, held_out=1)


def test_what_training_samples_show_is_set_by_the_network_settings(data: DataConfig) -> None:
    _, sampler = open_training(RegressorConfig(size_hw=(48, 32), lying=3.0, quarter_turns=0.25), data, seed=1)
    assert isinstance(sampler, CropSampler)
    assert (sampler.config.size_hw, sampler.config.lying, sampler.config.quarter_turns) == ((48, 32), 3.0, 0.25)


def test_the_seed_of_held_out_samples_is_refused(data: DataConfig) -> None:
    with pytest.raises(InputError, match=f"seed {HELD_OUT_SEED} is that of the held-out samples"):
        open_training(RegressorConfig(size_hw=(48, 32)), data, seed=HELD_OUT_SEED)
