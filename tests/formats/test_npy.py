from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitruv.errors import FormatError, MissingFileError, UnreadableFileError
from vitruv.formats.npy import map_npy


def test_an_array_of_nothing_is_one_and_an_empty_file_is_none(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((0, 3)))
    assert map_npy(tmp_path / "a.npy").shape == (0, 3)
    (tmp_path / "b.npy").write_bytes(b"")
    with pytest.raises(FormatError, match=r"b\.npy: not a readable NumPy array"):
        map_npy(tmp_path / "b.npy")


def test_what_is_mapped_is_what_was_saved(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.save(tmp_path / "a.npy", values)
    found = map_npy(tmp_path / "a.npy")
    np.testing.assert_array_equal(found, values)
    with pytest.raises(ValueError, match="read-only"):
        found[0, 0] = 1


def test_other_things_are_refused_with_their_name(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"none\.npy: no such file"):
        map_npy(tmp_path / "none.npy")
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        map_npy(tmp_path)
    np.savez(tmp_path / "many.npz", a=np.ones(3))
    with pytest.raises(FormatError, match="an archive of arrays, expected a single one"):
        map_npy(tmp_path / "many.npz")
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(FormatError, match="not a readable NumPy array"):
        map_npy(tmp_path / "objects.npy")


def test_damaged_headers_are_refused(tmp_path: Path) -> None:
    """Whatever NumPy and Python's parser make of them."""
    np.save(tmp_path / "a.npy", np.arange(12.0))
    whole = (tmp_path / "a.npy").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[int(rng.integers(128))] = int(rng.integers(256))
        (tmp_path / "b.npy").write_bytes(damaged)
        try:
            map_npy(tmp_path / "b.npy")
        except FormatError as error:
            assert str(error).count("\n") == 0
