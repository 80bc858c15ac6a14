"""Geodesic distances against exact ones."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.errors import InputError
from vitruv.surface import Atlas, SurfacePoints
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
    assert (found - straight).max() < 0.005 * straight.max()


def test_on_the_body_against_exact_geodesics(atlas: Atlas) -> None:
    exact = pytest.importorskip("pygeodesic.geodesic").PyGeodesicAlgorithmExact(atlas.rest_vertices.astype(np.float64), atlas.faces)
    rng = np.random.default_rng(0)
    for source in rng.integers(0, len(atlas.rest_vertices), 2):
        others = rng.integers(0, len(atlas.rest_vertices), 400)
        true = exact.geodesicDistances(np.array([source], np.int32))[0][others]
        found = atlas.geodesic_m(np.full(400, source), others)
        assert np.abs(found - true).max() < 0.007, "metres"
        assert np.mean(np.abs(found - true)) < 0.0015, "metres"
        assert (found - true).min() > -1e-6, "no path is shorter than the shortest"


def test_distance_is_symmetric_and_zero_to_itself(atlas: Atlas) -> None:
    a, b = np.array([5, 5, 9000]), np.array([5, 9000, 5])
    found = atlas.geodesic_m(a, b)
    assert found[0] == 0 and found[1] == pytest.approx(found[2], abs=1e-3)


def test_vertices_that_are_not_there_are_refused(atlas: Atlas) -> None:
    with pytest.raises(InputError, match="range over -1"):
        atlas.geodesic_m(np.array([-1]), np.array([0]))
    with pytest.raises(InputError, match="must be"):
        atlas.geodesic_m(np.array([1, 2]), np.array([0]))


def _some(atlas: Atlas, count: int, seed: int = 0) -> SurfacePoints:
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet([1.0, 1.0, 1.0], count)
    return SurfacePoints(rng.integers(0, len(atlas.faces), count).astype(np.int32), weights)


def test_no_points(atlas: Atlas) -> None:
    assert atlas.distances_m(_some(atlas, 0), _some(atlas, 0)).shape == (0,)


def test_a_distance_is_a_distance(atlas: Atlas) -> None:
    a, b, c = (_some(atlas, 30, seed) for seed in (1, 2, 3))
    ab, ba, bc, ac = (atlas.distances_m(*pair) for pair in ((a, b), (b, a), (b, c), (a, c)))
    np.testing.assert_allclose(ab, ba, atol=0.005)
    assert (ac <= ab + bc + 0.005).all()
    straight = np.linalg.norm(atlas.positions(a) - atlas.positions(b), axis=1)
    assert (ab >= straight - 1e-6).all()
    np.testing.assert_array_equal(atlas.distances_m(a, a), 0)


def test_what_is_nowhere_is_infinitely_far(atlas: Atlas) -> None:
    a = _some(atlas, 1)
    nowhere = SurfacePoints(np.array([-1], np.int32), np.zeros((1, 3)))
    assert atlas.distances_m(a, nowhere)[0] == np.inf


def test_places_on_a_flat_sheet_are_joined_by_straight_lines() -> None:
    vertices, faces = flat_grid(21)
    rng = np.random.default_rng(0)
    a_face, b_face = rng.integers(0, len(faces), (2, 200))
    a, b = rng.dirichlet([1, 1, 1], 200), rng.dirichlet([1, 1, 1], 200)
    apart = np.einsum("nk,nkc->nc", a, vertices[faces[a_face]]) - np.einsum("nk,nkc->nc", b, vertices[faces[b_face]])
    straight = np.linalg.norm(apart, axis=1)
    found = GeodesicGraph(vertices, faces).between_places(a_face, a, b_face, b)
    assert (found >= straight - 1e-6).all()
    np.testing.assert_allclose(found, straight, rtol=0.02, atol=1e-6)


@pytest.mark.parametrize("weights", [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0], [0, 0.25, 0.75]])
def test_places_on_corners_and_edges(weights: list[float]) -> None:
    vertices, faces = flat_grid(5)
    count = len(faces)
    face = np.arange(count)
    place = np.tile(weights, (count, 1))
    xyz = np.einsum("nk,nkc->nc", place, vertices[faces])
    found = GeodesicGraph(vertices, faces).between_places(face, place, face[::-1], place)
    np.testing.assert_allclose(found, np.linalg.norm(xyz - xyz[::-1], axis=1), rtol=0.02, atol=1e-6)


def test_exact_distances_between_vertices(atlas: Atlas) -> None:
    exact = pytest.importorskip("pygeodesic.geodesic")
    solver = exact.PyGeodesicAlgorithmExact(atlas.rest_vertices.astype(np.float64), atlas.faces)
    rng = np.random.default_rng(5)
    start = rng.integers(0, len(atlas.faces), 3)
    for face in start:
        vertex = int(atlas.faces[face, 0])
        targets = rng.integers(0, len(atlas.faces), 40)
        truth = solver.geodesicDistances(np.array([vertex]), atlas.faces[targets, 0].astype(np.int64))[0]
        corner = np.tile([1.0, 0.0, 0.0], (40, 1))
        found = atlas.distances_m(
            SurfacePoints(np.full(40, face, np.int32), corner), SurfacePoints(targets.astype(np.int32), corner)
        )
        np.testing.assert_allclose(found, truth, rtol=0.01, atol=0.007)
