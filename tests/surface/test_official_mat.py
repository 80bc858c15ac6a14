"""MATLAB 5 files against SciPy's writer."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from vitruv.errors import FormatError, MissingFileError, UnreadableFileError
from vitruv.surface.official_mat import read_mat


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "f4", "f8", "i8"])
def test_arrays_come_back(tmp_path: Path, packed: bool, dtype: str) -> None:
    content = {"a": np.arange(6).reshape(2, 3).astype(dtype), "one": np.array([[3]], dtype), "empty": np.zeros((0, 2), dtype)}
    scipy.io.savemat(tmp_path / "x.mat", {**content, "text": "no numbers"}, do_compression=packed)
    found = read_mat(tmp_path / "x.mat")
    assert set(found) == set(content)
    for name, values in content.items():
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.fixtures
def test_the_genuine_surface_file(shared_dir: Path) -> None:
    path = shared_dir / "fixtures" / "UV_Processed.mat"
    found = read_mat(path)
    theirs = scipy.io.loadmat(path)
    for name in ("All_Faces", "All_FaceIndices", "All_vertices", "All_U_norm", "All_V_norm"):
        np.testing.assert_array_equal(found[name], theirs[name])


def element(kind: int, content: bytes) -> bytes:
    return kind.to_bytes(4, "little") + len(content).to_bytes(4, "little") + content + b"\0" * (-len(content) % 8)


def matrix(dimensions: tuple[int, ...], values: bytes) -> bytes:
    shape = b"".join(n.to_bytes(4, "little", signed=True) for n in dimensions)
    return element(14, element(6, (6).to_bytes(8, "little")) + element(5, shape) + element(1, b"a") + element(9, values))


HEADER = b" " * 124 + b"\0\x01IM"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a MATLAB 5 file"),
        (b" " * 200, "not a MATLAB 5 file"),
        (HEADER + matrix((1, 2), b"\0" * 8), "not as many values"),
        (HEADER + matrix((-1, -1), b"\0" * 8), "not as many values"),
        (HEADER + matrix((1 << 30, 1 << 30), b"\0" * 8), "not as many values"),
        (HEADER + matrix((1, 1), b"\0" * 8)[:-12], "cut off"),
        (HEADER + element(15, b"no zlib stream"), "damaged"),
        (HEADER + element(15, zlib.compress(b"\0" * (1 << 29))), "more than 256 MB"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.mat").write_bytes(content)
    with pytest.raises(FormatError, match=message):
        read_mat(tmp_path / "x.mat")


def test_missing_and_unreadable(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_mat(tmp_path / "none.mat")
    with pytest.raises(UnreadableFileError):
        read_mat(tmp_path)
