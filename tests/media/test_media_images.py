"""Every kind of picture comes out upright, RGB, 8 bits; everything else is refused in one sentence."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv.errors import InputError, MissingFileError, UnreadableFileError
from vitruv.media import MAX_PIXELS, as_rgb, read_image

RED, GREEN = (200, 30, 20), (20, 180, 40)


def two_halves(mode: str = "RGB") -> Image.Image:
    """20 x 10: left half red, right half green."""
    image = Image.new("RGB", (20, 10), GREEN)
    image.paste(RED, (0, 0, 10, 10))
    return image.convert(mode)


def near(pixel: np.ndarray, colour: tuple[int, int, int], tolerance: int = 0) -> bool:
    return bool((abs(pixel.astype(int) - colour) <= tolerance).all())


@pytest.mark.parametrize(
    ("name", "mode", "options", "tolerance"),
    [
        ("a.png", "RGB", {}, 0),
        ("a.jpg", "RGB", {"quality": 95, "subsampling": 0}, 6),
        ("a.jpg", "CMYK", {"quality": 95}, 12),
        ("a.tif", "CMYK", {}, 1),
        ("a.png", "P", {}, 40),
        ("a.gif", "P", {}, 40),
        ("a.png", "RGBA", {}, 0),
        ("a.webp", "RGBA", {"lossless": True}, 0),
        ("a.tif", "YCbCr", {}, 3),
        ("a.bmp", "RGB", {}, 0),
    ],
)
def test_modes(tmp_path: Path, name: str, mode: str, options: dict[str, object], tolerance: int) -> None:
    image = two_halves("RGB").quantize(8) if mode == "P" else two_halves(mode)
    image.save(tmp_path / name, **options)
    rgb = read_image(tmp_path / name)
    assert rgb.shape == (10, 20, 3)
    assert rgb.dtype == np.uint8
    assert near(rgb[5, 2], RED, tolerance)
    assert near(rgb[5, 17], GREEN, tolerance)


def test_grey_and_bilevel(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 100, 255]], np.uint8)).save(tmp_path / "grey.png")
    assert read_image(tmp_path / "grey.png")[0].tolist() == [[0] * 3, [100] * 3, [255] * 3]
    Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1").save(tmp_path / "bilevel.png")
    assert read_image(tmp_path / "bilevel.png")[0].tolist() == [[0] * 3, [255] * 3]


def test_16_bit_is_scaled_not_clipped(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 32768, 65535]], np.uint16)).save(tmp_path / "deep.png")
    assert read_image(tmp_path / "deep.png")[0, :, 0].tolist() == [0, 128, 255]
    Image.fromarray(np.array([[0, 32768, 65535]], np.uint16)).save(tmp_path / "deep.tif")
    assert read_image(tmp_path / "deep.tif")[0, :, 0].tolist() == [0, 128, 255]


def test_16_bit_colour(tmp_path: Path) -> None:
    (tmp_path / "deep.png").write_bytes(png_header(1, 1, depth=16, colour=2) + png_end(bytes([0, 200, 1, 30, 2, 20, 3])))
    assert read_image(tmp_path / "deep.png")[0, 0].tolist() == list(RED)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize(
    ("brightest", "full"),
    [(1, 255), (255, 255), (256, 1023), (4000, 4095), (16000, 16383), (16384, 65535), (65535, 65535)],
)
def test_the_full_scale_of_16_bit_grey_is_that_of_its_brightest_value(
    tmp_path: Path, suffix: str, brightest: int, full: int
) -> None:
    path = tmp_path / f"deep.{suffix}"
    Image.fromarray(np.array([[0, brightest // 2, brightest]], np.uint16)).save(path)
    assert read_image(path)[0, :, 0].tolist() == [0, round(brightest // 2 * 255 / full), round(brightest * 255 / full)]


def test_int32_grey_is_not_black(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 100, 255]], np.int32)).save(tmp_path / "int32.tif")
    assert read_image(tmp_path / "int32.tif")[0, :, 0].tolist() == [0, 100, 255]
    Image.fromarray(np.array([[0, 70000]], np.int32)).save(tmp_path / "int32.tif")
    with pytest.raises(UnreadableFileError, match="grey values from 0 to 70000 have no known range; save the picture with 8 or 16"):
        read_image(tmp_path / "int32.tif")


@pytest.mark.parametrize("opaque", [False, True])
def test_12_of_16_bits_of_colour_are_scaled(tmp_path: Path, opaque: bool) -> None:
    values = np.random.default_rng(0).integers(0, 4096, (5, 7, 3))
    values[0, 0] = 0, 2048, 4095
    stored = np.concatenate([values, np.full((5, 7, 1), 65535)], axis=2) if opaque else values
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in stored)
    (tmp_path / "deep.png").write_bytes(png_header(7, 5, depth=16, colour=6 if opaque else 2) + png_end(rows))
    np.testing.assert_array_equal(read_image(tmp_path / "deep.png"), np.round(values * (255 / 4095)))


@pytest.mark.parametrize(
    ("values", "expected"), [([0.0, 0.5, 1.0], [0, 128, 255]), ([0.0, 128.0, 255.0], [0, 128, 255]), ([0.0, 0.0, 0.0], [0, 0, 0])]
)
def test_float_grey(tmp_path: Path, values: list[float], expected: list[int]) -> None:
    Image.fromarray(np.array([values], np.float32)).save(tmp_path / "float.tif")
    assert read_image(tmp_path / "float.tif")[0, :, 0].tolist() == expected


def test_float_grey_of_unknown_range_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.array([[-3.0, 1e6]], np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(UnreadableFileError, match=r"grey values from -3 to 1e\+06 have no known range"):
        read_image(tmp_path / "float.tif")


def test_transparency_is_laid_over_white(tmp_path: Path) -> None:
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 3] = 0, 128, 255
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    assert read_image(tmp_path / "clear.png")[0, :, 0].tolist() == [255, 127, 0]
    grey_alpha = Image.fromarray(np.array([[[0, 0], [0, 255]]], np.uint8), mode=None)
    grey_alpha.save(tmp_path / "grey_alpha.png")
    assert read_image(tmp_path / "grey_alpha.png")[0, :, 0].tolist() == [255, 0]


def test_transparent_palette(tmp_path: Path) -> None:
    image = two_halves().quantize(8)
    image.save(tmp_path / "palette.png", transparency=image.getpixel((2, 5)))
    rgb = read_image(tmp_path / "palette.png")
    assert rgb[5, 2].tolist() == [255, 255, 255]
    assert near(rgb[5, 17], GREEN, 40)


# EXIF orientation -> where the left half of the stored picture is seen.
ORIENTATIONS = {1: "left", 2: "right", 3: "right", 4: "left", 5: "top", 6: "top", 7: "bottom", 8: "bottom"}


@pytest.mark.parametrize(("orientation", "side"), ORIENTATIONS.items())
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_exif_orientation(tmp_path: Path, orientation: int, side: str, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    two_halves().save(tmp_path / f"a{suffix}", exif=exif)
    rgb = read_image(tmp_path / f"a{suffix}")
    upright = side in ("left", "right")
    assert rgb.shape == ((10, 20, 3) if upright else (20, 10, 3))
    middle = rgb.shape[0] // 2, rgb.shape[1] // 2
    y, x = {"left": (middle[0], 1), "right": (middle[0], -2), "top": (1, middle[1]), "bottom": (-2, middle[1])}[side]
    assert near(rgb[y, x], RED, 30)


def test_damaged_exif_leaves_the_picture(tmp_path: Path) -> None:
    two_halves().save(tmp_path / "a.jpg", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff" + bytes(20))
    assert read_image(tmp_path / "a.jpg").shape == (10, 20, 3)


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".tif"])
def test_first_frame_of_an_animation(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in (RED, GREEN)]
    frames[0].save(
        tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:], **({"lossless": True} if suffix == ".webp" else {})
    )
    assert near(read_image(tmp_path / f"a{suffix}")[5, 5], RED, 2)


@pytest.mark.parametrize("size", [(1, 1), (20000, 20), (20, 20000), (1, 3000)])
def test_odd_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("RGB", size, RED).save(tmp_path / "a.png")
    rgb = read_image(tmp_path / "a.png")
    assert rgb.shape == (size[1], size[0], 3)
    assert near(rgb[-1, -1], RED)


@pytest.mark.slow
def test_100_megapixels(tmp_path: Path) -> None:
    Image.new("RGB", (10000, 10000), RED).save(tmp_path / "a.png", compress_level=1)
    assert read_image(tmp_path / "a.png").shape == (10000, 10000, 3)


@pytest.mark.parametrize("side", [12300, 40000, 2**31 - 1])
def test_too_many_pixels_are_refused_before_decoding(tmp_path: Path, side: int) -> None:
    assert side**2 > MAX_PIXELS
    (tmp_path / "bomb.png").write_bytes(png_header(side, side) + png_end(b""))
    with pytest.raises(UnreadableFileError, match=r"bomb\.png: the picture has .*more than 150 million"):
        read_image(tmp_path / "bomb.png")


def write_empty(path: Path) -> None:
    path.write_bytes(b"")


def write_text(path: Path) -> None:
    path.write_text("This is not a picture.\n")


def write_cut_jpeg(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path, "jpeg")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def write_cut_png(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path, "png")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def write_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (write_empty, "the file is empty"),
        (write_text, "not an image in a known format"),
        (write_cut_jpeg, r"the picture is damaged or cut off \(image file is truncated"),
        (write_cut_png, r"the picture is damaged or cut off \(image file is truncated"),
        (write_folder, "this is a folder, not a picture"),
    ],
)
def test_unusable_files_are_named_with_the_reason(tmp_path: Path, write: object, reason: str) -> None:
    path = tmp_path / "photo.jpg"
    write(path)  # type: ignore[operator]
    with pytest.raises(UnreadableFileError, match=rf"photo\.jpg: {reason}") as caught:
        read_image(path)
    assert caught.value.path == path
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"nobody\.jpg: no such file or folder"):
        read_image(tmp_path / "nobody.jpg")


def test_as_rgb_takes_paths_pictures_and_arrays(tmp_path: Path) -> None:
    two_halves().save(tmp_path / "a.png")
    expected = np.asarray(two_halves())
    for image in (tmp_path / "a.png", str(tmp_path / "a.png"), two_halves(), expected):
        np.testing.assert_array_equal(as_rgb(image), expected)
    assert near(as_rgb(two_halves("RGBA"))[5, 2], RED)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (None, "image must be a path, a PIL image or an RGB array, but got NoneType"),
        ([1, 2], "but got list"),
        (np.zeros((4, 4), np.uint8), r"must be an RGB array of shape \(h, w, 3\) and dtype uint8, but got \(4, 4\) uint8"),
        (np.zeros((4, 4, 4), np.uint8), r"but got \(4, 4, 4\) uint8"),
        (np.zeros((4, 4, 3), np.float32), r"but got \(4, 4, 3\) float32"),
        (np.zeros((0, 4, 3), np.uint8), r"at least one pixel, but got shape \(0, 4, 3\)"),
    ],
)
def test_as_rgb_refuses(image: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_rgb(image)


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_header(width: int, height: int, depth: int = 8, colour: int = 0) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def png_end(rows: bytes) -> bytes:
    return png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
