"""Photos named on a command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

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


def test_links_are_photos_under_their_own_names(tmp_path: Path) -> None:
    make(tmp_path, "p/a/1.jpg", "store/2.jpg")
    (tmp_path / "p" / "b").symlink_to("../store")
    (tmp_path / "p" / "a" / "same.jpg").symlink_to("1.jpg")
    assert relatives(tmp_path / "p") == ["a/1.jpg", "a/same.jpg", "b/2.jpg"]


def test_links_in_a_ring_end_with_a_word(tmp_path: Path) -> None:
    make(tmp_path, "a/1.jpg", "b/2.jpg")
    (tmp_path / "a" / "to_b").symlink_to(tmp_path / "b")
    (tmp_path / "b" / "to_a").symlink_to(tmp_path / "a")
    said: list[tuple[str, str]] = []
    found = relatives(tmp_path, left_out=lambda path, reason: said.append((path.relative_to(tmp_path).as_posix(), reason)))
    assert found == ["a/1.jpg", "a/to_b/2.jpg", "b/2.jpg", "b/to_a/1.jpg"]
    assert sorted(said) == [(f"{x}/to_{y}/to_{x}", "a link to a folder it lies in") for x, y in ("ab", "ba")]


def test_photos_that_no_decoder_knows_are_said(tmp_path: Path) -> None:
    make(tmp_path, "a.HEIC", "b.dng", ".c.heic", "d.jpg", "notes.txt", "skipped/e.heic")
    said: list[str] = []

    def say(path: Path, reason: str) -> None:
        assert reason == "no decoder for this format; convert it to JPEG or PNG"
        said.append(path.name)

    assert relatives(tmp_path, left_out=say, skip=lambda path: path.name == "skipped") == ["d.jpg"]
    assert sorted(said) == ["a.HEIC", "b.dng"]


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "tiff", "webp", "avif", "jpeg2000"])
def test_files_without_a_suffix_count_by_their_first_bytes(tmp_path: Path, kind: str) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "photo", kind)
    make(tmp_path, "LICENSE", "empty")
    (tmp_path / "README").write_text("not a picture, but some text")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert relatives(tmp_path) == ["photo"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the administrator may list every folder")
def test_a_closed_folder_is_named(tmp_path: Path) -> None:
    make(tmp_path, "closed/b.jpg")
    (tmp_path / "closed").chmod(0)
    with pytest.raises(UnreadableFileError, match="closed: the folder cannot be listed"):
        find_photos([tmp_path])
