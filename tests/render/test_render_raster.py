"""The rasteriser against a slow, obvious twin: a ray through every pixel centre, intersected with every triangle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitruv.errors import InputError
from vitruv.render import NEAR_M, Camera, Raster, rasterise
from vitruv.render.raster import bounds_of, draw_faces, move_points

FRONT = Camera(20.0, (8.0, 6.0), np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
SIZE_HW = (12, 16)


def traced(vertices: np.ndarray, faces: np.ndarray, camera: Camera, size_hw: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Face and depth of every pixel by solving origin + t * ray = point of the triangle."""
    at = camera.to_camera(vertices).astype(np.float64)
    face, depth = np.full(size_hw, -1), np.full(size_hw, np.inf)
    for y in range(size_hw[0]):
        for x in range(size_hw[1]):
            ray = np.array(
                [(x + 0.5 - camera.centre_xy[0]) / camera.focal_px, (y + 0.5 - camera.centre_xy[1]) / camera.focal_px, 1.0]
            )
            for i, corners in enumerate(at[faces]):
                matrix = corners.T  # columns are corners: matrix @ weights = depth * ray
                if abs(np.linalg.det(matrix)) < 1e-12:
                    continue
                weights = np.linalg.solve(matrix, ray)
                if (weights >= 0).all() and weights.sum() > 0:
                    z = 1 / weights.sum()
                    if NEAR_M <= z < depth[y, x]:
                        face[y, x], depth[y, x] = i, z
    return face, depth


def test_nothing_to_draw_gives_an_empty_raster() -> None:
    raster = rasterise(np.zeros((0, 3)), np.zeros((0, 3), np.int32), FRONT, SIZE_HW)
    assert raster.size_hw == SIZE_HW
    assert (raster.face == -1).all() and np.isinf(raster.depth).all() and (raster.barycentric == 0).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_it_draws_what_rays_meet_also_across_the_near_plane(seed: int, close: bool) -> None:
    rng = np.random.default_rng(seed)
    vertices = rng.normal(0, 1, (12, 3))
    vertices[:, 2] += 0.3 if close else 4.0
    faces = rng.permutation(12).reshape(4, 3)
    raster = rasterise(vertices, faces, FRONT, SIZE_HW, cull=False)
    face, depth = traced(vertices, faces, FRONT, SIZE_HW)
    # A ray along an edge may go either way.
    different = raster.face != face
    assert different.mean() < 0.02
    same = ~different & (face >= 0)
    np.testing.assert_allclose(raster.depth[same], depth[same], rtol=2e-3)


def test_barycentric_coordinates_are_those_of_the_point_in_space() -> None:
    vertices = np.array([[-1.0, -1, 2], [3, -1, 8], [-1, 2, 3]])
    raster = rasterise(vertices, np.array([[0, 1, 2]]), FRONT, SIZE_HW, cull=False)
    rows, columns = np.nonzero(raster.face == 0)
    assert len(rows) > 20
    b, c = raster.barycentric[rows, columns].T
    points = (1 - b - c)[:, None] * vertices[0] + b[:, None] * vertices[1] + c[:, None] * vertices[2]
    pixels, depth = FRONT.project(points)
    np.testing.assert_allclose(pixels, np.stack([columns, rows], axis=1) + 0.5, atol=1e-3)
    np.testing.assert_allclose(depth, raster.depth[rows, columns], rtol=1e-5)


def test_faces_seen_from_behind_are_left_out_unless_asked_for() -> None:
    vertices = np.array([[-1.0, -1, 3], [1, -1, 3], [0, 1, 3]])
    facing, turned = np.array([[0, 2, 1]]), np.array([[0, 1, 2]])
    for faces, cull, seen in ((facing, True, True), (turned, True, False), (turned, False, True)):
        assert (rasterise(vertices, faces, FRONT, SIZE_HW, cull=cull).face >= 0).any() == seen
    near = vertices - [0, 0, 2.99]
    near[2, 2] = 3
    for faces, seen in ((facing, True), (turned, False)):
        assert (rasterise(near, faces, FRONT, SIZE_HW).face >= 0).any() == seen, "the same across the near plane"


