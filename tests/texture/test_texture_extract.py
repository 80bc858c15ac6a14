"""Extraction: what photos show lands on its texel, the better sighting counts for more, and holes are filled."""

from __future__ import annotations

import numpy as np
import pytest
from surface_photos import as_people, colours_at, square_of

from vitruv.errors import InputError
from vitruv.results import ChartMap
from vitruv.texture import AtlasTexture, TextureExtractor, Tiles, apply_texture
from vitruv.texture.extract import _weighted_median
from vitruv.texture.quads import samples_of

N = 48


def uv_of_texels(tiles: Tiles) -> np.ndarray:
    rows, columns = np.indices(tiles.size_hw)
    return np.stack([(columns % N) / (N - 1), 1 - (rows % N) / (N - 1)])


@pytest.fixture
def extractor() -> TextureExtractor:
    return TextureExtractor(resolution=N)


@pytest.mark.parametrize("size_hw", [(300, 300), (60, 60), (14, 14), (40, 160)])
def test_a_photo_of_one_chart(extractor: TextureExtractor, size_hw: tuple[int, int]) -> None:
    """More pixels than texels, as many, and far fewer: every texel between the outermost pixels is seen, and has its colour."""
    chart = square_of(2, size_hw)
    extractor.add(colours_at(chart.uv), chart)
    uv = uv_of_texels(extractor.tiles)
    border = 0.3 / min(size_hw) + 0.5 / N  # half a pixel, and half a texel
    within = np.zeros(extractor.tiles.size_hw, bool)
    within[N : 2 * N, :N] = ((uv > 0.2 + border) & (uv < 0.8 - border)).all(axis=0)[N : 2 * N, :N]
    within &= extractor.tiles.inside
    assert within.sum() > 300
    assert extractor.seen[within].all()
    assert not extractor.seen[:, N:].any()
    texture = extractor.texture()
    off = np.abs(texture.rgb.astype(int) - colours_at(uv))[within]
    assert off.max() <= 4 and off.mean() < 1.2


def test_nobody_seen(extractor: TextureExtractor) -> None:
    with pytest.raises(InputError, match="nothing was seen of the person"):
        extractor.texture()
    extractor.add(np.zeros((9, 9, 3), np.uint8), ChartMap.empty((9, 9)))
    assert not extractor.seen.any()
    with pytest.raises(InputError, match="nothing was seen of the person"):
        extractor.texture(fill="all")


def test_what_does_not_fit(extractor: TextureExtractor) -> None:
    with pytest.raises(InputError, match=r"the chart map is \(8, 9\) \(h, w\), but the photo is \(9, 9\)"):
        extractor.add(np.zeros((9, 9, 3), np.uint8), ChartMap.empty((8, 9)))
    chart = square_of(1, (20, 20))
    extractor.add(colours_at(chart.uv), chart)
    with pytest.raises(InputError, match="fill must be one of none, mirror, all, but is 'some'"):
        extractor.texture(fill="some")  # type: ignore[arg-type]


def test_a_hand_before_the_body_in_one_photo_of_three(extractor: TextureExtractor) -> None:
    chart = square_of(2, (80, 80))
    clean = colours_at(chart.uv)
    covered = clean.copy()
    covered[30:50, 30:50] = (255, 0, 255)
    alone = TextureExtractor(resolution=N)
    for rgb in (clean, clean, clean):
        alone.add(rgb, chart)
    for rgb in (clean, covered, clean):
        extractor.add(rgb, chart)
    np.testing.assert_array_equal(extractor.texture().rgb, alone.texture().rgb)


def test_only_the_best_sightings_are_kept(extractor: TextureExtractor) -> None:
    """A hundred small pictures from far away do not outvote nine good ones."""
    near, far = square_of(2, (200, 200)), square_of(2, (9, 9))
    for _ in range(5):
        extractor.add(np.full((200, 200, 3), 80, np.uint8), near)
    for _ in range(40):
        extractor.add(np.full((9, 9, 3), 240, np.uint8), far)
    rgb, seen = extractor.texture().rgb, extractor.seen
    middle = seen.copy()
    middle[: N + 15] = middle[2 * N - 15 :] = False
    assert extractor._weight.shape[1] == 9
    assert (rgb[middle] == 80).mean() > 0.9


def test_weights_fall_with_the_angle_and_towards_the_outline() -> None:
    tiles = Tiles(TextureExtractor(resolution=N).tiles.atlas, N)
    straight, slanted = square_of(2, (120, 60)), square_of(2, (120, 15))
    ones = [samples_of(np.zeros((*chart.size_hw, 3), np.uint8), chart, tiles).weight for chart in (straight, slanted)]
    assert np.median(ones[0]) > 3 * np.median(ones[1])
    padded = ChartMap.empty((80, 80))
    padded.labels[20:60, 20:60], padded.uv[:, 20:60, 20:60] = 2, square_of(2, (40, 40)).uv
    samples = samples_of(np.zeros((80, 80, 3), np.uint8), padded, tiles)
    quad = samples.weight.reshape(39, 39, -1)[:, :, 0] if len(samples.weight) % (39 * 39) == 0 else None
    assert quad is not None
    assert quad[0].mean() < 0.4 * quad[19].mean()


