"""Distances along the surface."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.annotate.geodesy import distances_m
from vitruv.surface import Atlas, SurfacePoints


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return Atlas.load()


def _some(atlas: Atlas, count: int, seed: int = 0) -> SurfacePoints:
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet([1.0, 1.0, 1.0], count)
    return SurfacePoints(rng.integers(0, len(atlas.faces), count).astype(np.int32), weights)


def test_no_points(atlas: Atlas) -> None:
    assert distances_m(atlas, _some(atlas, 0), _some(atlas, 0)).shape == (0,)


def test_a_distance_is_a_distance(atlas: Atlas) -> None:
    a, b, c = (_some(atlas, 30, seed) for seed in (1, 2, 3))
    ab, ba, bc, ac = (distances_m(atlas, *pair) for pair in ((a, b), (b, a), (b, c), (a, c)))
    np.testing.assert_allclose(ab, ba, rtol=0.02)
    assert (ac <= 1.02 * (ab + bc)).all()
    straight = np.linalg.norm(atlas.positions(a) - atlas.positions(b), axis=1)
    assert (ab >= straight - 1e-6).all()
    np.testing.assert_array_equal(distances_m(atlas, a, a), 0)


def test_what_is_nowhere_is_infinitely_far(atlas: Atlas) -> None:
    a = _some(atlas, 1)
    nowhere = SurfacePoints(np.array([-1], np.int32), np.zeros((1, 3)))
    assert distances_m(atlas, a, nowhere)[0] == np.inf


def test_straight_lines_on_a_flat_sheet(atlas: Atlas) -> None:
    """The same mesh flattened along a chart would fold; a plane grid has straight lines as shortest ways."""
    n = 21
    x, y = np.meshgrid(np.arange(n), np.arange(n))
    vertices = np.column_stack([x.ravel(), y.ravel(), np.zeros(n * n)]).astype(np.float32) * 0.01
    corner = (y[:-1, :-1] * n + x[:-1, :-1]).ravel()
    faces = np.concatenate(
        [np.column_stack([corner, corner + 1, corner + n]), np.column_stack([corner + 1, corner + n + 1, corner + n])]
    )
    count = len(faces)
    sheet = Atlas(
        vertices=vertices,
        faces=faces.astype(np.int32),
        chart_of_face=np.ones(count, np.uint8),
        chart_vertex=np.arange(n * n, dtype=np.int32),
        chart_faces=faces.astype(np.int32),
        chart_uv=(vertices[:, :2] / vertices.max()).astype(np.float32),
        mirror_vertex=np.arange(n * n, dtype=np.int32),
        kappa_m=np.ones(8, np.float32),
    )
    a, b = _some(sheet, 200, 1), _some(sheet, 200, 2)
    straight = np.linalg.norm(sheet.positions(a) - sheet.positions(b), axis=1)
    found = distances_m(sheet, a, b)
    np.testing.assert_allclose(found, straight, rtol=0.05, atol=1e-6)
    assert (found / straight).mean() < 1.003


def test_exact_distances_between_vertices(atlas: Atlas) -> None:
    exact = pytest.importorskip("pygeodesic.geodesic")
    solver = exact.PyGeodesicAlgorithmExact(atlas.vertices.astype(np.float64), atlas.faces)
    rng = np.random.default_rng(5)
    start = rng.integers(0, len(atlas.faces), 3)
    for face in start:
        vertex = int(atlas.faces[face, 0])
        targets = rng.integers(0, len(atlas.faces), 40)
        truth = solver.geodesicDistances(np.array([vertex]), atlas.faces[targets, 0].astype(np.int64))[0]
        corner = np.tile([1.0, 0.0, 0.0], (40, 1))
        found = distances_m(
            atlas, SurfacePoints(np.full(40, face, np.int32), corner), SurfacePoints(targets.astype(np.int32), corner)
        )
        np.testing.assert_allclose(found, truth, rtol=0.03, atol=1e-4)
