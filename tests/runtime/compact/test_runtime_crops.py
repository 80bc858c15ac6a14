"""Windows of a picture at a network's size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitruv.runtime.compact.crops import cut_crop, letterbox
from vitruv.types import UInt8Array


def ramp(height: int, width: int) -> UInt8Array:
    """Red grows to the right, green downwards."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, :, 0] = np.linspace(0, 255, width)
    picture[:, :, 1] = np.linspace(0, 255, height)[:, None]
    picture[:, :, 2] = 255
    return picture


@pytest.mark.parametrize(
    ("size_hw", "shown_hw"),
    [
        ((120, 160), (120, 160)),  # as it is
        ((240, 320), (120, 160)),  # half
        ((60, 80), (120, 160)),  # double
        ((480, 320), (120, 80)),  # tall: bars on the right
        ((200, 800), (40, 160)),  # wide: bars below
        ((20, 20000), (1, 160)),  # at least a pixel
        ((20000, 20), (120, 1)),
        ((1, 1), (120, 120)),
    ],
)
def test_letterbox(size_hw: tuple[int, int], shown_hw: tuple[int, int]) -> None:
    image, (scale_x, scale_y) = letterbox(ramp(*size_hw), (120, 160), 114)
    assert image.shape == (120, 160, 3)
    h, w = shown_hw
    assert (image[:h, :w, 2] == 255).all()
    assert (image[h:] == 114).all()
    assert (image[:, w:] == 114).all()
    assert (scale_x * size_hw[1], scale_y * size_hw[0]) == pytest.approx((w, h))


def test_crop_of_the_same_size_is_the_picture_itself() -> None:
    picture = ramp(64, 48)
    np.testing.assert_array_equal(cut_crop(picture, np.array([0, 0, 48, 64], np.float32), (64, 48), 0), picture)
    np.testing.assert_array_equal(cut_crop(picture, np.array([8, 16, 32, 48], np.float32), (32, 24), 0), picture[16:48, 8:32])


def test_over_the_borders_is_padding() -> None:
    crop = cut_crop(ramp(64, 48), np.array([-24, -32, 72, 96], np.float32), (64, 48), 114)
    assert (crop[16:48, 12:36, 2] == 255).all()
    inside = np.zeros((64, 48), bool)
    inside[16:48, 12:36] = True
    assert (crop[~inside] == 114).all()


@pytest.mark.parametrize("window", [(100, 0, 148, 64), (-60, 0, -12, 64), (0, -70, 48, -6), (47.9, 0, 95.9, 64)])
def test_nothing_in_the_picture_is_all_padding(window: tuple[float, ...]) -> None:
    assert (cut_crop(ramp(64, 48), np.array(window, np.float32), (32, 24), 7) == 7).all()


@settings(max_examples=60, deadline=None)
@given(x=st.floats(-60, 100), y=st.floats(-60, 100), w=st.floats(20, 300), h=st.floats(20, 300))
def test_content_lands_where_the_window_says(x: float, y: float, w: float, h: float) -> None:
    """On a ramp, every shown pixel away from the borders has the value of the place its centre comes from."""
    picture = ramp(256, 256)  # value = position of the pixel
    window = np.array([x, y, x + w, y + h], np.float32)
    crop = cut_crop(picture, window, (40, 30), 0)
    from_x = x + (np.arange(30) + 0.5) * w / 30 - 0.5
    from_y = y + (np.arange(40) + 0.5) * h / 40 - 0.5
    shown = crop[:, :, 2] == 255
    # A smoothing kernel is cut off at the picture's border, so stay a kernel's width away from it.
    edge_x, edge_y = max(w / 30, 1) + 1, max(h / 40, 1) + 1
    columns = (from_x > edge_x) & (from_x < 255 - edge_x)
    rows = (from_y > edge_y) & (from_y < 255 - edge_y)
    inner = crop[np.ix_(rows, columns)].astype(float)
    assert shown[np.ix_(rows, columns)].all()
    assert abs(inner[:, :, 0] - from_x[columns]).max(initial=0) < 1.1
    assert abs(inner[:, :, 1] - from_y[rows][:, None]).max(initial=0) < 1.1
