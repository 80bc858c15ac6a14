"""Which photos are done, and what their files are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from vitruv.cli.predict_files import image_ids, make_folder, plan
from vitruv.errors import InputError, UnwritableFileError


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def stems(inputs: list[Path], output: Path) -> list[str]:
    return [job.stem.as_posix() for job in plan(inputs, output)]


def test_no_photos(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"no photos in {tmp_path}"):
        plan([tmp_path], tmp_path / "out")


def test_structure_is_kept(tmp_path: Path) -> None:
    make(tmp_path, "in/a.jpg", "in/beach/day.1/b.png")
    assert stems([tmp_path / "in"], tmp_path / "out") == ["a", "beach/day.1/b"]
    assert stems([tmp_path / "in" / "beach" / "day.1" / "b.png"], tmp_path / "out") == ["b"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.jpg", "a.png", "b.jpg"], ["a.jpg", "a.png", "b"]),
        (["a.jpg", "A.png"], ["A.png", "a.jpg"]),
        (["x/a.jpg", "y/a.jpg"], ["x/a", "y/a"]),
        (["a.jpg", "a.jpg.png", "a.png"], ["a.jpg", "a.jpg-2", "a.png"]),
    ],
)
def test_equal_stems_keep_their_suffix(tmp_path: Path, names: list[str], expected: list[str]) -> None:
    make(tmp_path / "in", *names)
    assert sorted(stems([tmp_path / "in"], tmp_path / "out")) == sorted(expected)


def test_folders_named_together(tmp_path: Path) -> None:
    make(tmp_path, "x/a.jpg", "y/a.jpg", "z/a.jpg")
    assert stems([tmp_path / "x", tmp_path / "y", tmp_path / "z" / "a.jpg"], tmp_path / "out") == ["a.jpg", "a.jpg-2", "a.jpg-3"]


def test_a_photo_named_twice_is_done_once(tmp_path: Path) -> None:
    make(tmp_path, "x/a.jpg")
    assert stems([tmp_path / "x" / "a.jpg", tmp_path / "x"], tmp_path / "out") == ["a"]


def test_the_output_folder_is_not_searched(tmp_path: Path) -> None:
    make(tmp_path, "in/a.jpg", "in/out/a_overlay.png", "in/out/other.png")
    assert stems([tmp_path / "in"], tmp_path / "in" / "out") == ["a"]


def test_pictures_of_an_earlier_run_are_not_done(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "a_overlay.png", "a_iuv.png", "a_labels.png", "b_overlay.png", "sub/c.png", "sub/c_iuv.png")
    assert stems([tmp_path], tmp_path) == ["a", "b_overlay", "sub/c"]
    # Only in the output folder; elsewhere a name says nothing.
    assert "a_overlay" in stems([tmp_path], tmp_path / "out")


def test_missing_photos_are_planned(tmp_path: Path) -> None:
    """They fail when they are read, so that the others are done."""
    assert stems([tmp_path / "gone.jpg"], tmp_path / "out") == ["gone"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["000000000785.jpg"], [785]),
        (["000000000785.jpg", "COCO_val2014_000000000139.jpg"], [785, 139]),
        (["000000000785.jpg", "cat.jpg"], [1, 2]),
        (["000000000785.jpg", "x/000000000785.jpg"], [1, 2]),
        (["0785.jpg"], [1]),
    ],
)
def test_ids(tmp_path: Path, names: list[str], expected: list[int]) -> None:
    jobs = plan([tmp_path / name for name in names], tmp_path / "out")
    assert image_ids(jobs) == expected


def test_folders_that_cannot_be_made(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    make(tmp_path, "file")
    with pytest.raises(UnwritableFileError, match="file: there is a file of this name, so no folder can be made"):
        make_folder(tmp_path / "file")
    with pytest.raises(UnwritableFileError, match="the folder cannot be made"):
        make_folder(tmp_path / "file" / "below")
