"""Averaging over sizes and mirror images."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv.convert import ModelSettings, convert_checkpoint
from vitruv.errors import ModelError
from vitruv.rcnn_config import DetectionRules
from vitruv.runtime.rcnn.augment import AugmentedModel, augmented, mirror_maps
from vitruv.runtime.rcnn.model import RCNNModel
from vitruv.runtime.rcnn.open import open_rcnn
from vitruv.surface import MIRROR_CHART

CASE = Path(__file__).parents[2] / "data" / "tiny_v1convx"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> RCNNModel:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    rules = DetectionRules(proposals=50, people=5)
    convert_checkpoint(CASE / "model.pkl", folder, settings=ModelSettings(min_size=240, max_size=400, rules=rules))
    return open_rcnn(folder, json.loads((folder / "model.json").read_text()), device="cpu")


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.asarray(Image.open(CASE / "image.png").convert("RGB"))


def test_one_view_is_the_plain_model(model: RCNNModel, picture: np.ndarray) -> None:
    plain = model.predict(picture, boxes_xyxy=None, threshold=0.05)
    once = AugmentedModel(model, sizes=(240,), flip=False).predict(picture, boxes_xyxy=None, threshold=0.05)
    np.testing.assert_allclose(once.boxes_xyxy, plain.boxes_xyxy, atol=1e-3)
    np.testing.assert_allclose(once.scores, plain.scores, atol=1e-5)
    for a, b in zip(once.charts, plain.charts, strict=True):
        assert np.mean(a.labels != b.labels) < 1e-3


def test_a_mirrored_picture_gives_mirrored_people(model: RCNNModel, picture: np.ndarray) -> None:
    boxes = np.array([[20, 30, 180, 250]], np.float32)
    other = np.array([[picture.shape[1] - 180, 30, picture.shape[1] - 20, 250]], np.float32)
    both = AugmentedModel(model, sizes=(240,))
    found = both.predict(picture, boxes_xyxy=boxes, threshold=0.5).charts[0]
    mirrored = both.predict(np.ascontiguousarray(picture[:, ::-1]), boxes_xyxy=other, threshold=0.5).charts[0]
    assert np.mean(found.labels != MIRROR_CHART[mirrored.labels[:, ::-1]]) < 0.02


def test_mirroring_maps_twice_gives_them_back() -> None:
    rng = np.random.default_rng(0)
    maps = {"coarse_segm": rng.random((15, 8, 8), np.float32), "fine_segm": rng.random((25, 8, 8), np.float32)}
    # Coordinates that lie on the body: those of mirrored places.
    maps |= {"u": rng.random((25, 8, 8), np.float32), "v": rng.random((25, 8, 8), np.float32)}
    once = mirror_maps(maps)
    on_body = mirror_maps(once)
    twice = mirror_maps(mirror_maps(on_body))
    for name in ("coarse_segm", "fine_segm"):
        np.testing.assert_array_equal(mirror_maps(once)[name], maps[name])
    for name in ("u", "v"):
        assert np.median(np.abs(twice[name][1:] - on_body[name][1:])) < 0.01, name


def test_only_for_chart_models(model: RCNNModel) -> None:
    with pytest.raises(ModelError, match="augmentation is for models that predict charts"):
        augmented(replace(model, vertices=model.boxes))
