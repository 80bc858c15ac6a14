from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from tiny_movenet import write_tiny_movenet
from vitruv.errors import FormatError, InputError
from vitruv.export import export_trunk
from vitruv.networks.trunks.movenet import MULTI_POSE_HEADS, SINGLE_POSE_HEADS
from vitruv.synth.gather import Assets, write_pack
from vitruv.train import DataConfig, RegressorConfig, open_pose_trunk, open_training
from vitruv.train.compact.feature_samples import FeatureSampler, stack
from vitruv.train.compact.regressor import centred_boxes
from vitruv.train.compact.setup import HELD_OUT_SEED

CONFIG = RegressorConfig(size_hw=(64, 64), channels=(8, 8, 8), blocks=(0, 0, 0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of nothing but the body, and a tiny trunk."""
    path = tmp_path_factory.mktemp("setup")
    write_pack(path / "pack.npz", Assets())
    write_tiny_movenet(path / "trunk.json", SINGLE_POSE_HEADS)
    export_trunk(open_pose_trunk(path / "trunk.json", CONFIG.size_hw), path / "trunk.onnx")
    return path


def _data(folder: Path, cache: Path) -> DataConfig:
    return DataConfig(folder / "pack.npz", folder / "trunk.json", cache, crops=3, held_out=1)


def _open(folder: Path, cache: Path, *, seed: int = 1) -> FeatureSampler:
    return open_training(CONFIG, _data(folder, cache), seed=seed, trunk_graph=folder / "trunk.onnx")[1]


def test_a_crop_is_made_once_and_used_again(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    sampler = _open(folder, cache)
    first = stack([sampler(1)])
    files = sorted(path.name for path in cache.rglob("*.npz"))
    assert files == ["000001.npz"]
    again = stack([pickle.loads(pickle.dumps(sampler))(1 + 3)])  # another worker, another pass over the three crops
    assert {name: values.shape[0] for name, values in again.items()} == dict.fromkeys(first, 1)
    for name, values in first.items():
        assert np.array_equal(values, again[name]), name
    assert sorted(path.name for path in cache.rglob("*.npz")) == files
    fresh = stack([_open(folder, tmp_path / "other")(1)])
    for name, values in first.items():
        assert np.array_equal(values, fresh[name]), f"{name} is not a function of the seed alone"


def test_features_are_those_of_the_torch_trunk(folder: Path, tmp_path: Path) -> None:
    sample = _open(folder, tmp_path / "cache")(0)
    trunk = open_pose_trunk(folder / "trunk.json", CONFIG.size_hw)
    with torch.inference_mode():
        features = trunk(torch.from_numpy(sample.image[None]))
    for name in ("fine", "middle", "coarse", "coarsest", "heat"):
        assert np.abs(getattr(features, name)[0].numpy() - getattr(sample, name)).max() < 2e-2, name
    assert np.abs(features.joints[0].numpy() - sample.joints).max() < 1e-3


def test_a_cache_of_something_else_is_refused(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    _open(folder, cache)
    with pytest.raises(InputError, match="holds features of another seed: choose another folder for --cache"):
        _open(folder, cache, seed=2)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="is not empty and no cache of features"):
        _open(folder, tmp_path / "full")
    (cache / "cache.json").write_text("{")
    with pytest.raises(FormatError, match=r"cache\.json: cannot be read"):
        _open(folder, cache)


def test_the_seed_of_held_out_samples_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"seed {HELD_OUT_SEED} is that of the held-out samples"):
        _open(folder, tmp_path / "cache", seed=HELD_OUT_SEED)


def test_a_trunk_for_several_people_is_refused(tmp_path: Path) -> None:
    write_tiny_movenet(tmp_path / "multi.json", MULTI_POSE_HEADS)
    with pytest.raises(InputError, match="must be MoveNet SinglePose"):
        open_pose_trunk(tmp_path / "multi.json", (64, 64))


def test_boxes_are_given_as_the_runtime_gives_them() -> None:
    boxes = torch.tensor([[0.2, 0.1, 0.4, 0.9], [0.0, 0.5, 1.0, 0.75]])
    expected = torch.tensor([[0.4, 0.1, 0.6, 0.9], [0.1, 0.4, 0.9, 0.6]])
    assert torch.allclose(centred_boxes(boxes, torch.zeros(2)), expected)
    wider = centred_boxes(boxes[:1], torch.tensor([[0.5, 0.0]]))
    assert wider[0, 2] - wider[0, 0] == pytest.approx(0.2 * np.exp(0.5))
