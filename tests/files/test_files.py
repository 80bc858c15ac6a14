"""Whole files or none, the cache folder, and archives of arrays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vitruv.errors import FormatError, MissingFileError, UnreadableFileError, UnwritableFileError
from vitruv.files import cache_folder, made_from, read_arrays, replacing, replacing_path, write_arrays


def test_a_block_that_raises_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text("old")
    with (
        pytest.raises(UnwritableFileError, match=r"file\.json: cannot be written: no space left on device"),
        replacing(path) as stream,
    ):
        stream.write(b"ne")
        raise OSError(28, "No space left on device")
    with pytest.raises(ZeroDivisionError), replacing_path(path) as temporary:
        temporary.write_text("ne")
        raise ZeroDivisionError
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["file.json"]


def test_a_block_that_ends_replaces_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    for content in ("one", "two"):
        with replacing_path(path) as temporary:
            temporary.write_text(content)
            assert temporary.parent == tmp_path
    assert path.read_text() == "two" and [p.name for p in tmp_path.iterdir()] == ["file.json"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(UnwritableFileError, match=r"gone/a: cannot be written: no such file or directory"),
        replacing(tmp_path / "gone" / "a"),
    ):
        pass


def test_errors_of_other_files_pass_through(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a"):
        (tmp_path / "other").read_bytes()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are set as on Unix")
def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    # A limit on the size of files answers as a full disk does, and needs no rights to set.
    program = """
import resource, signal, sys
import numpy as np
from vitruv.errors import UnwritableFileError
from vitruv.files import write_arrays
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    write_arrays(sys.argv[1], {"x": np.random.default_rng(0).random(100_000)})
except UnwritableFileError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.npz")], capture_output=True, text=True, check=True)
    assert "a.npz: cannot be written: file too large" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("VITRUV_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "vitruv"
    monkeypatch.setenv("VITRUV_CACHE", "/x/y")
    assert cache_folder() == Path("/x/y")


def test_archives(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.npz"
    write_arrays(path, {})
    assert read_arrays(path) == {}
    write_arrays(path, {"x": np.arange(3)})
    first = path.read_bytes()
    write_arrays(path, {"x": np.arange(3)})
    assert path.read_bytes() == first
    assert read_arrays(path)["x"].tolist() == [0, 1, 2]
    assert [p.name for p in path.parent.iterdir()] == ["a.npz"]
    (tmp_path / "file").write_text("")
    with pytest.raises(UnwritableFileError, match="cannot be written"):
        write_arrays(tmp_path / "file" / "a.npz", {})


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_arrays(tmp_path / "gone.npz")
    (tmp_path / "text.npz").write_text("text")
    with pytest.raises(UnreadableFileError, match=r"text\.npz: not a NumPy archive, or a damaged one"):
        read_arrays(tmp_path / "text.npz")
    np.save(tmp_path / "single.npy", np.zeros(3))
    with pytest.raises(FormatError, match=r"single\.npy: a single array, expected an archive"):
        read_arrays(tmp_path / "single.npy")
    write_arrays(tmp_path / "a.npz", {"x": np.arange(3)})
    assert made_from(tmp_path / "a.npz", lambda arrays: arrays["x"].sum(), "is no list") == 3
    with pytest.raises(FormatError, match=r"a\.npz: is no list \('y'\)"):
        made_from(tmp_path / "a.npz", lambda arrays: arrays["y"], "is no list")