def test_a_second_mesh_shares_the_depth_buffer() -> None:
    vertices = np.array([[-2.0, -2, 3], [2, -2, 3], [0, 2, 3]])
    raster = rasterise(vertices, np.array([[0, 1, 2]]), FRONT, SIZE_HW, cull=False)
    before = int((raster.face == 0).sum())
    same = rasterise(vertices * 0.5, np.array([[0, 1, 2]]), FRONT, SIZE_HW, cull=False, onto=raster, first_face=7)
    assert same is raster and set(np.unique(raster.face)) == {-1, 7}, "the nearer one covers the same pixels"
    rasterise(vertices * 2, np.array([[0, 1, 2]]), FRONT, SIZE_HW, cull=False, onto=raster, first_face=9)
    assert (raster.face == 7).sum() == before and (raster.face == 9).sum() == 0


def test_people_behind_the_camera_are_not_seen() -> None:
    vertices = np.array([[-1.0, -1, -3], [1, -1, -3], [0, 1, -3]])
    assert (rasterise(vertices, np.array([[0, 1, 2]]), FRONT, SIZE_HW, cull=False).face == -1).all()


def test_neighbouring_triangles_leave_no_gap() -> None:
    xs = np.linspace(-1, 1, 30)
    grid = np.array([(x, y, 2 + 0.3 * x * y) for y in xs for x in xs])
    cells = [(r * 30 + c, r * 30 + c + 1, r * 30 + c + 31, r * 30 + c + 30) for r in range(29) for c in range(29)]
    faces = np.array([t for a, b, c, d in cells for t in ((a, b, c), (a, c, d))])
    camera = Camera(60.0, (32.0, 32.0), np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    inner = rasterise(grid, faces, camera, (64, 64), cull=False).face[10:-10, 10:-10]
    assert (inner >= 0).all()


def test_holes_show_what_is_behind() -> None:
    vertices = np.array([[-4.0, -4, 4], [4, -4, 4], [4, 4, 4], [-4, 4, 4]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    uv = np.array([[[0, 1], [1, 1], [1, 0]], [[0, 1], [1, 0], [0, 0]]], np.float32)
    alpha = np.array([[255, 0], [0, 255]], np.uint8)
    raster = Raster.empty((64, 64))
    draw_faces(vertices, faces, 0, 32.0, 32.0, 32.0, NEAR_M, False, uv, alpha, raster.face, raster.barycentric, raster.depth)
    quarters = raster.face[16, 16], raster.face[16, 48], raster.face[48, 16], raster.face[48, 48]
    assert [q >= 0 for q in quarters] == [True, False, False, True]


@pytest.mark.parametrize(
    ("vertices", "faces", "message"),
    [
        (np.zeros((3, 2)), np.zeros((1, 3), int), r"vertices must be \(V, 3\)"),
        (np.zeros((3, 3)), np.array([[0, 1, 3]]), r"faces must be vertex numbers 0\.\.2"),
        (np.zeros((3, 3)), np.array([[-1, 1, 2]]), "faces must be vertex numbers"),
    ],
)
def test_wrong_shapes_are_refused(vertices: np.ndarray, faces: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        rasterise(vertices, faces, FRONT, SIZE_HW)


def test_a_raster_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match=r"the raster to draw onto is \(4, 4\)"):
        rasterise(np.zeros((3, 3)), np.array([[0, 1, 2]]), FRONT, SIZE_HW, onto=Raster.empty((4, 4)))


def test_the_fast_helpers_do_what_numpy_does() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(50, 3)).astype(np.float32)
    camera = Camera.look_at([1.0, 2, 3], [0, 0, 0], up=[0, 1, 0], focal_px=1.0, centre_xy=(0, 0))
    moved = move_points(points, camera.rotation, camera.translation)
    np.testing.assert_allclose(moved, camera.to_camera(points), atol=1e-5)
    low, high = bounds_of(points)
    assert (low == points.min(axis=0)).all() and (high == points.max(axis=0)).all()
