"""People who lie: wide boxes looked at turned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from toy_model import painted_picture, write_toy_model
from vitruv import load
from vitruv.errors import ModelError
from vitruv.media import as_rgb
from vitruv.runtime.compact import regressor, turned

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "astronaut.jpg"
WIDE_XYWH = (20, 30, 60, 20)
WIDE_XYXY = (20, 30, 80, 50)


@pytest.mark.parametrize("quarters", turned.QUARTERS)
def test_a_turned_crop_holds_the_same_window_upright(quarters: int) -> None:
    rgb, _ = painted_picture((60, 100), [WIDE_XYWH])
    boxes = np.array([WIDE_XYXY], np.float32)
    crops, windows = turned.cut_turned(rgb, boxes, quarters, size_hw=(60, 20), box_scale=1.0, pad_value=0)
    np.testing.assert_array_equal(windows, boxes)
    np.testing.assert_array_equal(np.rot90(crops[0], -quarters), rgb[30:50, 20:80])


def test_maps_turn_back_as_crops_were_turned() -> None:
    maps = np.random.default_rng(0).normal(size=(2, 25, 6, 4)).astype(np.float32)
    for quarters in turned.QUARTERS:
        lying = np.rot90(maps, quarters, axes=(-2, -1))
        np.testing.assert_array_equal(turned.turned_back(lying, quarters), maps)
    assert turned.turned_back(maps, 1).shape == (2, 25, 4, 6)


def test_confidence_is_the_mean_chance_of_the_winning_chart() -> None:
    logits = np.random.default_rng(1).normal(0, 3, (3, 25, 5, 4)).astype(np.float32)
    logits[1, 0] = 100
    expected = []
    for maps in logits:
        chances = []
        for pixel in maps.reshape(25, -1).T:
            if pixel.argmax() > 0:
                chances.append(np.exp(pixel[1:].max()) / np.exp(pixel[1:]).sum())
        expected.append(np.mean(chances) if chances else 0)
    np.testing.assert_allclose(turned.confidence(logits), expected, rtol=1e-5)
    assert turned.confidence(logits)[1] == 0


@pytest.mark.parametrize("batch", ["n", 1])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_turned_view_gives_the_same_maps(tmp_path: Path, batch: int | str, mirror: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    tall = (110, 10, 30, 50)
    rgb, truth = painted_picture((80, 160), [WIDE_XYWH, tall])
    boxes = [WIDE_XYXY, (110, 10, 140, 60)]
    plain = load(write_toy_model(tmp_path / "plain"))(rgb, boxes=boxes)
    model = load(write_toy_model(tmp_path / "turning", batch=batch, turned_from=1.0), augment=mirror)
    if not mirror:
        unchanged = model(rgb, boxes=boxes)
        np.testing.assert_array_equal(unchanged.charts[0].labels, plain.charts[0].labels)
    monkeypatch.setattr(regressor, "ADVANTAGE", -1.0)  # a turned view wins wherever there is one
    people = model(rgb, boxes=boxes)
    assert not np.array_equal(people.charts[0].uv, plain.charts[0].uv), "the wide one was looked at turned"
    for chart, (x, y, w, h) in zip(people.charts, (WIDE_XYWH, tall), strict=True):
        inner = slice(3, h // 2 - 3), slice(3, w - 3)
        there = slice(y + 3, y + h // 2 - 3), slice(x + 3, x + w - 3)
        if not mirror:  # the toy's people have no sides
            np.testing.assert_array_equal(chart.labels[inner], truth.labels[there])
            np.testing.assert_allclose(chart.uv[:, *inner], truth.uv[:, *there], atol=0.05)
        assert (chart.labels > 0).mean() > 0.8
    if not mirror:
        np.testing.assert_array_equal(people.charts[1].uv, plain.charts[1].uv)


def test_a_photo_on_its_side_shows_the_same_person() -> None:
    rgb = as_rgb(EXAMPLE)[:, 60:460]
    height, width = rgb.shape[:2]
    upright = load()(rgb, boxes=[(0, 5, width, height)]).charts[0].labels
    lying = load()(np.rot90(rgb).copy(), boxes=[(5, 0, height, width)]).charts[0].labels
    without = load("fast")(np.rot90(rgb).copy(), boxes=[(5, 0, height, width)]).charts[0].labels
    same, same_without = ((np.rot90(labels, -1) == upright).mean() for labels in (lying, without))
    assert same > 0.95 and same_without < 0.8


def test_a_damaged_entry(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"regressor\.turned_from must be a number"):
        load(write_toy_model(tmp_path, turned_from="wide"))
    with pytest.raises(ModelError, match=r"regressor\.mirror must be true or false"):
        load(write_toy_model(tmp_path, mirror=1))


def test_the_model_in_the_package_looks_in_the_mirror_but_not_when_it_is_to_be_fast() -> None:
    rgb, boxes = as_rgb(EXAMPLE), [(20, 5, 460, 512)]
    models = load(), load("fast"), load("fast", augment=True)
    default, fast, averaged = (model(rgb, boxes=boxes).charts[0].labels for model in models)
    np.testing.assert_array_equal(default, averaged)
    assert (default != fast).any()
