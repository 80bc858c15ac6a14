"""Which photos are done, and what their files are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitruv.cli.predict_files import ENDINGS, Job, image_ids, make_folder, photos_to_do, plan
from vitruv.errors import InputError, UnwritableFileError
from vitruv.formats import write_png


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def jobs_of(inputs: list[Path], output: Path, known: dict[str, dict[str, object]] | None = None) -> list[Job]:
    return plan(photos_to_do(inputs, output, left_out=lambda path, reason: None), output, known)


def stems(inputs: list[Path], output: Path, known: dict[str, dict[str, object]] | None = None) -> list[str]:
    return [job.stem.as_posix() for job in jobs_of(inputs, output, known)]


def test_no_photos(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"no photos in {tmp_path}"):
        jobs_of([tmp_path], tmp_path / "out")


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


def test_pictures_that_vitruv_wrote_are_not_done(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "mine_overlay.png", "sub/c.png")
    for name in ("a_overlay.png", "a_iuv.png", "gone_labels.png", "out/sub/c_results.png", "out/a_annotations.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_png(tmp_path / name, np.zeros((4, 4), np.uint8))
    write_png(tmp_path / "drawn.png", np.zeros((4, 4), np.uint8))  # a picture of another name is what somebody made of it
    said: list[tuple[str, str]] = []
    for output in (tmp_path, tmp_path / "elsewhere"):
        found = photos_to_do([tmp_path], output, left_out=lambda path, reason: said.append((path.name, reason)))
        assert [photo.relative.as_posix() for photo in found] == ["a.jpg", "drawn.png", "mine_overlay.png", "sub/c.png"]
    assert sorted(set(said)) == [
        (name, "written by Vitruv")
        for name in ("a_annotations.png", "a_iuv.png", "a_overlay.png", "c_results.png", "gone_labels.png")
    ]
    assert stems([tmp_path / "a_overlay.png"], tmp_path / "out") == ["a_overlay"]  # a file that is named is done


def entry(image_id: int, name: str, stem: str, photo: str) -> dict[str, object]:
    return {"id": image_id, "file_name": name, "stem": stem, "photo": photo, "width": 4, "height": 4}


def test_photos_of_earlier_runs_keep_their_stems_and_ids(tmp_path: Path) -> None:
    make(tmp_path, "in/a.jpg", "in/b.jpg", "in/a.png")
    known = {"../in/b.jpg": entry(1, "b.jpg", "b", "../in/b.jpg"), "../other/a.tif": entry(3, "a.tif", "a", "../other/a.tif")}
    jobs = jobs_of([tmp_path / "in"], tmp_path / "out", known)
    assert [(job.key, job.stem.as_posix()) for job in jobs] == [
        ("../in/a.jpg", "a.jpg"), ("../in/a.png", "a.png"), ("../in/b.jpg", "b"),
    ]  # fmt: skip
    assert image_ids(jobs, known) == [4, 2, 1]
    assert stems([tmp_path / "in" / "a.jpg"], tmp_path / "out", known) == ["a.jpg"]


def test_another_photo_of_the_same_name_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "in/a.jpg")
    known = {"../other/a.jpg": entry(1, "a.jpg", "a", "../other/a.jpg")}
    with pytest.raises(
        InputError, match=r"out has results of another a\.jpg \(.*other/a\.jpg\); choose another folder for --output"
    ):
        jobs_of([tmp_path / "in"], tmp_path / "out", known)


def test_an_id_of_another_photo_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "in/a.jpg", "in/b.jpg")
    jobs = jobs_of([tmp_path / "in"], tmp_path / "out")
    with pytest.raises(InputError, match=r"image id 7 stands for .*b\.jpg and for .*a\.jpg; it can be of one only"):
        image_ids(jobs, {}, [7, 7])
    with pytest.raises(InputError, match=r"image id 7 stands for .*a\.jpg and for \.\./c\.jpg; it can be of one only"):
        image_ids(jobs, {"../c.jpg": entry(7, "c.jpg", "c", "../c.jpg")}, [7, 8])
    assert image_ids(jobs, {"../in/a.jpg": entry(7, "a.jpg", "a", "../in/a.jpg")}, [8, 7]) == [8, 7]


def test_names_too_long_for_their_files_are_cut(tmp_path: Path) -> None:
    names = ["2" + "照" * 83 + ".jpg", "2" + "照" * 83 + ".png", "short.jpg"]
    make(tmp_path / "in", *names)
    found = stems([tmp_path / "in"], tmp_path / "out")
    assert len(set(found)) == 3
    assert found[2] == "short"
    for stem in found:
        for ending in ENDINGS.values():
            assert len(f"{stem}{ending}".encode()) <= 255
    assert all(stem.startswith("2" + "照" * 70) and stem[-9] == "~" for stem in found[:2])


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
    jobs = jobs_of([tmp_path / name for name in names], tmp_path / "out")
    assert image_ids(jobs) == expected


def test_folders_that_cannot_be_made(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    make(tmp_path, "file")
    with pytest.raises(UnwritableFileError, match="file: there is a file of this name, so no folder can be made"):
        make_folder(tmp_path / "file")
    with pytest.raises(UnwritableFileError, match="the folder cannot be made"):
        make_folder(tmp_path / "file" / "below")
