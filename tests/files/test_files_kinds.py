"""Files that are not what was expected are told by their first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv.errors import FormatError
from vitruv.files import looks_like
from vitruv.formats import read_pickle, read_results


def picture(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, kind)
    return stream.getvalue()


def array() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros(3))
    return stream.getvalue()


HEADER = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
OTHERS = {
    "a web page": b"<!DOCTYPE html>\n<html><body>404</body></html>",
    "an XML file": b"\n <?xml version='1.0'?><Error>AccessDenied</Error>",
    "a pointer of Git LFS (run `git lfs pull`)": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "a gzip file (unpack it first)": gzip.compress(pickle.dumps([1])),
    "a bzip2 file (unpack it first)": bz2.compress(b"x"),
    "an xz file (unpack it first)": lzma.compress(b"x"),
    "a JPEG picture": picture("jpeg"),
    "a PNG picture": picture("png"),
    "a WebP picture": picture("webp"),
    "a safetensors file": struct.pack("<Q", len(HEADER)) + HEADER + bytes(4),
    "an array of NumPy (.npy)": array(),
    "JSON": b'{"images": []}',
    "a file of zeros": bytes(100),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_others_are_named(tmp_path: Path, kind: str) -> None:
    assert looks_like(OTHERS[kind][:256]) == kind
    (tmp_path / "m.pkl").write_bytes(OTHERS[kind])
    with pytest.raises(FormatError) as caught:
        read_pickle(tmp_path / "m.pkl")
    assert str(caught.value) == f"{tmp_path / 'm.pkl'}: this looks like {kind}; expected a pickle or a file of torch.save"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [[], {}, [1, 2.5, "a", None, True], {"a": (1, {2})}, "<html>", b"\x1f\x8b", -1, 0, "", 1e9])
def test_pickles_of_every_protocol_are_taken_for_nothing_else(tmp_path: Path, protocol: int, value: object) -> None:
    data = pickle.dumps(value, protocol)
    assert looks_like(data[:256]) is None
    (tmp_path / "m.pkl").write_bytes(data)
    assert read_pickle(tmp_path / "m.pkl") == value


@pytest.mark.parametrize("text", ["Not a pickle.\n", "hello", "import torch\n", "0\n1\n", "a,b\n1,2\n"])
def test_text_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.pkl").write_text(text)
    with pytest.raises(FormatError, match=r"m\.pkl: this looks like text; expected a pickle or a file of torch\.save"):
        read_pickle(tmp_path / "m.pkl")


def test_results_say_what_they_could_be(tmp_path: Path) -> None:
    (tmp_path / "a95.jpg").write_bytes(picture("jpeg"))
    with pytest.raises(FormatError, match="this looks like a JPEG picture; expected results or annotations as JSON, or"):
        read_results(tmp_path / "a95.jpg")


def test_noise_is_no_pickle(tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(b"\xfe\xfe\x01\x02" * 9)
    with pytest.raises(FormatError, match="not a readable pickle: byte 0 is 0xfe, which is no instruction; expected a pickle"):
        read_pickle(tmp_path / "m.pkl")
