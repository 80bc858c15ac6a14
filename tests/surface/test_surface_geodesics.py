"""Geodesic distances against exact ones."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.errors import InputError
from vitruv.surface import Atlas
from vitruv.surface.geodesics import GeodesicGraph


def flat_grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.arange(size), np.arange(size))
    vertices = np.stack([x.ravel(), y.ravel(), np.zeros(size * size)], axis=1).astype(np.float64)
    corner = (np.arange(size - 1)[:, None] * size + np.arange(size - 1)).ravel()
    low = np.stack([corner, corner + 1, corner + size + 1], axis=1)
    return vertices, np.concatenate([low, np.stack([corner, corner + size + 1, corner + size], axis=1)])


def test_in_the_plane_geodesics_are_straight() -> None:
    vertices, faces = flat_grid(9)
    found = GeodesicGraph(vertices, faces).rows(np.arange(81)).astype(np.float64)
    straight = np.linalg.norm(vertices[:, None] - vertices, axis=2)
    assert (found >= straight * (1 - 1e-3) - 1e-9).all(), "nothing is shorter than the straight line"
    assert (found - straight).max() < 0.02 * straight.max()


def test_on_the_body_against_exact_geodesics(atlas: Atlas) -> None:
    exact = pytest.importorskip("pygeodesic.geodesic").PyGeodesicAlgorithmExact(atlas.vertices.astype(np.float64), atlas.faces)
    rng = np.random.default_rng(0)
    for source in rng.integers(0, len(atlas.vertices), 2):
        others = rng.integers(0, len(atlas.vertices), 400)
        true = exact.geodesicDistances(np.array([source], np.int32))[0][others]
        found = atlas.geodesic_m(np.full(400, source), others)
        assert np.abs(found - true).max() < 0.02, "metres"
        assert np.mean(np.abs(found - true)) < 0.006, "metres"


def test_distance_is_symmetric_and_zero_to_itself(atlas: Atlas) -> None:
    a, b = np.array([5, 5, 9000]), np.array([5, 9000, 5])
    found = atlas.geodesic_m(a, b)
    assert found[0] == 0 and found[1] == pytest.approx(found[2], abs=1e-3)


def test_vertices_that_are_not_there_are_refused(atlas: Atlas) -> None:
    with pytest.raises(InputError, match="range over -1"):
        atlas.geodesic_m(np.array([-1]), np.array([0]))
    with pytest.raises(InputError, match="must be"):
        atlas.geodesic_m(np.array([1, 2]), np.array([0]))
