from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from vitruv.errors import FormatError
from vitruv.networks.fcn import FCN
from vitruv.train.engine.init_weights import read_start, start_from, trunk_name

SIZES = {"blocks": (1, 1, 1, 1), "stem_channels": 8, "res2_mid": 8, "res2_out": 16, "fpn_channels": 16, "head_channels": 16}


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("conv1_w", "stem.conv1.weight"),
        ("res_conv1_bn_gamma", "stem.conv1.norm.weight"),
        ("conv1_bn_riv", "stem.conv1.norm.running_var"),
        ("res2_0_branch1_w", "res2.0.shortcut.weight"),
        ("res4_22_branch2b_bn_running_mean", "res4.22.conv2.norm.running_mean"),
        ("res5_2_branch2c_bn_b", "res5.2.conv3.norm.bias"),
    ],
)
def test_names_of_trunks(name: str, ours: str) -> None:
    assert trunk_name(name) == f"backbone.bottom_up.{ours}"


def test_other_names_stay() -> None:
    assert trunk_name("fc1000_w") == "fc1000_w"


def _trunk_file(path: Path) -> Path:
    values = {"conv1_w": np.full((8, 3, 7, 7), 0.5, np.float32), "res_conv1_bn_gamma": np.full(8, 3, np.float32)}
    values |= {"res_conv1_bn_running_mean": np.full(8, 2, np.float32), "fc1000_b": np.zeros(5, np.float32)}
    path.write_bytes(pickle.dumps({"model": values, "__author__": "somebody"}))
    return path


def test_an_imagenet_trunk(tmp_path: Path) -> None:
    path = _trunk_file(tmp_path / "R-8.pkl")
    frozen = FCN(**SIZES, head_layers=1, from_scratch=False)  # type: ignore[arg-type]
    assert start_from(frozen, read_start(path), path) == 3
    state = frozen.state_dict()
    assert (state["backbone.bottom_up.stem.conv1.weight"] == 0.5).all()
    assert (state["backbone.bottom_up.stem.conv1.norm.running_mean"] == 2).all()


def test_batch_statistics_do_not_become_a_group_norm(tmp_path: Path) -> None:
    path = _trunk_file(tmp_path / "R-8.pkl")
    network = FCN(**SIZES, head_layers=1)  # type: ignore[arg-type]
    assert start_from(network, read_start(path), path) == 1
    assert (network.state_dict()["backbone.bottom_up.stem.conv1.norm.weight"] == 1).all()


def test_mean_weights_of_a_run(tmp_path: Path) -> None:
    save_file({"ema.a": torch.ones(2), "model.a": torch.zeros(2)}, tmp_path / "step.safetensors")
    assert set(read_start(tmp_path / "step.safetensors")) == {"a"} and (read_start(tmp_path / "step.safetensors")["a"] == 1).all()


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    network = FCN(**SIZES, head_layers=1)  # type: ignore[arg-type]
    with pytest.raises(FormatError, match="no tensor fits this network"):
        start_from(network, {"other": torch.zeros(1)}, tmp_path)
    (tmp_path / "broken.safetensors").write_bytes(b"123")
    with pytest.raises(FormatError, match="not a readable checkpoint"):
        read_start(tmp_path / "broken.safetensors")
