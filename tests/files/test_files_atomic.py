"""Files are whole under their names, or not there; what killed processes leave is found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vitruv.errors import UnwritableFileError
from vitruv.files import remove_abandoned, replacing


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with replacing(tmp_path / "a") as stream:
        stream.write(b"new")
        assert (tmp_path / "a").read_bytes() == b"old"
    assert (tmp_path / "a").read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_an_error_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(error), replacing(tmp_path / "a") as stream:
        stream.write(b"half")
        raise error
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    name = "照" * 85
    with replacing(tmp_path / name) as stream:
        stream.write(b"x")
    assert names(tmp_path) == [name]
    with pytest.raises(UnwritableFileError, match="cannot be written: file name too long"), replacing(tmp_path / (name + "x")):
        pass
    assert names(tmp_path) == [name]


def test_folders_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnwritableFileError, match=r"gone/a: cannot be written: no such file or folder|directory"):  # noqa: SIM117
        with replacing(tmp_path / "gone" / "a"):
            pass
    assert remove_abandoned(tmp_path / "gone") == 0


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    program = (
        "import sys; from vitruv.files import replacing\n"
        f"with replacing({str(tmp_path / 'a')!r}) as stream:\n"
        "    stream.write(b'half'); stream.flush(); print('ready', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        (tmp_path / ".vitruv-notes.txt").touch()
        (part,) = tmp_path.glob("*.part")
        assert remove_abandoned(tmp_path) == 0
        assert part.exists()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert remove_abandoned(tmp_path) == 1
    assert names(tmp_path) == [".vitruv-notes.txt"]


def test_a_file_being_written_here_is_not_abandoned(tmp_path: Path) -> None:
    with replacing(tmp_path / "a") as stream:
        stream.write(b"x")
        assert remove_abandoned(tmp_path) == 0
    assert names(tmp_path) == ["a"]
