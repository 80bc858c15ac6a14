"""Photos named on a command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vitruv.errors import InputError, UnreadableFileError
from vitruv.media import find_photos


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def relatives(folder: Path, **options: object) -> list[str]:
    return [photo.relative.as_posix() for photo in find_photos([folder], **options)]  # type: ignore[arg-type]


def test_no_inputs() -> None:
    with pytest.raises(InputError, match="name at least one photo or folder"):
        find_photos([])


def test_empty_folder(tmp_path: Path) -> None:
    assert find_photos([tmp_path]) == []


def test_folders_are_walked_and_sorted(tmp_path: Path) -> None:
    make(tmp_path, "b.png", "a/z.JPG", "a/b/c.webp", "a.jpg", "notes.txt", ".hidden.jpg", ".cache/x.jpg", "a/clip.mp4")
    assert relatives(tmp_path) == ["a/b/c.webp", "a/z.JPG", "a.jpg", "b.png"]


def test_files_are_taken_as_named_and_once(tmp_path: Path) -> None:
    make(tmp_path, "b.dat", "a.jpg", ".hidden.jpg")
    named = [tmp_path / "b.dat", tmp_path / ".hidden.jpg", tmp_path / "gone.jpg", tmp_path, tmp_path / "." / "b.dat"]
    assert [photo.path.name for photo in find_photos(named)] == ["b.dat", ".hidden.jpg", "gone.jpg", "a.jpg"]
    assert [photo.relative.name for photo in find_photos(named)] == ["b.dat", ".hidden.jpg", "gone.jpg", "a.jpg"]


def test_skip(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "out/b.jpg", "c/out/d.jpg")
    assert relatives(tmp_path, skip=lambda path: path == tmp_path / "out") == ["a.jpg", "c/out/d.jpg"]


def test_a_link_to_a_folder_above_ends(tmp_path: Path) -> None:
    make(tmp_path, "a/b.jpg")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert relatives(tmp_path) == ["a/b.jpg"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the administrator may list every folder")
def test_a_closed_folder_is_named(tmp_path: Path) -> None:
    make(tmp_path, "closed/b.jpg")
    (tmp_path / "closed").chmod(0)
    with pytest.raises(UnreadableFileError, match="closed: the folder cannot be listed"):
        find_photos([tmp_path])
