"""Unrolling: shapes that can be laid flat are laid flat, folds are turned back."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.surface.building.orient import stretch
from vitruv.surface.building.slits import split_along
from vitruv.surface.building.unwrap import classical_scaling, geodesic_distances, outline_crosses_itself, unfold
from vitruv.surface.mesh import is_disk, signed_uv_areas


def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.linspace(0, 1, size), np.linspace(0, 1, size))
    corner = (np.arange(size - 1)[:, None] * size + np.arange(size - 1)).ravel()
    low = np.stack([corner, corner + 1, corner + size + 1], axis=1)
    high = np.stack([corner, corner + size + 1, corner + size], axis=1)
    return np.stack([x.ravel(), y.ravel()], axis=1), np.concatenate([low, high])


def test_half_a_cylinder_rolls_out() -> None:
    pytest.importorskip("pygeodesic")
    flat, faces = grid(9)
    angle = flat[:, 0] * np.pi
    rolled = np.stack([np.cos(angle), np.sin(angle), flat[:, 1]], axis=1)
    layout = classical_scaling(geodesic_distances(rolled, faces))
    spans = np.sort(layout.max(axis=0) - layout.min(axis=0))
    assert spans == pytest.approx([1.0, np.pi], rel=0.02)


def test_scaling_of_plane_points_is_exact() -> None:
    points = np.random.default_rng(0).random((20, 2))
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    layout = classical_scaling(distance)
    assert np.linalg.norm(layout[:, None] - layout, axis=2) == pytest.approx(distance, abs=1e-9)


def test_folds_are_turned_back_and_the_rest_stays() -> None:
    flat, faces = grid(8)
    shape = np.concatenate([flat, np.zeros((64, 1))], axis=1)
    assert unfold(flat, shape, faces) is flat, "without folds nothing moves"
    folded = flat.copy()
    folded[27] += [0.3, 0.25]
    assert (signed_uv_areas(folded, faces) <= 0).any()
    mended = unfold(folded, shape, faces)
    assert (signed_uv_areas(mended, faces) > 0).all() and not outline_crosses_itself(mended, faces)
    far = np.linalg.norm(flat - flat[27], axis=1) > 0.6
    assert np.linalg.norm(mended - folded, axis=1)[far].max() < 0.05


def test_an_outline_that_crosses_itself_is_seen() -> None:
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    assert not outline_crosses_itself(square, faces)
    assert outline_crosses_itself(square[[0, 2, 1, 3]], faces)


def test_a_slit_opens_a_cone() -> None:
    # A closed cap: five triangles around a tip; slit from the rim to the tip it is a fan.
    cap = np.array([[0, k, k % 5 + 1] for k in range(1, 6)])
    whole, old = split_along(cap, np.zeros((0, 2), int))
    assert (old[whole] == cap).all() and len(old) == 6
    fan, old = split_along(cap, np.array([[0, 1]]))
    assert (old[fan] == cap).all() and is_disk(fan)
    assert np.bincount(old).tolist() == [1, 2, 1, 1, 1, 1]


def test_stretch_fills_the_unit_square() -> None:
    layout = stretch(np.array([[2.0, -1.0], [4.0, 0.0], [3.0, 3.0]]))
    assert layout.tolist() == [[0.0, 0.0], [1.0, 0.25], [0.5, 1.0]]
