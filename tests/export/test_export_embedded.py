from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from fake_people import FakeCrops, FakeScenes
from tiny_run import CONFIG, tiny_loop, tiny_task
from vitruv import load
from vitruv.errors import FormatError, InputError, MissingFileError, ModelError
from vitruv.export import export_detector, export_embedded, export_regressor, export_second_look
from vitruv.export.second_look import read_regressor
from vitruv.networks import CompactDetector, CompactRegressor, SecondLook, normalise
from vitruv.synth import SceneSample
from vitruv.train import DetectorConfig, DetectorTask, save_or_check_config, train
from vitruv.train.compact.detector_proposals import digest_of
from vitruv.train.compact.verifier import save_look

DETECTOR = DetectorConfig(size_hw=(96, 96), widths=(8, 8, 16, 16, 32), blocks=(0, 0, 1, 0), context=1, fused=16)


def _trained_statistics(network: torch.nn.Module, size_hw: tuple[int, int]) -> None:
    """Running means that are not the identity, as after training."""
    torch.manual_seed(0)
    for _ in range(3):
        network(torch.randn(4, 3, *size_hw))


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    regressor, detector = tmp_path / "regressor", tmp_path / "detector"
    for folder, kind, task, sampler in (
        (regressor, "regressor", tiny_task(), FakeCrops()),
        (detector, "detector", DetectorTask(DETECTOR, held_out=[FakeScenes()(0)]), FakeScenes()),
    ):
        folder.mkdir()
        save_or_check_config(folder, kind, {"loop": tiny_loop(4), "task": CONFIG if kind == "regressor" else DETECTOR})
        list(train(task, sampler, tiny_loop(4), folder))  # type: ignore[arg-type]
    return regressor, detector


def test_regressor_graph(tmp_path: Path) -> None:
    network = CompactRegressor(size_hw=(64, 32), widths=(8, 16, 32, 32), blocks=(1, 1, 1), context=2, fused=(16, 16))
    _trained_statistics(network, (64, 32))
    path = tmp_path / "regressor.onnx"
    report = export_regressor(network, path, size_hw=(64, 32))
    assert report.size_bytes == path.stat().st_size
    assert max(report.differences.values()) < 1e-4
    session = onnxruntime.InferenceSession(path)
    network.eval()
    for n in (1, 5):
        crops = np.random.default_rng(n).integers(0, 256, (n, 64, 32, 3), dtype=np.uint8)
        logits, uv = session.run(["logits", "uv"], {"crops": crops})
        assert logits.shape == (n, 25, 16, 8) and uv.shape == (n, 48, 16, 8)
        assert logits.dtype == uv.dtype == np.float32
        with torch.inference_mode():
            exact = network(normalise(torch.from_numpy(crops)))
        # Against weights that were not rounded: half precision keeps three digits.
        assert np.abs(uv - exact.uv.numpy()).max() < 0.02, f"{n} crops"


def test_detector_graph(tmp_path: Path) -> None:
    network = CompactDetector(size_hw=(96, 64), widths=(8, 8, 16, 16, 32), blocks=(0, 0, 1, 1), context=1, fused=16)
    _trained_statistics(network, (96, 64))
    export_detector(network, tmp_path / "detector.onnx", size_hw=(96, 64))
    session = onnxruntime.InferenceSession(tmp_path / "detector.onnx")
    boxes, scores = session.run(["boxes_xyxy", "scores"], {"image": np.zeros((1, 96, 64, 3), np.uint8)})
    cells = 12 * 8 + 6 * 4 + 3 * 2
    assert boxes.shape == (1, cells, 4) and scores.shape == (1, cells)
    assert (scores >= 0).all() and (scores <= 1).all()
    assert (boxes[..., 2:] > boxes[..., :2]).all()


def test_scores_are_shifted_so_that_the_balance_becomes_a_half(tmp_path: Path) -> None:
    network = CompactDetector(size_hw=(96, 64), widths=(8, 8, 16, 16, 32), blocks=(0, 0, 1, 1), context=1, fused=16)
    image = np.random.default_rng(0).integers(0, 256, (1, 96, 64, 3), dtype=np.uint8)
    plain, shifted = (
        onnxruntime.InferenceSession(export_detector(network, tmp_path / f"{i}.onnx", size_hw=(96, 64), balance=balance).path).run(
            ["scores"], {"image": image}
        )[0]
        for i, balance in enumerate((0.5, 0.2))
    )
    expected = 4 * plain / (1 - plain + 4 * plain)  # odds of 1 to 4 become even
    assert np.allclose(shifted, expected, atol=1e-5) and (shifted > plain).all()


