"""The atlas: image values to points and back, against slow twins, and what it says about bad input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vitruv.errors import FormatError, InputError, MissingFileError
from vitruv.surface import MIRROR_CHART, Atlas, SurfacePoints


def some_points(atlas: Atlas, count: int, seed: int = 0) -> SurfacePoints:
    rng = np.random.default_rng(seed)
    faces = rng.integers(0, len(atlas.faces), count).astype(np.int32)
    return SurfacePoints(faces, rng.dirichlet([1.0, 1.0, 1.0], count))


def test_nothing_in_nothing_out(atlas: Atlas) -> None:
    points = atlas.locate(np.zeros(0, np.uint8), np.zeros((0, 2)))
    assert len(points) == 0
    assert atlas.positions(points).shape == (0, 3)
    assert atlas.nearest_vertex(np.zeros(0, np.uint8), np.zeros((0, 2))).shape == (0,)
    assert atlas.geodesic_m(np.zeros(0, int), np.zeros(0, int)).shape == (0,)
    labels, uv = atlas.mirror_map(np.zeros((0, 0), np.uint8), np.zeros((2, 0, 0), np.float32))
    assert labels.shape == (0, 0) and uv.shape == (2, 0, 0)


def test_background_is_nowhere(atlas: Atlas) -> None:
    points = atlas.locate(np.zeros(2, np.uint8), np.full((2, 2), np.nan))
    assert points.face.tolist() == [-1, -1]
    assert np.isnan(atlas.positions(points)).all()
    labels, uv = atlas.iuv(points)
    assert labels.tolist() == [0, 0] and not uv.any()


def test_image_values_and_back(atlas: Atlas) -> None:
    points = some_points(atlas, 20_000)
    labels, uv = atlas.iuv(points)
    found = atlas.locate(labels, uv)
    assert (atlas.chart_of_face[found.face] == labels).all()
    gap = np.linalg.norm(atlas.positions(found) - atlas.positions(points), axis=1)
    assert gap.max() < 1e-4, "no chart overlaps itself, so the place must be found again"


def test_a_point_in_a_chart_lies_in_one_triangle_only(atlas: Atlas) -> None:
    labels, uv = atlas.iuv(some_points(atlas, 300, seed=1))
    corners = atlas.corner_uv.astype(np.float64)
    b, c = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0]
    for label, point in zip(labels, uv.astype(np.float64), strict=True):
        p = point - corners[:, 0]
        second, third = (p[:, 0] * c[:, 1] - p[:, 1] * c[:, 0]) / area, (b[:, 0] * p[:, 1] - b[:, 1] * p[:, 0]) / area
        inside = (second > 1e-4) & (third > 1e-4) & (second + third < 1 - 1e-4) & (atlas.chart_of_face == label)
        assert inside.sum() <= 1


def test_outside_the_outline_the_nearest_point_of_the_outline_is_taken(atlas: Atlas) -> None:
    rng = np.random.default_rng(2)
    labels, uv = rng.integers(1, 25, 400).astype(np.uint8), rng.random((400, 2))
    _, found = atlas.iuv(atlas.locate(labels, uv))
    moved = np.linalg.norm(found - uv, axis=1)
    vertices = atlas.chart_uv[np.newaxis]
    chart_of_vertex = np.zeros(len(atlas.chart_uv), np.uint8)
    chart_of_vertex[atlas.chart_faces] = atlas.chart_of_face[:, None]
    to_vertices = np.linalg.norm(vertices - uv[:, None], axis=2)
    nearest = np.where(chart_of_vertex == labels[:, None], to_vertices, np.inf).min(axis=1)
    assert (moved <= nearest + 1e-6).all(), "the outline is never further than its nearest vertex"
    assert 0.05 < (moved > 1e-6).mean() < 0.6


def test_nearest_vertex_is_the_nearest_in_its_chart(atlas: Atlas) -> None:
    rng = np.random.default_rng(3)
    labels, uv = rng.integers(0, 25, 200).astype(np.uint8), rng.random((200, 2))
    fast = atlas.nearest_vertex(labels, uv)
    for label, point, vertex in zip(labels, uv, fast, strict=True):
        if label == 0:
            assert vertex == -1
            continue
        own = np.unique(atlas.chart_faces[atlas.chart_of_face == label])
        distance = np.linalg.norm(atlas.chart_uv[own] - point, axis=1)
        same = own[atlas.chart_vertex[own] == vertex]
        assert len(same) and np.linalg.norm(atlas.chart_uv[same] - point, axis=1).min() == pytest.approx(distance.min(), abs=1e-6)


def test_mirror_is_an_involution_onto_the_other_side(atlas: Atlas) -> None:
    points = some_points(atlas, 5_000, seed=4)
    labels, uv = atlas.iuv(points)
    other, other_uv = atlas.mirror(labels, uv)
    assert (other == MIRROR_CHART[labels]).all()
    across = atlas.positions(atlas.locate(other, other_uv)) * [-1.0, 1.0, 1.0]
    assert np.abs(across - atlas.positions(points)).max() < 1e-3
    again, again_uv = atlas.mirror(other, other_uv)
    assert (again == labels).all() and np.abs(again_uv - uv).max() < 1e-5


def test_mirror_map_flips_the_picture(atlas: Atlas) -> None:
    labels, uv = atlas.iuv(some_points(atlas, 30, seed=5))
    grid, grid_uv = labels.reshape(5, 6).copy(), uv.T.reshape(2, 5, 6).copy()
    grid[0, 0], grid_uv[:, 0, 0] = 0, 0.0
    flipped, flipped_uv = atlas.mirror_map(grid, grid_uv)
    assert flipped[0, 5] == 0 and not flipped_uv[:, 0, 5].any()
    for row, column in ((1, 2), (4, 0), (2, 5)):
        one, one_uv = atlas.mirror(grid[row, [column]], grid_uv[:, row, [column]].T)
        assert flipped[row, 5 - column] == one[0] and np.allclose(flipped_uv[:, row, 5 - column], one_uv[0])
    back, back_uv = atlas.mirror_map(flipped, flipped_uv)
    assert (back == grid).all() and np.abs(back_uv - grid_uv).max() < 1e-5


def test_projection_finds_points_of_the_surface(atlas: Atlas) -> None:
    points = some_points(atlas, 60, seed=6)
    moved = atlas.vertices * np.float32(1.1)
    place = atlas.positions(points, moved)
    found = atlas.project(place, moved)
    assert np.abs(atlas.positions(found, moved) - place).max() < 1e-6
    assert atlas.project(np.zeros((0, 3))).face.shape == (0,)


def test_points_projected_together_and_one_by_one(atlas: Atlas) -> None:
    near = atlas.positions(some_points(atlas, 80, seed=8)) + np.random.default_rng(9).normal(0, 0.03, (80, 3))
    places = np.concatenate([near, near[:40] + 1e-4])  # some cells of space have several
    together = atlas.project(places)
    for i, place in enumerate(places):
        alone = atlas.project(place[None])
        assert alone.face[0] == together.face[i]
        assert np.abs(atlas.positions(alone)[0] - atlas.positions(together)[i]).max() < 1e-9


def test_projection_against_every_triangle(atlas: Atlas) -> None:
    from vitruv.surface.projection import closest_on_triangles

    body = atlas.vertices.astype(np.float64)
    corners = body[atlas.faces]
    for place in np.random.default_rng(7).normal(0, 0.5, (5, 3)):
        slow = closest_on_triangles(np.broadcast_to(place, (len(corners), 3)), corners)
        best = np.linalg.norm(np.einsum("nk,nkc->nc", slow, corners) - place, axis=1).min()
        fast = np.linalg.norm(atlas.positions(atlas.project(place[None])) - place, axis=1)[0]
        assert fast == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize(
    ("labels", "uv", "says"),
    [
        (np.array([25]), np.zeros((1, 2)), "labels must be in 0..24"),
        (np.array([-1]), np.zeros((1, 2)), "labels must be in 0..24"),
        (np.array([1]), np.zeros((2, 2)), "labels must be"),
        (np.array([1]), np.full((1, 2), np.nan), "uv must be finite"),
    ],
)
def test_bad_image_values_are_refused(atlas: Atlas, labels: np.ndarray, uv: np.ndarray, says: str) -> None:
    with pytest.raises(InputError, match=says):
        atlas.locate(labels, uv)


def test_bad_bodies_are_refused(atlas: Atlas) -> None:
    points = some_points(atlas, 1)
    with pytest.raises(InputError, match="like the atlas's"):
        atlas.positions(points, np.zeros((3, 3)))
    with pytest.raises(InputError, match="finite"):
        atlas.project(np.full((1, 3), np.inf))
    with pytest.raises(InputError, match="mirror_vertex must name vertices"):
        replace(atlas, mirror_vertex=atlas.mirror_vertex + 1)


def test_save_and_load(atlas: Atlas, tmp_path: Path) -> None:
    atlas.save(tmp_path / "a.npz")
    again = Atlas.load(tmp_path / "a.npz")
    for name in ("rest_vertices", "faces", "chart_of_face", "chart_vertex", "chart_faces", "chart_uv", "mirror_vertex", "kappa_m"):
        assert (getattr(again, name) == getattr(atlas, name)).all(), name
    again.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_damaged_files_are_named(atlas: Atlas, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such file"):
        Atlas.load(tmp_path / "none.npz")
    atlas.save(tmp_path / "good.npz")
    good = (tmp_path / "good.npz").read_bytes()
    other = tmp_path / "other.npz"
    np.savez(other, format_version=np.int64(1))
    array = tmp_path / "array.npy"
    np.save(array, np.zeros(3))
    cases = {
        "empty": b"",
        "text": b"hello",
        "half": good[: len(good) // 2],
        "lacks": other.read_bytes(),
        "array": array.read_bytes(),
    }
    for name, data in cases.items():
        path = tmp_path / f"{name}.npz"
        path.write_bytes(data)
        with pytest.raises(FormatError, match=name):
            Atlas.load(path)


def test_a_chart_that_a_surface_lacks_is_named(atlas: Atlas) -> None:
    some = atlas.chart_of_face < 3
    torso = replace(atlas, faces=atlas.faces[some], chart_of_face=atlas.chart_of_face[some], chart_faces=atlas.chart_faces[some])
    assert torso.locate(np.array([1, 2]), np.full((2, 2), 0.5)).face.min() >= 0
    for search in (torso.locate, torso.nearest_vertex):
        with pytest.raises(InputError, match="no chart 5"):
            search(np.array([1, 5]), np.full((2, 2), 0.5))


def test_places_in_space_have_one_frame(atlas: Atlas, tmp_path: Path) -> None:
    """Metres, y up, feet at 0, facing +z, left at +x: positions, project and vertices agree; the file keeps its own frame."""
    assert atlas.vertices[:, 1].min() == 0
    assert 1.6 < atlas.vertices[:, 1].max() < 2.0
    left_foot, right_foot = (atlas.vertices[np.unique(atlas.faces[atlas.chart_of_face == chart])] for chart in (5, 6))
    assert left_foot[:, 0].mean() > 0 > right_foot[:, 0].mean()
    assert left_foot[:, 2].max() > 0.1  # toes point to where the body faces
    points = some_points(atlas, 50, seed=3)
    rest = atlas.positions(points)
    assert np.abs(rest - atlas.positions(points, atlas.vertices)).max() < 1e-6
    assert np.abs(atlas.positions(atlas.project(rest)) - rest).max() < 1e-6
    in_file = atlas.positions(points, atlas.rest_vertices)
    turned = np.stack([in_file[:, 0], in_file[:, 2] - atlas.rest_vertices[:, 2].min(), -in_file[:, 1]], axis=1)
    assert np.abs(turned - rest).max() < 1e-6
    atlas.save(tmp_path / "again.npz")
    with np.load(tmp_path / "again.npz") as stored:
        np.testing.assert_array_equal(stored["vertices"], atlas.rest_vertices)
        assert "rest_up" not in stored


def test_a_body_that_stands_along_y_keeps_its_axes(atlas: Atlas, tmp_path: Path) -> None:
    lifted = atlas.vertices + np.array([0, -0.9, 0], np.float32)
    other = replace(atlas, rest_vertices=lifted, rest_up="y")
    assert np.abs(other.vertices - atlas.vertices).max() < 1e-6
    other.save(tmp_path / "y.npz")
    assert Atlas.load(tmp_path / "y.npz").rest_up == "y"
    with pytest.raises(InputError, match="rest_up must be 'y' or 'z', but is 'x'"):
        replace(atlas, rest_up="x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("uv", "message"),
    [
        (np.array([[30, 200]], np.uint8), r"uv must be in 0\.\.1, but one is 200; are these codes of 0\.\.255\? Divide"),
        (np.array([[0.5, 1.5]]), r"uv must be in 0\.\.1, but one is 1\.5$"),
        (np.array([[-0.5, 0.5]]), r"uv must be in 0\.\.1, but one is -0\.5$"),
    ],
)
def test_coordinates_out_of_range_are_refused(atlas: Atlas, uv: np.ndarray, message: str) -> None:
    for look_up in (atlas.locate, atlas.nearest_vertex):
        with pytest.raises(InputError, match=message):
            look_up(np.array([2]), uv)
    assert atlas.locate(np.array([0]), uv).face.tolist() == [-1]  # background has none
    assert atlas.locate(np.array([2]), np.array([[1 + 1e-6, -1e-6]])).face[0] >= 0
