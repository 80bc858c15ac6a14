"""PNG files as other programs read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv.errors import InputError
from vitruv.formats import is_written_here, people_codes, quantize, write_png
from vitruv.formats.png import png_pieces
from vitruv.results import ChartMap, DensePoses
from vitruv.types import UInt8Array


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (7, 5), (5, 7, 3), (1, 4000, 3), (4000, 1), (700, 2500, 3)])
@pytest.mark.parametrize("level", [1, 4, 9])
def test_pixels_come_back(tmp_path: Path, shape: tuple[int, ...], level: int) -> None:
    smooth = np.indices(shape[:2]).sum(axis=0) // 3
    noise = np.random.default_rng(0).integers(0, 256, shape)
    for values in (noise, np.broadcast_to(smooth.reshape(*shape[:2], *(1,) * (len(shape) - 2)), shape), np.zeros(shape)):
        pixels = values.astype(np.uint8)
        (tmp_path / "a.png").write_bytes(b"".join(png_pieces(pixels, level=level)))
        with Image.open(tmp_path / "a.png") as image:
            assert image.mode == ("L" if len(shape) == 2 else "RGB")
            image.verify()  # the sums of every chunk
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), pixels)


def test_rows_that_do_not_lie_together_are_written(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    for part in (pixels[::2], pixels[:, ::3], pixels[::-1, :, ::-1], pixels[..., 1]):
        write_png(tmp_path / "a.png", part)
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), part)


@pytest.mark.parametrize("pixels", [np.zeros((2, 2, 4), np.uint8), np.zeros((2, 2), np.uint16), np.zeros((0, 2), np.uint8)])
def test_other_arrays_are_refused(tmp_path: Path, pixels: UInt8Array) -> None:
    with pytest.raises(InputError, match=r"a picture must be \(h, w\) or \(h, w, 3\) uint8 with pixels, but is"):
        write_png(tmp_path / "a.png", pixels)
    assert not list(tmp_path.iterdir())


def test_pictures_say_who_wrote_them(tmp_path: Path) -> None:
    write_png(tmp_path / "ours.png", np.zeros((3, 4), np.uint8))
    Image.new("L", (4, 3)).save(tmp_path / "theirs.png")
    (tmp_path / "short.png").write_bytes(b"\x89PNG")
    found = {name: is_written_here(tmp_path / f"{name}.png") for name in ("ours", "theirs", "short", "gone")}
    assert found == {"ours": True, "theirs": False, "short": False, "gone": False}
    with Image.open(tmp_path / "ours.png") as image:
        assert image.info["Software"] == "Vitruv"


@pytest.mark.parametrize("count", [0, 1, 4])
def test_codes_of_people_are_those_of_their_canvas(count: int) -> None:
    rng = np.random.default_rng(count)
    starts = rng.uniform(-20, 60, (count, 2))
    boxes = np.concatenate([starts, starts + rng.uniform(5, 60, (count, 2))], axis=1).astype(np.float32).reshape(-1, 4)
    people = DensePoses.empty((50, 70))
    if count:
        charts = []
        for x1, y1, x2, y2 in boxes:
            h, w = int(np.float32(y2 - y1)), int(np.float32(x2 - x1))
            labels = rng.integers(0, 25, (h, w)).astype(np.uint8)
            charts.append(ChartMap(labels, np.where(labels > 0, rng.random((2, h, w)), 0).astype(np.float32)))
        people = DensePoses(boxes, np.full(count, 0.5, np.float32), charts, (50, 70))
    np.testing.assert_array_equal(people_codes(people), quantize(people.canvas()[0]))
