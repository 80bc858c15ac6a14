"""The pinhole camera."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.errors import InputError
from vitruv.render import Camera

UP = [0.0, 1.0, 0.0]


def test_no_points() -> None:
    pixels, depth = Camera.look_at([0, 0, 3], [0, 0, 0], up=UP, focal_px=10, centre_xy=(5, 5)).project(np.zeros((0, 3)))
    assert pixels.shape == (0, 2) and depth.shape == (0,)


@pytest.mark.parametrize(
    ("point", "pixel", "depth"),
    [
        ([0, 0, 0], (50, 40), 4),
        ([1, 0, 0], (75, 40), 4),  # +x is right for a camera that looks along -z
        ([0, 1, 0], (50, 15), 4),  # up is up: y falls
        ([0, 0, 2], (50, 40), 2),
        ([1, 0, 2], (100, 40), 2),
    ],
)
def test_points_land_where_they_should(point: list[float], pixel: tuple[float, float], depth: float) -> None:
    camera = Camera.look_at([0, 0, 4], [0, 0, 0], up=UP, focal_px=100, centre_xy=(50, 40))
    pixels, depths = camera.project(np.array([point], np.float64))
    np.testing.assert_allclose(pixels[0], pixel, atol=1e-4)
    np.testing.assert_allclose(depths[0], depth, rtol=1e-6)


def test_roll_turns_the_picture_clockwise() -> None:
    camera = Camera.look_at([0, 0, 4], [0, 0, 0], up=UP, focal_px=100, centre_xy=(0, 0), roll=np.pi / 2)
    pixels, _ = camera.project(np.array([[0.0, 1, 0], [1, 0, 0]]))
    np.testing.assert_allclose(pixels, [[25, 0], [0, 25]], atol=1e-4)


def test_axes_stay_orthonormal_and_right_handed() -> None:
    camera = Camera.look_at([1, 2, 3], [-1, 0.5, 0], up=UP, focal_px=1, centre_xy=(0, 0), roll=0.3)
    np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-6)
    np.testing.assert_allclose(np.linalg.det(camera.rotation), 1, atol=1e-6)


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="up must not be parallel"):
        Camera.look_at([0, 3, 0], [0, 0, 0], up=UP, focal_px=1, centre_xy=(0, 0))
    with pytest.raises(InputError, match="focal_px must be a positive number"):
        Camera(0.0, (0, 0), np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    with pytest.raises(InputError, match="rotation must be"):
        Camera(1.0, (0, 0), np.eye(2, dtype=np.float32), np.zeros(3, np.float32))