def test_a_step_in_front_of_another_surface_is_not_smeared(extractor: TextureExtractor) -> None:
    """Two parts of one chart that meet in the picture, far apart on the body: nothing between them is made up."""
    uv = np.concatenate([square_of(2, (40, 20), low=0.2, high=0.4).uv, square_of(2, (40, 20), low=0.7, high=0.8).uv], axis=2)
    chart = ChartMap(np.full((40, 40), 2, np.uint8), uv)
    extractor.add(np.full((40, 40, 3), 99, np.uint8), chart)
    u = uv_of_texels(extractor.tiles)[0]
    assert not (extractor.seen & (u > 0.45) & (u < 0.65)).any()


def test_fills(extractor: TextureExtractor) -> None:
    chart = square_of(20, (90, 90), low=0.1, high=0.9)  # right forearm
    extractor.add(np.full((90, 90, 3), (200, 40, 60), np.uint8), chart)
    none, mirror, full = (extractor.texture(fill=fill) for fill in ("none", "mirror", "all"))
    tile = {
        p: (slice(N * ((p - 1) % 6), N * ((p - 1) % 6 + 1)), slice(N * ((p - 1) // 6), N * ((p - 1) // 6 + 1))) for p in (19, 20)
    }
    assert none.known[tile[20]].any() and not none.known[tile[19]].any()
    assert mirror.known[tile[19]].sum() > 0.9 * none.known[tile[20]].sum()
    assert (np.abs(mirror.rgb[tile[19]][mirror.known[tile[19]]].astype(int) - (200, 40, 60)) <= 1).all()
    np.testing.assert_array_equal(full.known, extractor.tiles.inside)
    assert (np.abs(full.rgb[full.known].astype(int) - (200, 40, 60)) <= 1).all()  # one colour continues as itself
    for texture in (mirror, full):
        np.testing.assert_array_equal(texture.rgb[none.known], none.rgb[none.known])


def test_what_is_filled_lies_between_its_surroundings(extractor: TextureExtractor) -> None:
    for chart, colour in ((1, (250, 0, 0)), (2, (0, 0, 250))):
        extractor.add(np.full((60, 60, 3), colour, np.uint8), square_of(chart, (60, 60)))
    full = extractor.texture(fill="all")
    rgb = full.rgb[full.known].astype(int)
    assert (rgb[:, 1] == 0).all() and ((rgb[:, 0] + rgb[:, 2] >= 248) & (rgb[:, 0] + rgb[:, 2] <= 252)).all()


def test_weighted_median() -> None:
    rgb = np.array([[[10, 0, 0], [200, 0, 0], [20, 9, 0]], [[1, 1, 1], [2, 2, 2], [3, 3, 3]]], np.uint8)
    weight = np.array([[1, 1, 1], [0.1, 0.1, 5]], np.float32)
    np.testing.assert_array_equal(_weighted_median(rgb, weight), [[20, 0, 0], [3, 3, 3]])
    assert _weighted_median(np.zeros((2, 0, 3), np.uint8), np.zeros((2, 0), np.float32)).shape == (2, 3)


def test_applied_where_it_was_taken_from_it_gives_the_photo_back(extractor: TextureExtractor) -> None:
    chart = square_of(2, (100, 100))
    rgb = colours_at(chart.uv)
    extractor.add(rgb, as_people(chart)[0])
    painted = apply_texture(extractor.texture(), np.full_like(rgb, 7), as_people(chart))
    off = np.abs(painted.astype(int) - rgb)[8:-8, 8:-8]
    assert off.max() <= 4 and off.mean() < 1


def test_people_who_reach_over_the_border_are_cut(extractor: TextureExtractor) -> None:
    chart = square_of(2, (100, 100))
    people = as_people(chart)
    moved = type(people)(people.boxes_xyxy - 30, people.scores, people.charts, (70, 70))
    extractor.add(colours_at(chart.uv)[30:, 30:], moved[0])
    assert extractor.seen.any()
    gone = type(people)(people.boxes_xyxy + 300, people.scores, people.charts, (70, 70))
    extractor.add(np.zeros((70, 70, 3), np.uint8), gone[0])
    assert extractor.photos == 2


def test_apply() -> None:
    chart = square_of(2, (40, 40))
    photo = np.full((40, 40, 3), 100, np.uint8)
    photo[:, 20:] = 140  # a shadow on the left half
    full = AtlasTexture(np.full((6 * N, 4 * N, 3), (200, 100, 0), np.uint8), np.ones((6 * N, 4 * N), bool))
    people = as_people(chart)
    assert (apply_texture(full, photo, people) == (200, 100, 0)).all()
    assert (apply_texture(full, photo, people, opacity=0.5)[0, 0] == (150, 100, 50)).all()
    np.testing.assert_array_equal(apply_texture(full, photo, people, opacity=0), photo)
    shaded = apply_texture(full, photo, people, shading=True)
    assert shaded[20, 19, 0] < 200 < shaded[20, 20, 0] and (shaded[:, :, 2] == 0).all()
    unknown = AtlasTexture(full.rgb, np.zeros_like(full.known))
    np.testing.assert_array_equal(apply_texture(unknown, photo, people), photo)
    np.testing.assert_array_equal(apply_texture(full, photo, people[[]]), photo)
    with pytest.raises(InputError, match=r"rgb must be \(40, 40, 3\) uint8"):
        apply_texture(full, photo[1:], people)
    with pytest.raises(InputError, match="opacity must be from 0 to 1, but is 2"):
        apply_texture(full, photo, people, opacity=2)
