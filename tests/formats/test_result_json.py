"""Results as JSON: codes, PNGs, and the writer."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vitruv.errors import FormatError, InputError, UnwritableFileError
from vitruv.formats import ResultWriter, decode_uv_data, dequantize, encode_uv_data, quantize
from vitruv.formats.result_json import MAX_PIXELS
from vitruv.results import ChartMap, DensePoses

CODES = arrays(np.uint8, st.tuples(st.just(3), st.integers(1, 9), st.integers(1, 9))).map(
    lambda codes: np.stack([codes[0] % 25, codes[1] * (codes[0] % 25 > 0), codes[2] * (codes[0] % 25 > 0)])
)


def two_people() -> DensePoses:
    first = ChartMap(np.full((3, 5), 2, np.uint8), np.full((2, 3, 5), 0.5, np.float32))
    second = ChartMap.empty((7, 1))
    boxes = np.array([[10.7, 20.2, 15.9, 23.9], [-3.5, 0, -2.4, 7.5]], np.float32)
    return DensePoses(boxes, np.array([0.9, 0.1], np.float32), (first, second), (100, 100))


@given(codes=CODES)
def test_png_gives_back_every_code(codes: np.ndarray) -> None:
    text = encode_uv_data(codes)
    assert "\n" not in text
    np.testing.assert_array_equal(decode_uv_data(text, list(codes.shape)), codes)
    np.testing.assert_array_equal(quantize(dequantize(codes)), codes)


def test_line_breaks_in_base64_are_accepted() -> None:
    codes = np.zeros((3, 40, 30), np.uint8)
    codes[0] = np.arange(30) % 25
    broken = base64.encodebytes(base64.b64decode(encode_uv_data(codes))).decode()
    assert broken.count("\n") > 1
    np.testing.assert_array_equal(decode_uv_data(broken, [3, 40, 30]), codes)


def test_codes_are_truncated_and_clipped() -> None:
    uv = np.array([[[0.999, 1.5, -0.5, np.nan]], [[0.5, 1.0, 0.0, 0.5]]], np.float32)
    codes = quantize(ChartMap(np.array([[1, 24, 3, 4]], np.uint8), uv))
    assert codes.tolist() == [[[1, 24, 3, 4]], [[254, 255, 0, 0]], [[127, 255, 0, 127]]]


def test_background_has_no_coordinates() -> None:
    chart = ChartMap(np.array([[0, 1]], np.uint8), np.full((2, 1, 2), 0.8, np.float32))
    assert quantize(chart)[:, 0, 0].tolist() == [0, 0, 0]


def png(width: int, height: int, *, depth: int = 8, colour: int = 2, data: bytes = b"") -> str:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([depth, colour, 0, 0, 0])
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


@pytest.mark.parametrize(
    ("uv_data", "uv_shape", "message"),
    [
        ("", [3, 2, 2], "does not hold a PNG"),
        ("???", [3, 2, 2], "is not base64"),
        ("ü", [3, 2, 2], "is not base64"),
        ("AAAA", [3, 2, 2], "does not hold a PNG"),
        (png(2, 2), [3, 2, 3], "the PNG is 2x2 (h x w), but uv_shape says 2x3"),
        (png(60000, 60000), [3, 60000, 60000], f"larger than {MAX_PIXELS} pixels"),
        (png(60000, 60000), [3, 2, 2], "the PNG is 60000x60000"),
        (png(2, 2, colour=0), [3, 2, 2], "must be 8-bit RGB"),
        (png(2, 2, depth=16), [3, 2, 2], "must be 8-bit RGB"),
        (png(2, 2), [3, 2, 2], "the PNG is damaged"),
        (png(1, 1, data=b"\0\x19\0\0"), [3, 1, 1], "chart 25 in the first channel"),
        (png(2, 2), [2, 2, 2], "uv_shape must be [3, h, w]"),
        (png(2, 2), [3, 0, 2], "uv_shape must be [3, h, w]"),
        (png(2, 2), [3, 2.0, 2], "uv_shape must be [3, h, w]"),
        (png(2, 2), None, "uv_shape must be [3, h, w]"),
    ],
)
def test_bad_data_is_refused_with_its_place(uv_data: str, uv_shape: object, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_uv_data(uv_data, uv_shape, path="r.json", where="result 7")
    assert str(caught.value).startswith("r.json: result 7: ")
    assert message in str(caught.value)


def test_nobody_is_an_empty_list(tmp_path: Path) -> None:
    with ResultWriter(tmp_path / "r.json") as writer:
        writer.add(1, DensePoses.empty((4, 4)))
    assert json.loads((tmp_path / "r.json").read_text()) == []


def test_writer_keeps_what_was_found(tmp_path: Path) -> None:
    poses = two_people()
    with ResultWriter(tmp_path / "r.json") as writer:
        writer.add(785, poses)
        writer.add("cat.jpg", poses, category_id=3)
    records = json.loads((tmp_path / "r.json").read_text())
    assert [(r["image_id"], r["category_id"]) for r in records] == [(785, 1), (785, 1), ("cat.jpg", 3), ("cat.jpg", 3)]
    assert records[0]["score"] == 0.9
    assert records[0]["bbox"] == [10.7, 20.2, 5, 3]
    assert records[1]["bbox"] == [-3.5, 0.0, 1, 7]
    np.testing.assert_array_equal(decode_uv_data(records[0]["uv_data"], records[0]["uv_shape"]), quantize(poses.charts[0]))


def test_nothing_is_left_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), ResultWriter(tmp_path / "r.json") as writer:
        writer.add(1, two_people())
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_an_old_file_stays_when_the_block_fails(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("old")
    with pytest.raises(InputError, match="result 0 cannot be written as JSON"), ResultWriter(tmp_path / "r.json") as writer:
        writer.add_record({"score": float("nan")})
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(UnwritableFileError, match=r"none/r\.json: cannot be written: no such file"),
        ResultWriter(tmp_path / "none/r.json"),
    ):
        pass


def test_outside_its_block_the_writer_refuses(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="inside its `with` block"):
        ResultWriter(tmp_path / "r.json").add_record({})
