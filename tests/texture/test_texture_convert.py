"""Files of textures, and conversion between the 24 tiles and one-picture layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv.errors import FormatError, InputError, MissingFileError, UnreadableFileError
from vitruv.surface import Atlas
from vitruv.texture import AtlasTexture, Layout, from_body_texture, read_texture, to_body_texture, write_texture


def smooth_skin(size: int = 256) -> np.ndarray:
    y, x = np.indices((size, size)) / size
    return np.dstack([60 + 150 * x, 40 + 180 * y, 128 + 100 * np.sin(9 * x) * np.sin(7 * y)]).astype(np.uint8)


def test_files_keep_colours_and_what_is_known(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    texture = AtlasTexture(rng.integers(0, 256, (60, 40, 3), dtype=np.uint8), rng.random((60, 40)) < 0.5)
    write_texture(tmp_path / "a.png", texture)
    again = read_texture(tmp_path / "a.png")
    np.testing.assert_array_equal(again.known, texture.known)
    np.testing.assert_array_equal(again.rgb, texture.rgb * texture.known[:, :, None])


def test_without_alpha_pure_black_is_unknown(tmp_path: Path) -> None:
    rgb = np.zeros((60, 40, 3), np.uint8)
    rgb[5, 5] = 1
    Image.fromarray(rgb).save(tmp_path / "a.png")
    assert np.argwhere(read_texture(tmp_path / "a.png").known).tolist() == [[5, 5]]


@pytest.mark.fixtures
def test_the_original_s_atlas(shared_dir: Path) -> None:
    texture = read_texture(shared_dir / "fixtures" / "texture_atlas_200.png")
    assert texture.resolution == 200 and 0.4 < texture.known.mean() < 0.9


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((512, 512), "has 24 square tiles, 4 across and 6 down, such as 800x1200, but this is 512x512 "),
        ((1200, 800), "this is 1200x800; it may be an atlas lying on its side"),
        ((6, 9), "this is 6x9"),
    ],
)
def test_pictures_of_another_layout(tmp_path: Path, size: tuple[int, int], message: str) -> None:
    Image.new("RGB", size).save(tmp_path / "a.png")
    with pytest.raises(FormatError, match=message):
        read_texture(tmp_path / "a.png")


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_texture(tmp_path / "gone.png")
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(UnreadableFileError, match="not an image in a known format"):
        read_texture(tmp_path / "a.png")
    Image.new("RGB", (80, 120), "red").save(tmp_path / "b.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes()[:60])
    with pytest.raises(UnreadableFileError, match="damaged"):
        read_texture(tmp_path / "b.png")


def test_to_the_tiles_and_back() -> None:
    """A smooth skin survives: the layouts name the same points of the body."""
    layout, skin = Layout.of_body(), smooth_skin()
    atlas_texture = from_body_texture(skin, layout, resolution=128)
    back, known = to_body_texture(atlas_texture, layout, size=256)
    assert 0.4 < known.mean() < 0.9
    off = np.abs(back.astype(int) - skin)[known]
    assert off.mean() < 2 and np.percentile(off, 99) < 16


def test_what_the_skin_does_not_know_stays_unknown() -> None:
    known = np.zeros((256, 256), bool)
    known[:, :128] = True
    half = from_body_texture(smooth_skin(), Layout.of_body(), resolution=40, known=known)
    whole = from_body_texture(smooth_skin(), Layout.of_body(), resolution=40)
    assert 0.2 * whole.known.sum() < half.known.sum() < 0.8 * whole.known.sum()
    np.testing.assert_array_equal(half.rgb[half.known & whole.known].shape, half.rgb[half.known].shape)


def test_colours_run_out_over_the_borders() -> None:
    texture = from_body_texture(smooth_skin(), Layout.of_body(), resolution=64)
    rgb, known = to_body_texture(texture, Layout.of_body(), size=128)
    beside = np.roll(known, 2, 0) & ~known
    assert beside.any() and rgb[beside].any(axis=1).all()


def write_obj(path: Path, layout: Layout) -> Path:
    lines = [f"v {x} {y} {z}" for x, y, z in layout.vertices]
    lines += [f"vt {u} {v}" for u, v in layout.face_uv.reshape(-1, 2)]
    lines += [
        f"f {a + 1}/{3 * i + 1}/7 {b + 1}/{3 * i + 2}/7 {c - len(layout.vertices)}/{3 * i + 3}"
        for i, (a, b, c) in enumerate(layout.faces)
    ]
    path.write_text("# a body\ng all\n" + "\n".join(lines) + "\n")
    return path


def test_a_layout_from_obj_is_the_same(tmp_path: Path) -> None:
    body = Layout.of_body()
    turned = Layout(body.vertices, body.faces[::-1, [1, 2, 0]].copy(), body.face_uv[::-1, [1, 2, 0]].copy())
    read = Layout.of_obj(write_obj(tmp_path / "body.obj", turned))
    np.testing.assert_array_equal(read.faces, turned.faces)
    np.testing.assert_allclose(read.face_uv, turned.face_uv, atol=1e-6)
    texture = from_body_texture(smooth_skin(), body, resolution=32)
    own, _ = to_body_texture(texture, body, size=64)
    other, _ = to_body_texture(texture, read, size=64)
    off = np.abs(own.astype(int) - other)  # points on edges may fall to another face of the same place
    assert np.percentile(off, 99) <= 1


def test_quads_are_cut_and_numbers_count_from_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 1\nf 1/1 2/2 -2/1 4/-1\n")
    layout = Layout.of_obj(tmp_path / "a.obj")
    assert layout.faces.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert layout.face_uv.tolist() == [[[0, 0], [1, 1], [0, 0]], [[0, 0], [0, 0], [1, 1]]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no faces with texture coordinates"),
        ("v 0 0 0\nf 1 1 1\n", "line 2 cannot be read as a line of an OBJ file with texture coordinates"),
        ("v 0 0 x\n", "line 1 cannot be read"),
        ("v 0 0 0\nvt 0 0\nf 1/1 2/1 1/1\n", "line 3 cannot be read"),
    ],
)
def test_obj_files_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.obj").write_text(text)
    with pytest.raises(FormatError, match=message):
        Layout.of_obj(tmp_path / "a.obj")


def test_a_layout_of_another_body() -> None:
    body = Layout.of_body()
    other = Layout(body.vertices, np.roll(body.faces, 1, axis=0)[:, ::-1] // 2, body.face_uv)
    with pytest.raises(InputError, match="the layout is of another body than the atlas"):
        to_body_texture(AtlasTexture(np.zeros((12, 8, 3), np.uint8), np.zeros((12, 8), bool)), other)
    with pytest.raises(InputError, match="size must be from 2 to 8192 pixels, but is 0"):
        to_body_texture(AtlasTexture(np.zeros((12, 8, 3), np.uint8), np.zeros((12, 8), bool)), body, size=0)


@pytest.mark.fixtures
def test_smpl_s_layout_where_the_user_has_its_files(shared_dir: Path, tmp_path: Path) -> None:
    """Stand-in for the OBJ of SMPL, which may not be shipped: its own faces, with coordinates in one of 24 tiles each."""
    from vitruv.surface.official import read_official

    path = shared_dir / "fixtures" / "UV_Processed.mat"
    chart_faces, chart_vertex, chart_uv, chart_of_face = read_official(path)
    count = int(chart_vertex.max()) + 1
    rng = np.random.default_rng(0)
    vertices = rng.normal(size=(count, 3)).astype(np.float32)
    tile = chart_of_face.astype(int) - 1
    corner = np.stack([tile // 6, 5 - tile % 6], axis=1)[:, None] + 0.02 + 0.96 * chart_uv[chart_faces]
    own = Layout(vertices, chart_vertex[chart_faces], (corner / [4, 6]).astype(np.float32))
    layout = Layout.of_obj(write_obj(tmp_path / "smpl.obj", own))
    atlas = Atlas.from_official(path, layout.vertices)
    skin = smooth_skin(600)
    tiles = from_body_texture(skin, layout, resolution=100, atlas=atlas)
    back, known = to_body_texture(tiles, layout, size=600, atlas=atlas)
    assert known.mean() > 0.4
    assert np.abs(back.astype(int) - skin)[known].mean() < 2
