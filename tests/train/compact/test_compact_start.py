from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fake_people import FakeCrops
from tiny_run import CONFIG, tiny_loop, tiny_task
from vitruv.errors import FormatError, InputError
from vitruv.networks import CompactRegressor
from vitruv.train import build_regressor, load_ema, start_from_run, train


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    list(train(tiny_task(), FakeCrops(), tiny_loop(2), folder))
    return folder


def test_starts_with_the_mean_weights_of_the_run(run: Path) -> None:
    mine, theirs = build_regressor(CONFIG), build_regressor(CONFIG)
    start_from_run(mine, run)
    load_ema(run, theirs)
    for (name, a), b in zip(mine.state_dict().items(), theirs.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_positions_fit_larger_pictures(run: Path) -> None:
    """4 x 2 cells become 8 x 4: the same places, so the mean of four neighbours is about what the one cell said."""
    large = build_regressor(replace(CONFIG, size_hw=(128, 64)))
    small = build_regressor(CONFIG)
    load_ema(run, small)
    start_from_run(large, run)
    assert large.context.position.shape == (1, 32, 32)
    assert torch.equal(large.stem.conv.weight, small.stem.conv.weight)  # type: ignore[arg-type]
    ramp = torch.arange(4.0)[:, None].expand(4, 2).reshape(1, 8, 1).expand(1, 8, 32)
    tensors = {"context.position": ramp}
    assert torch.allclose(_resampled(large, tensors), torch.tensor([0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]))


def _resampled(network: CompactRegressor, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    from vitruv.train.compact.compact_start import _resampled as resampled

    return resampled(tensors["context.position"], network.context, Path("run")).view(8, 4, 32)[:, 1, 0]


def test_another_aspect_ratio_is_refused(run: Path) -> None:
    with pytest.raises(FormatError, match="8 cells has not the aspect ratio of this network's, 4 x 4"):
        start_from_run(build_regressor(replace(CONFIG, size_hw=(64, 64))), run)


def test_another_network_is_refused(run: Path) -> None:
    with pytest.raises(FormatError, match="is of another network"):
        start_from_run(build_regressor(replace(CONFIG, fused=(16, 24))), run)


def test_a_folder_without_checkpoints_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no complete checkpoint"):
        start_from_run(build_regressor(CONFIG), tmp_path)