def test_weights_are_stored_as_halves_and_nothing_tells_of_the_machine(tmp_path: Path) -> None:
    network = CompactRegressor(size_hw=(64, 32), widths=(8, 16, 32, 32), blocks=(0, 1, 1), context=1, fused=(16, 16))
    export_regressor(network, tmp_path / "regressor.onnx", size_hw=(64, 32))
    graph = onnx.load(tmp_path / "regressor.onnx")
    assert graph.opset_import[0].version >= 17
    large = [w for w in graph.graph.initializer if np.prod(w.dims) >= 256]
    assert large and all(w.data_type == onnx.TensorProto.FLOAT16 for w in large)
    content = (tmp_path / "regressor.onnx").read_bytes()
    assert str(Path(torch.__file__).parent).encode() not in content and b"vitruv/networks" not in content


def test_two_runs_to_a_model_folder(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    regressor, detector = runs
    folder = tmp_path / "model"
    export_embedded(folder, regressor_run=regressor)
    first = json.loads((folder / "model.json").read_text())
    assert set(first) == {"kind", "version", "training", "regressor"}, "the detector is still missing"
    reports = export_embedded(folder, detector_run=detector)
    assert [report.path.name for report in reports] == ["detector.onnx"]
    manifest = json.loads((folder / "model.json").read_text())
    assert manifest["kind"] == "embedded"
    assert manifest["regressor"] == {
        "file": "regressor.onnx",
        "size_hw": [64, 32],
        "output_size_hw": [16, 8],
        "box_scale": 1.15,
        "person_at": 0.3,
        "pad_value": 114,
        "mirror": True,
        "turned_from": 1.0,
    }
    assert manifest["detector"] == {"file": "detector.onnx", "size_hw": [96, 96], "pad_value": 114, "nms_iou": 0.5}
    assert manifest["training"]["regressor"]["steps"] == 4
    assert manifest["training"]["regressor"]["samples_seen"] == 16
    assert sorted(path.name for path in folder.iterdir()) == ["detector.onnx", "model.json", "regressor.onnx"]


def test_the_runtime_opens_what_was_exported(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    from vitruv.runtime import load

    folder = tmp_path / "model"
    export_embedded(folder, regressor_run=runs[0], detector_run=runs[1])
    scene: SceneSample = FakeScenes(size_hw=(120, 160))(3)
    people = load(str(folder))(scene.image, boxes=[[10, 10, 60, 110]])
    assert people.charts[0].size_hw == (100, 50)


def test_a_second_look_belongs_to_its_regressor(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    folder, run = tmp_path / "model", tmp_path / "look"
    export_embedded(folder, regressor_run=runs[0], detector_run=runs[1])
    crops = np.random.default_rng(0).integers(0, 256, (2, 64, 32, 3), dtype=np.uint8)
    plain = onnxruntime.InferenceSession(folder / "regressor.onnx").run(["logits", "uv"], {"crops": crops})
    network, look = read_regressor(folder), SecondLook(32, 16)
    run.mkdir()
    settings = {"regressor": digest_of(network), "scenes": 20, "seed": 0, "figures": {"threshold": 0.2}}
    save_look(run, look, settings)
    assert max(export_second_look(folder, run).differences.values()) < 1e-4
    places, scores = np.array([[0.1, 0.1, 0.9, 0.9], [0.3, 0, 0.7, 1]], np.float32), np.array([0.3, 0.8], np.float32)
    session = onnxruntime.InferenceSession(folder / "regressor.onnx")
    *maps, sure = session.run(["logits", "uv", "scores"], {"crops": crops, "places_xyxy": places, "found_scores": scores})
    for judged, same in zip(maps, plain, strict=True):
        np.testing.assert_allclose(judged, same, atol=1e-5)
    with torch.inference_mode():
        levels = network.levels(normalise(torch.from_numpy(crops)))
        chance = look(*levels, torch.from_numpy(places), torch.from_numpy(scores)).sigmoid().numpy()
    np.testing.assert_allclose(sure, 4 * chance / (1 - chance + 4 * chance), atol=1e-3)  # 0.2 becomes a half
    manifest = json.loads((folder / "model.json").read_text())
    assert manifest["regressor"]["second_look"] == {"least_score": 0.33, "most": 8, "most_shared": 0.95, "refit_iou": 0.6}
    assert (manifest["regressor"]["mirror"], manifest["regressor"]["turned_from"]) == (True, 1.0)
    assert manifest["training"]["second_look"]["scenes"] == 20
    assert load(folder)(FakeScenes(size_hw=(120, 160))(3).image, threshold=0.0).scores.size

    save_look(run, look, settings | {"regressor": "another"})
    before = (folder / "regressor.onnx").read_bytes()
    with pytest.raises(InputError, match="trained for another regressor"):
        export_second_look(folder, run)
    assert (folder / "regressor.onnx").read_bytes() == before
    export_embedded(folder, regressor_run=runs[0])
    assert "second_look" not in json.loads((folder / "model.json").read_text())["regressor"]


def test_what_is_no_second_look(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    folder = tmp_path / "model"
    export_embedded(folder, regressor_run=runs[0])
    with pytest.raises(MissingFileError):
        export_second_look(folder, tmp_path / "nowhere")
    with pytest.raises(MissingFileError):
        export_second_look(tmp_path / "nowhere", tmp_path)
    (tmp_path / "second_look.json").write_text("[]")
    with pytest.raises(FormatError, match="expected a JSON object"):
        export_second_look(folder, tmp_path)


@pytest.mark.parametrize(
    ("swap", "message"),
    [(True, "is a run of kind 'detector', but a regressor is wanted"), (False, "is not a training run")],
)
def test_wrong_runs(tmp_path: Path, runs: tuple[Path, Path], swap: bool, message: str) -> None:
    folder = tmp_path / "model"
    with pytest.raises(InputError, match=message):
        export_embedded(folder, regressor_run=runs[1] if swap else tmp_path / "nowhere")
    assert not list(folder.glob("*")), "nothing is written"


def test_a_broken_network_is_not_written(tmp_path: Path) -> None:
    network = CompactRegressor(size_hw=(64, 32), widths=(8, 16, 32, 32), blocks=(0, 0, 0), context=1, fused=(16, 16))
    torch.nn.init.constant_(network.logits.bias, float("nan"))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="differ by"):
        export_regressor(network, tmp_path / "regressor.onnx", size_hw=(64, 32))
    assert not list(tmp_path.iterdir())


def test_pixels_are_a_persons_from_the_asked_chance_on(tmp_path: Path) -> None:
    network = CompactRegressor(size_hw=(64, 32), widths=(8, 16, 32, 32), blocks=(1, 1, 1), context=2, fused=(16, 16))
    _trained_statistics(network, (64, 32))
    crops = np.random.default_rng(0).integers(0, 256, (4, 64, 32, 3), dtype=np.uint8)
    with torch.inference_mode():
        chances = network.eval()(normalise(torch.from_numpy(crops))).logits.softmax(1)
    of_person = 1 - chances[:, 0].numpy()
    for at in np.quantile(of_person, [0.3, 0.7]).tolist():
        path = tmp_path / f"at_{at:.3f}.onnx"
        export_regressor(network, path, size_hw=(64, 32), person_at=at)
        labels = onnxruntime.InferenceSession(path).run(["logits"], {"crops": crops})[0].argmax(1)
        # Weights are rounded, so that pixels at the limit may fall on either side.
        assert np.mean((labels > 0) == (of_person > at)) > 0.98
        person = labels > 0
        best = chances[:, 1:].argmax(1).numpy() + 1
        assert np.mean(labels[person] == best[person]) > 0.95


@pytest.mark.parametrize("chance", [0.0, 1.0, -1.0, float("nan")])
def test_a_chance_lies_between_nothing_and_one(tmp_path: Path, runs: tuple[Path, Path], chance: float) -> None:
    with pytest.raises(InputError, match="person_at must be between 0 and 1"):
        export_embedded(tmp_path / "model", regressor_run=runs[0], person_at=chance)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(("kind", "picture"), [("regressor", (64, 32)), ("detector", (96, 96))])
def test_several_runs_give_the_mean_of_their_weights(
    tmp_path: Path, runs: tuple[Path, Path], kind: str, picture: tuple[int, int]
) -> None:
    """The mean of a run and itself is the run; what the manifest says of it is said of both."""
    run = runs[kind == "detector"]
    folders, argument = (tmp_path / "once", tmp_path / "twice"), f"{kind}_run"
    export_embedded(folders[0], **{argument: run})  # type: ignore[arg-type]
    export_embedded(folders[1], **{argument: [run, run]})  # type: ignore[arg-type]
    pixels = np.random.default_rng(0).integers(0, 256, (1, *picture, 3), dtype=np.uint8)
    sessions = [onnxruntime.InferenceSession(folder / f"{kind}.onnx") for folder in folders]
    outputs = [session.run(None, {session.get_inputs()[0].name: pixels}) for session in sessions]
    for a, b in zip(*outputs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    trained = json.loads((folders[1] / "model.json").read_text())["training"][kind]
    assert [run["steps"] for run in trained["averaged_with"]] == [4]
