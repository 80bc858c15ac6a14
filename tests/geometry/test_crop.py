from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitruv.geometry import crop_window


def test_no_boxes() -> None:
    assert crop_window(np.zeros((0, 4), np.float32), (192, 128), scale=1.15).shape == (0, 4)


@pytest.mark.parametrize(
    ("box", "scale", "expected"),
    [
        ((0, 0, 2, 3), 1.0, (0, 0, 2, 3)),  # already 3:2
        ((0, 0, 2, 3), 2.0, (-1, -1.5, 3, 4.5)),
        ((10, 0, 12, 6), 1.0, (9, 0, 13, 6)),  # tall: grows in width
        ((0, 10, 4, 12), 1.0, (0, 8, 4, 14)),  # wide: grows in height
    ],
)
def test_windows(box: tuple[float, ...], scale: float, expected: tuple[float, ...]) -> None:
    assert crop_window(np.array(box), (192, 128), scale=scale) == pytest.approx(expected), f"window of {box}"


@given(
    x=st.floats(-1000, 1000),
    y=st.floats(-1000, 1000),
    w=st.floats(0.5, 5000),
    h=st.floats(0.5, 5000),
    scale=st.floats(1, 3),
    size_hw=st.tuples(st.integers(8, 512), st.integers(8, 512)),
)
def test_window_holds_the_box_and_has_the_aspect(
    x: float, y: float, w: float, h: float, scale: float, size_hw: tuple[int, int]
) -> None:
    window = crop_window(np.array([[x, y, x + w, y + h]]), size_hw, scale=scale)[0]
    width, height = window[2] - window[0], window[3] - window[1]
    slack = 1e-3 + 1e-5 * (abs(x) + abs(y) + w + h)
    assert window[0] <= x + slack and window[1] <= y + slack, "left or top of the box is cut"
    assert window[2] >= x + w - slack and window[3] >= y + h - slack, "right or bottom of the box is cut"
    assert width * size_hw[0] == pytest.approx(height * size_hw[1], rel=2e-2, abs=slack * max(size_hw)), "wrong aspect ratio"
    assert min(width - w * scale, height - h * scale) == pytest.approx(0, abs=slack + 1e-2), "neither side is tight"
