"""From logits over a crop to the chart map of a box, against the literal computation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitruv.results import ChartMap
from vitruv.runtime import chart_map_from_crop
from vitruv.types import Float32Array


def literal(logits: Float32Array, uv: Float32Array, window: Float32Array, place: tuple[int, int, int, int]) -> ChartMap:
    """Every channel at every pixel, one pixel at a time."""
    x, y, w, h = place
    _, maps_h, maps_w = logits.shape
    result = ChartMap.empty((h, w))
    for row in range(h):
        for column in range(w):
            i = np.clip((y + row + 0.5 - window[1]) / (window[3] - window[1]) * maps_h - 0.5, 0, maps_h - 1)
            j = np.clip((x + column + 0.5 - window[0]) / (window[2] - window[0]) * maps_w - 0.5, 0, maps_w - 1)
            top, left = int(i), int(j)
            bottom, right = min(top + 1, maps_h - 1), min(left + 1, maps_w - 1)
            a, b = i - top, j - left

            def mix(maps: Float32Array) -> Float32Array:
                upper = maps[:, top, left] * (1 - b) + maps[:, top, right] * b  # noqa: B023
                lower = maps[:, bottom, left] * (1 - b) + maps[:, bottom, right] * b  # noqa: B023
                return np.asarray(upper * (1 - a) + lower * a)  # noqa: B023

            label = int(mix(logits).argmax())
            result.labels[row, column] = label
            if label:
                result.uv[:, row, column] = mix(np.clip(uv[[label - 1, label + 23]], 0, 1))
    return result


def random_maps(seed: int, maps_h: int, maps_w: int, *, smooth: bool) -> tuple[Float32Array, Float32Array]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(25, maps_h, maps_w))
    if smooth:
        rows, columns = np.mgrid[:maps_h, :maps_w]
        centres = rng.uniform(0, [maps_h, maps_w], (25, 2))
        logits -= np.stack([(rows - r) ** 2 + (columns - c) ** 2 for r, c in centres])
    return logits.astype(np.float32), rng.uniform(-0.2, 1.2, (48, maps_h, maps_w)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1000),
    maps_hw=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    smooth=st.booleans(),
    corner=st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
    size=st.tuples(st.floats(1, 40), st.floats(1, 40)),
    place=st.tuples(st.integers(-20, 20), st.integers(-20, 20), st.integers(1, 24), st.integers(1, 24)),
)
def test_equals_the_literal_computation(
    seed: int,
    maps_hw: tuple[int, int],
    smooth: bool,
    corner: tuple[float, float],
    size: tuple[float, float],
    place: tuple[int, int, int, int],
) -> None:
    logits, uv = random_maps(seed, *maps_hw, smooth=smooth)
    window = np.array([*corner, corner[0] + size[0], corner[1] + size[1]], np.float32)
    fast = chart_map_from_crop(logits, uv, window_xyxy=window, placement_xywh=place)
    slow = literal(logits, uv, window, place)
    equal = fast.labels == slow.labels
    # Where two channels are equal to the last bit of float32, either may win.
    assert equal.mean() > 0.99
    np.testing.assert_allclose(fast.uv[:, equal], slow.uv[:, equal], atol=1e-5)


def test_a_third_chart_may_win_between_two() -> None:
    """The runner-up of both neighbours wins half way: only evaluating all channels there finds it."""
    logits = np.full((25, 1, 2), -50, np.float32)
    logits[1, 0], logits[2, 0], logits[3, 0] = (10, 0), (0, 10), (9, 9)
    window = np.array([0, 0, 9, 1], np.float32)
    uv = np.zeros((48, 1, 2), np.float32)
    labels = chart_map_from_crop(logits, uv, window_xyxy=window, placement_xywh=(0, 0, 9, 1)).labels
    assert labels[0].tolist() == [1, 1, 1, 3, 3, 3, 2, 2, 2]


def test_uv_comes_from_the_winning_chart_and_is_clamped() -> None:
    logits = np.zeros((25, 2, 2), np.float32)
    logits[7] = 1
    uv = np.full((48, 2, 2), 0.9, np.float32)
    uv[6], uv[30] = 1.5, -0.5
    charts = chart_map_from_crop(logits, uv, window_xyxy=np.array([0, 0, 4, 4], np.float32), placement_xywh=(0, 0, 4, 4))
    assert (charts.labels == 7).all()
    assert (charts.uv[0] == 1).all()
    assert (charts.uv[1] == 0).all()


def test_background_has_no_uv() -> None:
    logits = np.zeros((25, 3, 3), np.float32)
    logits[0] = 1
    charts = chart_map_from_crop(
        logits, np.ones((48, 3, 3), np.float32), window_xyxy=np.array([0, 0, 5, 5], np.float32), placement_xywh=(1, 1, 3, 2)
    )
    assert charts.size_hw == (2, 3)
    assert not charts.labels.any()
    assert not charts.uv.any()


def test_more_pixels_than_one_block() -> None:
    logits, uv = random_maps(0, 12, 8, smooth=False)
    window = np.array([0, 0, 400, 600], np.float32)
    large = chart_map_from_crop(logits, uv, window_xyxy=window, placement_xywh=(0, 0, 400, 600))
    part = chart_map_from_crop(logits, uv, window_xyxy=window, placement_xywh=(150, 380, 30, 20))
    np.testing.assert_array_equal(large.labels[380:400, 150:180], part.labels)
    np.testing.assert_allclose(large.uv[:, 380:400, 150:180], part.uv, atol=1e-6)


@pytest.mark.parametrize("place", [(1000, 1000, 2, 2), (-1000, -1000, 2, 2)])
def test_pixels_outside_the_window_take_its_edge(place: tuple[int, int, int, int]) -> None:
    logits, uv = random_maps(1, 4, 4, smooth=False)
    charts = chart_map_from_crop(logits, uv, window_xyxy=np.array([0, 0, 8, 8], np.float32), placement_xywh=place)
    corner = -1 if place[0] > 0 else 0
    assert (charts.labels == logits[:, corner, corner].argmax()).all()
