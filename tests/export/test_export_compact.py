"""From released weights and a training run to a model that predicts: made once for all tests of this file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import vitruv
from tiny_movenet import write_tiny_movenet
from vitruv.cli import main
from vitruv.errors import InputError
from vitruv.export import export_compact
from vitruv.export.compact import FOREGROUND_THRESHOLD
from vitruv.networks.compact import GuidedRegressor, fold_normalisation, person_first
from vitruv.networks.trunks.movenet import MULTI_POSE_HEADS, SINGLE_POSE_HEADS
from vitruv.runtime.compact.regressor import Regressor
from vitruv.synth.gather import Assets, write_pack
from vitruv.train import RegressorConfig, build_decoder, load_ema, open_pose_trunk

SIZE = "64"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """trunk.json, detector.json, pack.npz, a run of four steps in `run`, and the exported `model`; by the command line."""
    folder = tmp_path_factory.mktemp("export")
    write_pack(folder / "pack.npz", Assets())
    write_tiny_movenet(folder / "trunk.json", SINGLE_POSE_HEADS)
    write_tiny_movenet(folder / "detector.json", MULTI_POSE_HEADS)
    data = ["--pack", "pack.npz", "--trunk", "trunk.json", "--cache", "cache", "--crops", "6", "--held-out", "2"]
    network = ["--size-hw", SIZE, SIZE, "--channels", "8", "8", "8", "--blocks", "0", "0", "0"]
    loop = ["--steps", "4", "--batch", "2", "--group", "1", "--workers", "0", "--threads", "1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["train", "regressor", "--output", "run", *data, *network, *loop]) == 0
        assert main(["export", "--run", "run", "--detector", "detector.json", "--output", "model"]) == 0
    return folder


def test_the_exported_model_predicts(made: Path) -> None:
    model = vitruv.load(made / "model")
    rgb = np.random.default_rng(0).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    boxes = [[10, 5, 60, 80], [70.5, 20, 110, 88]]
    people = model(rgb, boxes=boxes)
    assert len(people) == 2
    assert people.keypoints is not None
    assert people.keypoints.shape == (2, 17, 3)
    together = model([rgb, rgb], boxes=[boxes[:1], boxes])
    assert [len(some) for some in together] == [1, 2]
    for one, other in ((together[0][0], people[0]), (together[1][1], people[1])):
        assert np.array_equal(one.chart.labels, other.chart.labels)
        assert np.allclose(one.chart.uv, other.chart.uv, atol=1e-5)
    assert len(model(rgb, threshold=1.0)) == 0


def test_the_graph_is_the_network_with_its_weights_rounded(made: Path) -> None:
    config = RegressorConfig(size_hw=(64, 64), channels=(8, 8, 8), blocks=(0, 0, 0))
    trunk = open_pose_trunk(made / "trunk.json", config.size_hw)
    decoder = build_decoder(config, trunk.channels)
    load_ema(made / "run", decoder)
    crops = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    boxes = np.array([[0.1, 0.3, 0.9, 0.7], [0.3, 0.1, 0.7, 0.9]], np.float32)
    with torch.inference_mode():
        network = GuidedRegressor(trunk, fold_normalisation(decoder))
        logits, uv, joints = network(torch.from_numpy(crops), torch.from_numpy(boxes))
    graph = Regressor(made / "model" / "regressor.onnx", size_hw=(64, 64), output_size_hw=(16, 16), device="cpu")
    maps = graph.run(crops, boxes)
    assert np.abs(maps.logits - person_first(logits, FOREGROUND_THRESHOLD).numpy()).max() < 2e-2
    assert np.abs(maps.uv - uv.numpy()).max() < 2e-3
    assert np.abs(maps.joints - joints.numpy()).max() < 1e-3


def test_the_manifest_says_what_was_trained(made: Path) -> None:
    manifest = json.loads((made / "model" / "model.json").read_text())
    assert (manifest["kind"], manifest["format"], manifest["version"]) == ("compact", 1, vitruv.__version__)
    assert manifest["detector"]["file"] == "detector.onnx"
    assert manifest["regressor"]["output_size_hw"] == [16, 16]
    assert manifest["training"]["regressor"]["steps"] == 4
    assert manifest["training"]["regressor"]["config"]["task"]["channels"] == [8, 8, 8]


def test_a_second_smaller_model_in_the_same_folder(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(made / "model", folder)
    before = (folder / "model.json").read_bytes()
    fast = {"detector": made / "detector.json", "regressor_run": made / "run", "trunk": made / "trunk.json"}
    export_compact(folder, **fast, manifest_name="fast.json", one_look=True)
    assert (folder / "model.json").read_bytes() == before
    assert json.loads((folder / "fast.json").read_text())["regressor"]["file"] == "fast_regressor.onnx"
    assert json.loads((folder / "fast.json").read_text())["detector"]["fine_px"] is None
    rgb = np.zeros((40, 50, 3), np.uint8)
    assert len(vitruv.load(folder / "fast.json")(rgb, boxes=[[1, 1, 30, 30]])) == 1


def test_what_cannot_be_exported(made: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the detector must be MoveNet MultiPose, but this release finds no boxes"):
        export_compact(tmp_path / "a", detector=made / "trunk.json")
    with pytest.raises(InputError, match="foreground_threshold must be between 0 and 1, but got 1"):
        export_compact(tmp_path / "b", regressor_run=made / "run", foreground_threshold=1.0)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "model.json").write_text('{"kind": "rcnn"}')
    with pytest.raises(InputError, match=r"model\.json is the manifest of another kind of model"):
        export_compact(tmp_path / "c", detector=made / "detector.json")
    assert not (tmp_path / "c" / "detector.onnx").exists()


def test_a_run_goes_on_where_it_stopped(made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(made)
    assert main(["train", "resume", "run"]) == 0
    assert "run is finished: 4 steps" in capsys.readouterr().err
