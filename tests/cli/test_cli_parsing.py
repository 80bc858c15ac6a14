"""Options of commands: lists that end where they should, short names, and help as a person would write it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
import tyro

from vitruv.cli.parsing import parse


@dataclass(frozen=True)
class Loop:
    hours: float = 3.0
    """Length of the run."""


@dataclass(frozen=True)
class Options:
    """Do things to photos.

    Example: vitruv try a.jpg --output out
    Example: vitruv try b.jpg --output out

    What is written is told here, in a paragraph
    of two lines.
    """

    photos: tyro.conf.Positional[tuple[Path, ...]]
    """Photos."""
    output: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for what is written."""
    save: tuple[Literal["iuv", "overlay", "npz"], ...] = ("iuv", "npz")
    """What to write."""
    ids: tuple[str, ...] = ()
    """Only these."""
    noise: tuple[float, ...] = (0.5, 2.0)
    """Numbers."""
    runs: tuple[Path, ...] = ()
    """Folders."""
    threshold: float | None = None
    """Leave out what is lower, at a line
    break like this one."""
    mode: Literal["a", "b"] | None = None
    """How."""
    fast: bool = False
    """Hurry."""
    sound: bool = True
    """Keep the sound."""
    loop: Loop = field(default_factory=Loop)


def options(*arguments: str) -> Options:
    return parse(Options, "vitruv try", arguments, flat=True)


def test_no_photos() -> None:
    empty = options("-o", "out")
    assert empty == Options((), Path("out"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--save", "overlay,iuv", "a.jpg", "b.jpg", "--output", "out"],
        ["--save", "overlay", "iuv", "a.jpg", "b.jpg", "-o", "out"],
        ["a.jpg", "b.jpg", "-o", "out", "--save", "overlay", "iuv"],
        ["--save", "overlay, iuv", "-o", "out", "a.jpg", "b.jpg"],
    ],
)
def test_lists_end_where_photos_begin(arguments: list[str]) -> None:
    found = options(*arguments)
    assert found.save == ("overlay", "iuv") and found.photos == (Path("a.jpg"), Path("b.jpg"))


def test_lists_of_other_things() -> None:
    found = options("--ids", "7,8", "a.jpg", "--noise", "1,2.5", "-o", "out", "--runs", "A", "B")
    assert found.ids == ("7", "8") and found.photos == (Path("a.jpg"),)
    assert found.noise == (1.0, 2.5) and found.runs == (Path("A"), Path("B"))


def test_flags_and_none() -> None:
    found = options("-o", "out", "--fast", "--no-sound", "--threshold", "0.25", "--mode", "b", "--hours", "1")
    assert (found.fast, found.sound, found.threshold, found.mode, found.loop.hours) == (True, False, 0.25, "b", 1.0)


def test_wrong_words_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        options("a.jpg", "-o", "out", "--save", "png")
    assert "'png' is none of iuv, overlay, npz" in capsys.readouterr().err


def test_help_reads_well(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit, match="0"):
        options("--help")
    text = capsys.readouterr().out
    assert "None" not in text and "default: )" not in text and "False" not in text and "''" not in text
    for part in (
        "-o DIR, --output DIR",
        "--save {iuv,overlay,npz}[,...]",
        "(default: iuv,npz)",
        "(default: 0.5,2.0)",
        "--threshold NUMBER",
        "--mode {a,b}",
        "Leave out what is lower, at a line break like this one.",
        "Keep the sound. (default: yes)",
        "in a paragraph of two lines.",
        "Example: vitruv try a.jpg --output out\n",
    ):
        assert part in text, part
