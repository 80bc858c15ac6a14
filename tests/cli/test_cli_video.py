"""`vitruv video`: what it says, and what it exits with."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from made_clips import bars, people_clip, write_clip
from toy_model import write_toy_model
from vitruv.cli import main
from vitruv.cli.video_names import stems_of
from vitruv.clips.preview import PreviewServer
from vitruv.errors import InputError


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_toy_model(tmp_path_factory.mktemp("models") / "toy"))


def run(*arguments: object) -> int:
    return main(["video", *map(str, arguments)])


def test_one_bad_clip_does_not_cost_the_others(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    good = people_clip(tmp_path / "good.mkv", 6)
    bad = tmp_path / "bad.mp4"
    bad.write_text("no clip at all, but text that goes on for a while\n" * 40)
    missing = tmp_path / "missing.mp4"
    assert run(bad, good, missing, "--output", tmp_path / "out", "--model", model, "--save", "labels") == 1
    told = capsys.readouterr()
    assert told.out.startswith(f"{good}: 6 frames, 12 people in them -> {tmp_path / 'out' / 'good_*'} (")
    assert told.err.splitlines() == [
        f"vitruv video: {bad}: not a video in a known format, or cut off before its table of contents",
        f"vitruv video: {missing}: no such file or folder",
    ]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["good_clip.json", "good_labels.mkv"]


def test_of_a_cut_clip_what_is_there_is_done_and_it_is_said(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 9, (48, 64, 3), dtype=np.uint8) for _ in range(50)]
    clip = write_clip(tmp_path / "cut.mkv", noise, codec="ffv1", pixels="bgr0")
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    assert run(clip, "--output", tmp_path / "out", "--model", model, "--save", "labels") == 1
    told = capsys.readouterr()
    assert re.match(rf"{re.escape(str(clip))}: 2\d frames, ", told.out)
    assert told.err.startswith(f"vitruv video: {clip}: cut off: it ends after ") and told.err.count("\n") == 1
    assert run(clip, "--output", tmp_path / "out", "--model", model, "--save", "labels", "--resume") == 1


@pytest.mark.parametrize("size_hw", [(1, 1), (2, 3), (1, 200)])
def test_tiny_clips_are_clips(tmp_path: Path, model: str, size_hw: tuple[int, int]) -> None:
    clip = write_clip(tmp_path / "tiny.mkv", [np.zeros((*size_hw, 3), np.uint8)] * 3, codec="ffv1", pixels="bgr0")
    assert run(clip, "--output", tmp_path / "out", "--model", model) == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "name at least one clip, or --camera"),
        (("a.mp4", "--camera", "0"), "give either clips or --camera"),
        (("--camera", "93"), "camera 93: there is no such camera (/dev/video93)"),
        (("--camera", "93", "--resume"), "--resume is for files; a camera or a stream cannot be read again"),
        (("a.mp4", "--every", "0"), "every must be at least 1, but is 0"),
        (("a.mp4", "--preview", "99999"), "--preview must be a port from 0 to 65535, but is 99999"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], line: str
) -> None:
    assert run(*arguments, "--output", tmp_path / "out", "--model", model) == 1
    assert capsys.readouterr().err == f"vitruv video: {line}\n"
    assert not (tmp_path / "out").exists()


def test_output_that_is_a_file(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / "a.mkv", bars(2))
    assert run(clip, "--output", clip, "--model", model) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_each_clip_has_names_of_its_own() -> None:
    assert stems_of(["a.mp4", "b.mp4"]) == ["a", "b"]
    assert stems_of(["a.mp4", "A.mkv"]) == ["a.mp4", "A.mkv"]
    assert stems_of(["x/a.mp4", "y/a.mp4"]) == ["a.mp4", "a.mp4-2"]
    assert stems_of(["rtsp://me:secret@host:80/live", "https://host/c/a.mp4?key=1"]) == ["live", "a"]


def test_the_preview_shows_the_last_picture_to_this_machine_only() -> None:
    with PreviewServer(0) as server:
        server.show(np.full((16, 16, 3), 200, np.uint8))
        with urllib.request.urlopen(server.address + "/live", timeout=10) as answer:
            assert answer.headers["Content-Type"].startswith("multipart/x-mixed-replace")
            assert b"\xff\xd8" in answer.read(200)
        with urllib.request.urlopen(server.address, timeout=10) as answer:
            assert b"/live" in answer.read()
        request = urllib.request.Request(server.address + "/live", headers={"Host": "elsewhere.example:80"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request, timeout=10)
        with pytest.raises(InputError, match="the port cannot be opened"):
            PreviewServer(int(server.address.rpartition(":")[2]))


def test_predict_points_from_clips_to_this_verb(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / "a.mkv", bars(2))
    assert main(["predict", str(clip), "--output", str(tmp_path / "out"), "--model", model]) == 1
    assert "a.mkv: this is a clip, not a picture; `vitruv video` reads it" in capsys.readouterr().err
