"""The layout of 24 tiles, drawing in the plane, and sampling between texels."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.errors import InputError
from vitruv.surface import Atlas
from vitruv.texture import AtlasTexture, Tiles
from vitruv.texture.planar import rasterise_plane
from vitruv.texture.tiles import texel_places


@pytest.fixture(scope="module")
def tiles() -> Tiles:
    return Tiles(Atlas.load(), 64)


def test_nothing_to_draw() -> None:
    raster = rasterise_plane(np.zeros((0, 3, 2)), (3, 4))
    assert (raster.face == -1).all() and not raster.barycentric.any()


def test_drawing_against_every_point_one_by_one() -> None:
    """The slow obvious twin: for each point, the last triangle whose three edge tests it passes."""
    rng = np.random.default_rng(2)
    corners = rng.uniform(-6, 30, (40, 3, 2))
    corners[3] = corners[3, :1]  # without area
    face, weights = rasterise_plane(corners, (24, 20))
    for y in range(24):
        for x in range(20):
            inside = []
            for i, (a, b, c) in enumerate(corners):
                matrix = np.array([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [1, 1, 1]])
                if abs(np.linalg.det(matrix)) < 1e-12:
                    continue
                w = np.linalg.solve(matrix, [x, y, 1])
                if w.min() >= 0:
                    inside.append((i, w))
            if not inside:
                assert face[y, x] == -1
            else:
                assert face[y, x] in [i for i, _ in inside]
                np.testing.assert_allclose(weights[y, x], dict(inside)[face[y, x]], atol=1e-5)


def test_chart_places_are_the_original_s() -> None:
    """800 x 1200: tile rows 200 * ((p - 1) % 6), columns 200 * ((p - 1) // 6); in it column U * 199, row (1 - V) * 199."""
    for chart in range(1, 25):
        for u, v in ((0, 0), (1, 1), (0.25, 0.5)):
            expected = 200 * ((chart - 1) // 6) + u * 199, 200 * ((chart - 1) % 6) + (1 - v) * 199
            np.testing.assert_allclose(texel_places(np.array([chart]), np.array([[u, v]]), 200)[0], expected, rtol=1e-6)


def test_texels_are_the_points_of_the_body_that_the_atlas_says(tiles: Tiles) -> None:
    rows, columns = np.nonzero(tiles.inside)
    chart = 1 + (columns // 64) * 6 + rows // 64
    uv = np.stack([(columns % 64) / 63, 1 - (rows % 64) / 63], axis=1)
    expected = tiles.atlas.positions(tiles.atlas.locate(chart, uv))
    off = np.linalg.norm(tiles.positions[rows, columns] - expected, axis=1)
    assert np.median(off) < 1e-5 and np.percentile(off, 80) < 1e-4  # the others are the rim of neighbours beyond the outline
    assert off.max() < 0.06


def test_every_chart_has_texels_and_a_rim(tiles: Tiles) -> None:
    tiled = tiles.inside.reshape(6, 64, 4, 64).any(axis=(1, 3))
    assert tiled.all()
    assert 0.5 < tiles.inside.mean() < 0.85


def test_the_mirror_of_the_mirror_is_the_texel(tiles: Tiles) -> None:
    inside = tiles.inside
    place = np.round(tiles.mirror).astype(int)
    left, right = tiles.positions[inside], tiles.positions[place[:, 1], place[:, 0]]
    known = np.linalg.norm(right, axis=1) > 0
    assert known.mean() > 0.97
    off = np.linalg.norm(left[known] * [-1, 1, 1] - right[known], axis=1)
    assert np.median(off) < 0.006  # half a texel of a chart half a metre long


def test_sampling_mixes_known_texels_only() -> None:
    rgb, known = np.zeros((12, 8, 3), np.uint8), np.zeros((12, 8), bool)
    rgb[:2, :2] = np.array([[[10], [20]], [[30], [40]]])
    known[:2, :2] = True
    texture = AtlasTexture(rgb, known)
    assert texture.resolution == 2
    uv = np.array([[0, 1], [1, 1], [0.5, 1], [0.5, 0.5]])
    colours, share = texture.sample(np.ones(4, int), uv)
    np.testing.assert_allclose(colours[:, 0], [10, 20, 15, 25])
    np.testing.assert_allclose(share, 1)
    half = AtlasTexture(rgb, known & (rgb[:, :, 0] > 25))
    colours, share = half.sample(np.ones(2, int), np.array([[0.5, 0.5], [0.5, 1]]))
    np.testing.assert_allclose(colours[:, 0], [35, 0])
    np.testing.assert_allclose(share, [0.5, 0])
    colours, share = texture.sample(np.array([2]), np.array([[0.5, 0.5]]))
    assert share[0] == 0 and not colours.any()
    empty, _ = texture.sample(np.zeros(0, int), np.zeros((0, 2)))
    assert empty.shape == (0, 3)


@pytest.mark.parametrize("resolution", [0, 1, -3, 4096, True])
def test_resolutions_that_cannot_be(resolution: int) -> None:
    with pytest.raises(InputError, match=f"resolution must be from 2 to 2048 texels per tile, but is {resolution}"):
        Tiles(Atlas.load(), resolution)


def test_textures_of_another_shape() -> None:
    with pytest.raises(InputError, match=r"rgb must be \(6 n, 4 n, 3\) uint8, but got \(8, 12, 3\)"):
        AtlasTexture(np.zeros((8, 12, 3), np.uint8), np.zeros((8, 12), bool))
    with pytest.raises(InputError, match=r"known must be \(12, 8\) bool"):
        AtlasTexture(np.zeros((12, 8, 3), np.uint8), np.zeros((12, 8), np.uint8))  # type: ignore[arg-type]
