"""Maps of a person to pixels: both ways of finding the best channel, against resampling everything."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.geometry import resize_bilinear
from vitruv.runtime.rcnn.maps import body_mask, chart_map

SIZES = [(1, 1), (3, 40), (16, 16), (60, 50)]


@pytest.mark.parametrize("size_hw", SIZES)
@pytest.mark.parametrize("few_pixels", [0, 2, 100])
def test_chart_map(size_hw: tuple[int, int], few_pixels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vitruv.runtime.rcnn.maps._FEW_PIXELS", few_pixels)
    rng = np.random.default_rng(0)
    channels = {"coarse_segm": 2, "fine_segm": 25, "u": 25, "v": 25}
    maps = {name: rng.standard_normal((count, 16, 16), np.float32) for name, count in channels.items()}
    large = {name: resize_bilinear(value, size_hw) for name, value in maps.items()}
    labels = large["fine_segm"].argmax(axis=0) * (large["coarse_segm"].argmax(axis=0) > 0)
    chart, confidences = chart_map(maps, size_hw)
    np.testing.assert_array_equal(chart.labels, labels)
    for found, name in zip(chart.uv, ("u", "v"), strict=True):
        expected = np.take_along_axis(large[name], labels[None], axis=0)[0] * (labels > 0)
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert confidences == {}
    np.testing.assert_array_equal(body_mask(maps["coarse_segm"], size_hw), large["coarse_segm"].argmax(axis=0) > 0)
