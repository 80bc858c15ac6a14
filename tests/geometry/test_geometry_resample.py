"""Resampling with pixel centres at +0.5."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitruv.geometry import bilinear_taps, pixel_centres, resize_bilinear


def test_centres() -> None:
    assert pixel_centres(0).shape == (0,)
    assert pixel_centres(3).tolist() == [0.5, 1.5, 2.5]
    assert pixel_centres(2, start=10, step=4).tolist() == [12, 16]


def test_taps_at_borders_and_between() -> None:
    low, high, weight = bilinear_taps(np.array([-3, 0, 0.5, 1.25, 2.5, 9]), 3)
    assert low.tolist() == [0, 0, 0, 0, 2, 2]
    assert high.tolist() == [1, 1, 1, 1, 2, 2]
    assert weight.tolist() == [0, 0, 0, 0.75, 0, 0]


def test_one_pixel_is_everywhere() -> None:
    assert resize_bilinear(np.array([[7.0]]), (2, 3)).tolist() == [[7] * 3] * 2


def test_same_size_is_the_same() -> None:
    maps = np.random.default_rng(0).normal(size=(2, 3, 5, 7)).astype(np.float32)
    np.testing.assert_array_equal(resize_bilinear(maps, (5, 7)), maps)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_a_ramp_stays_a_ramp(h: int, w: int, new_h: int, new_w: int) -> None:
    """A pixel shows the place its centre comes from, as far as the outermost source centres reach."""
    ramp = np.broadcast_to(np.arange(w) + 0.5, (h, w))
    resized = resize_bilinear(ramp, (new_h, new_w))
    assert resized.shape == (new_h, new_w)
    expected = np.clip((np.arange(new_w) + 0.5) * w / new_w, 0.5, w - 0.5)
    np.testing.assert_allclose(resized, np.broadcast_to(expected, (new_h, new_w)), rtol=1e-5)


@pytest.mark.parametrize("size_hw", [(1, 1), (4, 9), (13, 5), (40, 30)])
def test_equals_torch(size_hw: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    maps = np.random.default_rng(0).normal(size=(3, 10, 12)).astype(np.float32)
    expected = torch.nn.functional.interpolate(torch.from_numpy(maps)[None], size_hw, mode="bilinear", align_corners=False)[0]
    np.testing.assert_allclose(resize_bilinear(maps, size_hw), expected.numpy(), atol=1e-5)
