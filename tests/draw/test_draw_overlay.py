"""Overlays: what they change, and what they leave."""

from __future__ import annotations

import numpy as np
import pytest
import slow_overlay

from vitruv import ChartMap, DensePoses
from vitruv.draw import overlay, palette
from vitruv.errors import InputError
from vitruv.geometry import placement_xywh

GREY = np.full((90, 120, 3), 128, np.uint8)


def square(label: int, side: int = 60) -> ChartMap:
    """One chart whose U runs to the right and V down."""
    ramp = (np.arange(side, dtype=np.float32) + 0.5) / side
    uv = np.stack([np.broadcast_to(ramp, (side, side)), np.broadcast_to(ramp[:, None], (side, side))])
    return ChartMap(np.full((side, side), label, np.uint8), uv)


def people(*corners: tuple[float, float], labels: tuple[int, ...] = (2, 9)) -> DensePoses:
    boxes = np.array([[x, y, x + 60, y + 60] for x, y in corners], np.float32)
    scores = np.linspace(0.9, 0.5, len(corners), dtype=np.float32)
    return DensePoses(boxes, scores, [square(label) for label in labels[: len(corners)]], (90, 120))


def test_nobody_leaves_the_picture() -> None:
    result = overlay(GREY, DensePoses.empty((90, 120)))
    np.testing.assert_array_equal(result, GREY)
    assert result is not GREY


def test_only_people_and_their_halo_change() -> None:
    before = GREY.copy()
    result = overlay(GREY, people((20, 10)))
    np.testing.assert_array_equal(GREY, before)
    changed = (result != 128).any(axis=2)
    assert changed[10:70, 20:80].all()
    changed[9:71, 19:81] = False
    assert not changed.any()


def test_lines_of_equal_u_are_light_and_of_v_dark() -> None:
    inner = overlay(GREY, people((20, 10)))[10:70, 20:80].astype(int).sum(axis=2)
    body = np.median(inner)
    columns, rows = inner[5:-5].max(axis=0), inner[:, 5:-5].min(axis=1)
    # Eight stripes of 7.5 pixels: seven lines each way (and the white rim on both sides).
    assert count_runs(columns[2:-2] > body + 60) == 7
    assert count_runs(rows[2:-2] < body - 60) == 7


def count_runs(flags: np.ndarray) -> int:
    return int(np.count_nonzero(np.diff(np.concatenate([[0], flags.astype(int)])) == 1))


def test_lines_fade_where_they_would_crowd() -> None:
    """A person of 16 pixels has no room for seven lines: the fill must stay visible."""
    small = DensePoses(np.array([[4, 4, 20, 20]], np.float32), np.ones(1, np.float32), [square(2, 16)], (90, 120))
    inner = overlay(GREY, small)[6:18, 6:18].astype(float)
    expected = 128 + (palette()[2] - 128.0) * 0.62
    assert abs(inner - expected).max() < 2


def test_people_are_told_apart_by_a_rim() -> None:
    result = overlay(GREY, people((0, 10), (60, 10), labels=(2, 2)))
    assert (result[20:60, 59:61] == 255).all()


def test_people_over_the_border() -> None:
    assert overlay(GREY, people((-30, -30), (100, 70))).shape == GREY.shape
    np.testing.assert_array_equal(overlay(GREY, people((200, 200))), GREY)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 200), (200, 1)])
def test_odd_sizes(size_hw: tuple[int, int]) -> None:
    chart = ChartMap(np.full(size_hw, 3, np.uint8), np.full((2, *size_hw), 0.5, np.float32))
    one = DensePoses(np.array([[0, 0, size_hw[1], size_hw[0]]], np.float32), np.ones(1, np.float32), [chart], size_hw)
    assert overlay(np.zeros((*size_hw, 3), np.uint8), one).shape == (*size_hw, 3)


def test_flat_uv_has_no_lines() -> None:
    """U and V on a line everywhere, as an uncertain network may give: no division by a slope of nothing."""
    chart = ChartMap(np.full((60, 60), 3, np.uint8), np.full((2, 60, 60), 0.52, np.float32))
    one = DensePoses(np.array([[20, 10, 80, 70]], np.float32), np.ones(1, np.float32), [chart], (90, 120))
    inner = overlay(GREY, one)[15:65, 25:75]
    assert (inner == inner[0, 0]).all()


@pytest.mark.parametrize("rgb", [GREY[:-1], GREY.astype(np.float32), GREY[:, :, 0]])
def test_a_picture_of_another_size_is_refused(rgb: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"rgb must be \(90, 120, 3\) uint8 as the people's picture, but got"):
        overlay(rgb, people((0, 0)))


@pytest.mark.parametrize("seed", range(20))
def test_drawing_in_strips_is_drawing_at_once(seed: int) -> None:
    """Sizes that are no multiple of a strip, people over the borders and over each other, lines of one pixel and of several."""
    rng = np.random.default_rng(seed)
    height, width = (int(v) for v in rng.integers(200, 700, 2) * (3 if seed % 5 == 0 else 1))
    rgb = rng.integers(0, 256, (height, width, 3), np.uint8)
    count = int(rng.integers(1, 5))
    starts = rng.uniform(-80, 1, (count, 2)) + rng.uniform(0, 1, (count, 2)) * (width, height)
    boxes = np.concatenate([starts, starts + rng.uniform(20, 300, (count, 2))], axis=1).astype(np.float32)
    charts = []
    for w, h in placement_xywh(boxes)[:, 2:]:
        labels = np.kron(rng.integers(0, 25, (4, 4)), np.ones((-(-h // 4), -(-w // 4)), int))[:h, :w].astype(np.uint8)
        uv = np.stack(np.broadcast_arrays(np.linspace(0, 1, w)[None], np.linspace(1, 0, h)[:, None])).astype(np.float32)
        charts.append(ChartMap(labels, np.where(labels > 0, uv, 0).astype(np.float32)))
    found = DensePoses(boxes, rng.uniform(0.1, 1, count).astype(np.float32), charts, (height, width))
    fast, slow = overlay(rgb, found).astype(int), slow_overlay.overlay(rgb, found).astype(int)
    assert np.abs(fast - slow).max() <= 1  # one of the two rounds a number that lies in the middle of two
    assert (fast != slow).mean() < 1e-3
