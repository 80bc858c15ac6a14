"""Pictures damaged at random: each is read, or refused with one sentence that names the file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv.errors import UnreadableFileError
from vitruv.media import read_image

SAVED_AS = {
    "JPEG": {},
    "PNG": {},
    "GIF": {},
    "WEBP": {},
    "TIFF": {},
    "BMP": {},
    "PPM": {},
    "JPEG2000": {},
    "TGA": {"compression": "tga_rle"},
}


@pytest.mark.parametrize("form", SAVED_AS)
def test_damaged_files(tmp_path: Path, form: str) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (31, 47, 3), np.uint8)
    pixels[8:20] = 77
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form, **SAVED_AS[form])
    whole = np.frombuffer(stream.getvalue(), np.uint8)
    path = tmp_path / "photo.jpg"
    refused = 0
    for round_number in range(120):
        damaged = whole.copy()
        if round_number % 3 == 0:
            damaged = damaged[: rng.integers(len(damaged))]
        else:
            reach = 100 if round_number % 3 == 1 else len(damaged)  # headers deserve more than their share
            damaged[rng.integers(0, min(reach, len(damaged)), rng.integers(1, 20))] = rng.integers(0, 256)
        path.write_bytes(damaged.tobytes())
        try:
            rgb = read_image(path)
        except UnreadableFileError as error:
            assert str(error).startswith(f"{path}: ")
            assert "\n" not in str(error)
            refused += 1
        else:
            assert rgb.ndim == 3
            assert rgb.dtype == np.uint8
    assert refused >= 20
