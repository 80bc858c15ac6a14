from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fake_people import FakeCrops, FakeScenes
from tiny_run import CONFIG, tiny_loop, tiny_task
from vitruv.errors import FormatError
from vitruv.export import export_embedded
from vitruv.networks import normalise
from vitruv.train import (
    DetectorConfig,
    DetectorTask,
    build_detector,
    build_regressor,
    load_ema,
    save_or_check_config,
    start_compact,
    start_from_model,
    train,
)

DETECTOR = DetectorConfig(size_hw=(96, 96), widths=(8, 8, 16, 16, 32), blocks=(0, 0, 1, 0), context=1, fused=16)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A run of each kind, and the model exported from them."""
    folder = tmp_path_factory.mktemp("runs")
    for kind, task, config, sampler in (
        ("regressor", tiny_task(), CONFIG, FakeCrops()),
        ("detector", DetectorTask(DETECTOR, held_out=[FakeScenes()(0)]), DETECTOR, FakeScenes()),
    ):
        (folder / kind).mkdir()
        save_or_check_config(folder / kind, kind, {"loop": tiny_loop(4), "task": config})
        list(train(task, sampler, tiny_loop(4), folder / kind))  # type: ignore[arg-type]
    export_embedded(folder / "model", regressor_run=folder / "regressor", detector_run=folder / "detector")
    return folder / "regressor", folder / "detector", folder / "model"


def test_a_regressor_computes_what_the_model_does(runs: tuple[Path, Path, Path]) -> None:
    images = normalise(torch.from_numpy(FakeCrops()(3).image[None]))
    new, old = build_regressor(CONFIG), build_regressor(CONFIG)
    load_ema(runs[0], old)
    assert start_from_model(new, runs[2], "regressor", images) == ["keypoints.bias", "keypoints.weight"]
    expected, got = old.eval()(images), new.eval()(images)
    assert (got.logits - expected.logits).abs().max() < 0.02, "weights are stored as halves"
    assert (got.uv - expected.uv).abs().max() < 0.01
    new.train()
    assert (new(images).logits - expected.logits).abs().max() < 0.05, "the statistics are those of the images"


def test_a_detector_computes_what_the_model_does(runs: tuple[Path, Path, Path]) -> None:
    images = normalise(torch.from_numpy(FakeScenes()(3).image[None]))
    new, old = build_detector(DETECTOR), build_detector(DETECTOR)
    load_ema(runs[1], old)
    assert start_from_model(new, runs[2], "detector", images) == []
    expected, got = old.eval()(images), new.eval()(images)
    assert (got.logits - expected.logits).abs().max() < 0.02
    assert (got.boxes_xyxy - expected.boxes_xyxy).abs().max() < 0.5


def test_a_task_starts_from_a_model_on_smaller_crops(runs: tuple[Path, Path, Path]) -> None:
    task = tiny_task()
    task.network = build_regressor(replace(CONFIG, size_hw=(128, 64)))
    task.config = replace(CONFIG, size_hw=(128, 64))
    start_compact(task, FakeCrops(size_hw=(128, 64)), runs[2], "regressor")
    old = build_regressor(CONFIG)
    load_ema(runs[0], old)
    assert torch.allclose(task.network.logits.weight, old.logits.weight, atol=1e-3)


def test_another_network_is_refused(runs: tuple[Path, Path, Path]) -> None:
    with pytest.raises(FormatError, match="is of another network"):
        start_from_model(build_regressor(replace(CONFIG, fused=(16, 24))), runs[2], "regressor", torch.zeros(1, 3, 64, 32))


def test_a_folder_that_names_no_graph_is_refused(tmp_path: Path) -> None:
    for content, message in (
        ("no json", "does not name the file of a detector"),
        ("[]", "does not name the file of a detector"),
        ('{"regressor": {}}', "does not name the file of a detector"),
        ('{"detector": {"file": "../x.onnx"}}', "must be the name of a file beside it"),
    ):
        (tmp_path / "model.json").write_text(content)
        with pytest.raises(FormatError, match=message):
            start_from_model(build_detector(DETECTOR), tmp_path, "detector", torch.zeros(1, 3, 96, 96))


def test_a_graph_of_the_other_kind_is_refused(runs: tuple[Path, Path, Path]) -> None:
    with pytest.raises(FormatError, match="has not the aspect ratio of this network's"):
        start_from_model(build_detector(DETECTOR), _swapped(runs[2]), "detector", torch.zeros(1, 3, 96, 96))


def _swapped(model: Path) -> Path:
    folder = model.parent / "swapped"
    folder.mkdir(exist_ok=True)
    (folder / "model.json").write_text('{"detector": {"file": "regressor.onnx"}}')
    (folder / "regressor.onnx").write_bytes((model / "regressor.onnx").read_bytes())
    return folder


def test_a_broken_graph_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"regressor": {"file": "regressor.onnx"}}')
    (tmp_path / "regressor.onnx").write_bytes(b"no graph")
    with pytest.raises(FormatError, match="not a readable ONNX graph"):
        start_from_model(build_regressor(CONFIG), tmp_path, "regressor", torch.zeros(1, 3, 64, 32))
