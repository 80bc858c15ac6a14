"""Photos come out upright as far as their orientation can be read, whatever else is wrong with their metadata."""

from __future__ import annotations

import io
import random
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from vitruv.media import as_rgb, read_image
from vitruv.media.orientation import orientation_of

SHORT, LONG, TEXT, RATIONAL = 3, 4, 2, 5

Entry = tuple[int, int, int, bytes]


def exif(*entries: Entry, order: str = "<") -> bytes:
    """An EXIF block of one directory; values of more than four bytes are found behind it, at offset 8 + 2 + 12 n + 4."""
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
    rows = b"".join(struct.pack(order + "HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    return b"Exif\0\0" + start + rows + struct.pack(order + "I", 0) + struct.pack(order + "ii", -1, 0)


def turned(value: int, order: str = "<") -> Entry:
    return 0x0112, SHORT, 1, struct.pack(order + "HH", value, 0)


def photo(suffix: str = "jpeg", **options: object) -> io.BytesIO:
    """40 x 30, the left half bright."""
    image = Image.new("RGB", (40, 30))
    image.paste((255, 255, 255), (0, 0, 20, 30))
    stream = io.BytesIO()
    image.save(stream, suffix, **options)
    return stream


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpeg", "png", "webp", "tiff"])
def test_every_orientation_is_pillows(value: int, suffix: str) -> None:
    tags = Image.Exif()
    tags[0x0112] = value
    with Image.open(photo(suffix, exif=tags)) as image:
        np.testing.assert_array_equal(as_rgb(image), np.asarray(ImageOps.exif_transpose(image)))


BROKEN = [
    (0x0132, RATIONAL, 1, struct.pack("<I", 38)),  # a date typed as a rational number
    (0x010F, RATIONAL, 1, struct.pack("<I", 38)),
    (0x010F, LONG, 1, struct.pack("<I", 7)),
    (0x8769, LONG, 1, struct.pack("<I", 0xFFFFFFFF)),  # a directory outside the block
    (0x011A, TEXT, 4, b"abc\0"),  # resolution as text
    (0x011A, RATIONAL, 1, struct.pack("<I", 0xFFFFFF)),  # a value outside the block: Pillow stops there
    (0x9286, 99, 5, struct.pack("<I", 3)),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda entry: f"{entry[0]:#x}-{entry[1]}")
@pytest.mark.parametrize("first", [True, False])
def test_another_broken_tag_does_not_matter(tmp_path: Path, broken: Entry, first: bool) -> None:
    entries = (turned(6), broken) if first else (broken, turned(6))
    (tmp_path / "a.jpg").write_bytes(photo(exif=exif(*entries)).getvalue())
    rgb = read_image(tmp_path / "a.jpg")
    assert rgb.shape == (40, 30, 3)
    assert rgb[:15].min() > 200
    assert rgb[25:].max() < 50


@pytest.mark.parametrize(
    "entry", [(0x0112, RATIONAL, 1, struct.pack("<I", 38)), (0x0112, TEXT, 2, b"6\0\0\0"), turned(0), turned(9), turned(65535)]
)
def test_an_orientation_that_says_nothing_leaves_the_picture_as_it_is(entry: Entry) -> None:
    with warnings.catch_warnings(action="ignore"), Image.open(photo(exif=exif(entry))) as image:
        assert orientation_of(image) == 1
        assert as_rgb(image).shape == (30, 40, 3)


@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_is_found_where_pillow_gives_up(order: str) -> None:
    class Unreadable(Image.Image):
        def getexif(self) -> Image.Exif:
            raise AttributeError("'IFDRational' object has no attribute 'decode'")

    image = Unreadable()
    assert orientation_of(image) == 1
    for block, expected in [
        (exif(turned(8, order), order=order), 8),
        (exif((0x0100, LONG, 1, bytes(4)), turned(3, order), order=order), 3),
        (exif(order=order), 1),
        (b"Exif\0\0II", 1),
        (b"", 1),
    ]:
        image.info["exif"] = block
        assert orientation_of(image) == expected


def test_damaged_metadata_never_costs_the_picture() -> None:
    rng = random.Random(1)
    whole = exif(turned(6), *BROKEN[:3])
    for _ in range(300):
        block = bytearray(whole)
        for _ in range(rng.choice((1, 2, 8))):
            block[rng.randrange(6, len(block))] = rng.randrange(256)
        with warnings.catch_warnings(action="ignore"), Image.open(photo(exif=bytes(block))) as image:
            assert as_rgb(image).shape in ((30, 40, 3), (40, 30, 3))
