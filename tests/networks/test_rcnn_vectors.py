"""The torch modules and the ONNX graphs, stage by stage, against a run of Detectron2 (see tests/data/README.md)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from vitruv.convert import ModelSettings, convert_checkpoint
from vitruv.convert.detectron2 import read_checkpoint
from vitruv.networks.rcnn import DensePoseRCNN
from vitruv.rcnn_config import DetectionRules
from vitruv.results import DensePoses
from vitruv.runtime.rcnn.input import network_input, resize, resized_size
from vitruv.runtime.rcnn.maps import chart_map
from vitruv.runtime.rcnn.model import RCNNModel
from vitruv.runtime.rcnn.open import open_rcnn

HERE = Path(__file__).parents[1] / "data"
OTHERS = ("tiny_dl", "tiny_wc1m", "tiny_dl_wc2m", "tiny_legacy", "tiny_cse")

# Limits from the vectors' own README: what two float32 runs of the original may differ by, with some room.
BOX_PX, SCORE, SEGMENTATION, OTHER, LABELS = 0.02, 1e-4, 5e-3, 2e-3, 1e-3
HALF = 0.06  # error where a graph computes in half precision, as a part of the values' standard deviation


@pytest.fixture(params=["tiny_v1convx", *OTHERS])
def case(request: pytest.FixtureRequest) -> Path:
    """A folder with a model and what Detectron2 made of a picture."""
    if request.param == "tiny_v1convx":
        return HERE / "tiny_v1convx"
    shared: Path = request.getfixturevalue("shared_dir")
    return shared / "vectors" / "open" / request.param


def settings_of(case: Path) -> ModelSettings:
    people = json.loads((case / "info.json").read_text())["num_instances"]
    return ModelSettings(min_size=240, max_size=400, rules=DetectionRules(proposals=50, people=people))


def converted(case: Path, folder: Path, *, tiled: bool = True, precision: str = "auto") -> RCNNModel:
    convert_checkpoint(case / "model.pkl", folder, settings=settings_of(case))
    return open_rcnn(folder, json.loads((folder / "model.json").read_text()), device="cpu", precision=precision, tiled=tiled)


def numbers(case: Path, name: str) -> dict[str, Any]:
    return dict(np.load(case / f"{name}.npz")) if (case / f"{name}.npz").is_file() else {}


def assert_raw_maps(found: dict[str, Any], case: Path) -> None:
    raw = numbers(case, "raw_sampled")
    for name in raw.keys() - {"grid_idx"}:
        sampled = np.asarray(found[name])[:, :, raw["grid_idx"]][..., raw["grid_idx"]]
        limit = SEGMENTATION if name in ("coarse_segm", "fine_segm") else OTHER
        assert np.abs(sampled - raw[name]).max() < limit, name


def assert_people(people: DensePoses, case: Path) -> None:
    detected, result = numbers(case, "detect"), numbers(case, "result")
    np.testing.assert_allclose(people.boxes_xyxy, detected["pred_boxes"], atol=BOX_PX)
    np.testing.assert_allclose(people.scores, detected["scores"], atol=SCORE)
    for i, chart in enumerate(people.charts):
        if people.closest_vertices:
            mask = result[f"i{i}_mask"] > 0
            found = people.closest_vertices[i]
            assert np.mean((found >= 0) != mask) <= LABELS
            assert np.mean(found[mask] != result[f"i{i}_closest_vertices"][mask]) <= LABELS
            continue
        same = chart.labels == result[f"i{i}_labels"]
        assert np.mean(~same) <= LABELS, f"labels of person {i}"
        np.testing.assert_allclose(chart.uv[:, same], result[f"i{i}_uv"][:, same], atol=OTHER)
    for name in people.confidences[0] if people.confidences else ():
        same = people.charts[0].labels == result["i0_labels"]
        np.testing.assert_allclose(people.confidences[0][name][same], result[f"i0_{name}"][same], atol=OTHER, err_msg=name)


def test_torch(case: Path) -> None:
    checkpoint = read_checkpoint(case / "model.pkl")
    network = DensePoseRCNN(checkpoint.architecture).eval()
    network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in checkpoint.tensors.items()})
    detected, inner = numbers(case, "detect"), numbers(case, "intermediate")
    rgb = np.ascontiguousarray(detected["resized_bgr"][..., ::-1])
    size_hw, rules = rgb.shape[:2], settings_of(case).rules
    with torch.inference_mode():
        levels = network.features(torch.from_numpy(network_input(rgb)))
    for name, value in levels.items():
        if f"fpn_{name}" in inner:
            np.testing.assert_allclose(value[0, :4], inner[f"fpn_{name}"], atol=1e-3)
    boxes, logits = network.proposals(levels, size_hw, rules)
    np.testing.assert_allclose(boxes, detected["proposal_boxes"], atol=BOX_PX)
    np.testing.assert_allclose(logits, detected["proposal_logits"], atol=1e-3)
    found = network.detect(levels, size_hw, rules)
    np.testing.assert_allclose(found.boxes_xyxy, detected["dp_boxes"], atol=BOX_PX)
    np.testing.assert_allclose(found.scores, detected["scores"], atol=SCORE)
    maps = {name: value.numpy() for name, value in network.regress(levels, found.boxes_xyxy).items()}
    assert_raw_maps(maps, case)
    if "u" in maps:
        expected = numbers(case, "result")["i0_labels"]
        chart, _ = chart_map({name: value[0] for name, value in maps.items()}, expected.shape)
        assert np.mean(chart.labels != expected) <= LABELS


@pytest.mark.parametrize("tiled", [True, False])
def test_onnx(case: Path, tiled: bool, tmp_path: Path) -> None:
    model = converted(case, tmp_path / "model", tiled=tiled)
    rgb = np.asarray(Image.open(case / "image.png").convert("RGB"))
    detected = numbers(case, "detect")
    size_hw = resized_size((rgb.shape[0], rgb.shape[1]), min_size=240, max_size=400)
    smaller = resize(rgb, size_hw)
    np.testing.assert_array_equal(smaller[..., ::-1], detected["resized_bgr"])
    pyramid = model.trunk({"image": network_input(smaller)})
    boxes, logits = model.proposals(pyramid, size_hw)
    np.testing.assert_allclose(boxes, detected["proposal_boxes"], atol=BOX_PX)
    np.testing.assert_allclose(logits, detected["proposal_logits"], atol=1e-3)
    found, _ = model.find(pyramid, size_hw, model.threshold)
    np.testing.assert_allclose(found, detected["dp_boxes"], atol=BOX_PX)
    people = list(model.raw_maps(pyramid, found))
    assert_raw_maps({name: np.stack([maps[name] for maps in people]) for name in people[0]}, case)
    assert_people(model.predict(rgb, boxes_xyxy=None, threshold=model.threshold), case)


def test_half_precision(case: Path, tmp_path: Path) -> None:
    """The graphs for GPUs; a processor runs them with every operator's inputs widened and its output rounded."""
    model = converted(case, tmp_path / "model", precision="fp16")
    detected = numbers(case, "detect")
    rgb = np.ascontiguousarray(detected["resized_bgr"][..., ::-1])
    pyramid = model.trunk({"image": network_input(rgb)})
    class_logits, _ = model.classify(pyramid, detected["proposal_boxes"])
    exact = converted(case, tmp_path / "exact", tiled=False)
    expected = exact.classify(exact.trunk({"image": network_input(rgb)}), detected["proposal_boxes"])[0]
    assert 0 < np.sqrt(np.mean((class_logits - expected) ** 2)) < HALF * np.std(expected)
    people = list(model.raw_maps(pyramid, detected["dp_boxes"]))
    raw = numbers(case, "raw_sampled")
    for name in raw.keys() - {"grid_idx"}:
        sampled = np.stack([maps[name] for maps in people])[:, :, raw["grid_idx"]][..., raw["grid_idx"]]
        assert 0 < np.sqrt(np.mean((sampled - raw[name]) ** 2)) < HALF * np.std(raw[name]), name


def test_given_boxes_keep_their_order(tmp_path: Path) -> None:
    model = converted(HERE / "tiny_v1convx", tmp_path / "model")
    rgb = np.asarray(Image.open(HERE / "tiny_v1convx" / "image.png").convert("RGB"))
    found = model.predict(rgb, boxes_xyxy=None, threshold=model.threshold)
    given = model.predict(rgb, boxes_xyxy=found.boxes_xyxy[::-1].copy(), threshold=1.0)
    assert given.scores.tolist() == [1.0] * len(found)
    for chart, expected in zip(given.charts, found.charts[::-1], strict=True):
        assert np.mean(chart.labels != expected.labels) <= LABELS


def test_nobody(tmp_path: Path) -> None:
    model = converted(HERE / "tiny_v1convx", tmp_path / "model")
    rgb = np.zeros((37, 1, 3), np.uint8)
    assert len(model.predict(rgb, boxes_xyxy=np.zeros((0, 4), np.float32), threshold=0.5)) == 0
    strict = replace(model, rules=replace(model.rules, threshold=1.0))
    assert len(strict.predict(rgb, boxes_xyxy=None, threshold=1.0)) == 0
