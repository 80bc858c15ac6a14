"""A clip in, files out: every frame in every file, and a run that was stopped ends as one that was not."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from made_clips import people_clip, sound_packets, write_clip
from toy_model import write_toy_model
from vitruv.clips import ClipResult, ClipSettings, Workplace, convert_clip
from vitruv.errors import InputError
from vitruv.formats import decode_iuv, decode_uv_data, read_label_png, read_npz
from vitruv.media.video import VideoReader
from vitruv.runtime import Predictor, load

EVERYTHING = ("overlay", "iuv", "labels", "npz", "json", "jsonl")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_model(tmp_path_factory.mktemp("models") / "toy")


@pytest.fixture(scope="module")
def predictor(model: Path) -> Predictor:
    return load(model)


def convert(
    clip: Path, output: Path, predictor: Predictor, *, resume: bool = False, stop_at: int | None = None, **options: object
) -> ClipResult | None:
    """stop_at: give up after so many frames, as an interrupted program does."""
    settings = ClipSettings(**{"save": EVERYTHING, "segment_frames": 7, "lossless": "mkv", **options})  # type: ignore[arg-type]
    with VideoReader(clip, max_size=settings.max_size) as reader:
        workplace = Workplace.of(output, clip.stem, reader.info, settings, source=clip, model="toy")
        steps = convert_clip(reader, predictor, workplace, settings, source=clip, resume=resume)
        for step in steps:
            if isinstance(step, ClipResult):
                return step
            if step.frames == stop_at:
                steps.close()
                return None
    return None


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def frames_of(path: Path) -> list[np.ndarray]:  # type: ignore[type-arg]
    with VideoReader(path) as clip:
        return [frame.rgb for frame in clip.frames()]


def test_every_frame_is_in_every_file_as_the_predictor_maps_it(tmp_path: Path, predictor: Predictor) -> None:
    clip = people_clip(tmp_path / "walk.mkv", 10)
    result = convert(clip, tmp_path / "out", predictor, detect_every=1)
    assert result == ClipResult(frames=10, people=20, problem=None, resumed=0)
    out = tmp_path / "out"
    assert sorted(p.name for p in out.iterdir()) == [
        "walk_clip.json", "walk_frames.jsonl", "walk_images.json", "walk_iuv.mkv", "walk_labels.mkv", "walk_npz",
        "walk_overlay.mp4", "walk_results.json",
    ]  # fmt: skip
    iuv, labels = frames_of(out / "walk_iuv.mkv"), frames_of(out / "walk_labels.mkv")
    results = json.loads((out / "walk_results.json").read_text())
    images = json.loads((out / "walk_images.json").read_text())["images"]
    lines = [json.loads(line) for line in (out / "walk_frames.jsonl").read_text().splitlines()]
    assert len(frames_of(out / "walk_overlay.mp4")) == len(iuv) == len(labels) == len(images) == len(lines) == 10
    for i, rgb in enumerate(frames_of(clip)):
        people = predictor(rgb)
        canvas = people.canvas()[0]
        assert np.array_equal(labels[i][:, :, 0], canvas.labels)
        decoded = decode_iuv(iuv[i], channel_order="iuv")
        assert np.array_equal(decoded.labels, canvas.labels) and np.abs(decoded.uv - canvas.uv).max() < 1 / 255
        saved = read_npz(out / "walk_npz" / f"{i:06d}.npz")
        assert np.array_equal(saved.charts[1].uv, people.charts[1].uv)
        mine = [r for r in results if r["image_id"] == i]
        assert [r["track_id"] for r in mine] == [1, 2]
        codes = decode_uv_data(mine[0]["uv_data"], mine[0]["uv_shape"])
        assert np.array_equal(codes[0], people.charts[0].labels)
        assert images[i] == {"id": i, "vid_id": "walk", "frame_id": i, "time_s": i / 25, "width": 160, "height": 120}
        assert lines[i]["people"][0]["charts"]["2"]["pixels"] == np.count_nonzero(people.charts[0].labels == 2)


def test_frames_without_people_are_frames(tmp_path: Path, predictor: Predictor) -> None:
    clip = write_clip(tmp_path / "empty.mkv", [np.zeros((48, 64, 3), np.uint8)] * 5)
    assert convert(clip, tmp_path / "out", predictor) == ClipResult(frames=5, people=0, problem=None, resumed=0)
    assert [f.max() for f in frames_of(tmp_path / "out" / "empty_labels.mkv")] == [0] * 5
    assert json.loads((tmp_path / "out" / "empty_results.json").read_text()) == []


def test_numbered_pictures_instead_of_lossless_video(tmp_path: Path, predictor: Predictor) -> None:
    clip = people_clip(tmp_path / "walk.mkv", 9)
    convert(clip, tmp_path / "out", predictor, save=("iuv", "labels"), lossless="png", every=4, detect_every=1)
    out = tmp_path / "out"
    assert sorted(contents(out)) == [
        "walk_clip.json",
        *(f"walk_iuv/{i:06d}.png" for i in (0, 4, 8)),
        *(f"walk_labels/{i:06d}.png" for i in (0, 4, 8)),
    ]
    assert np.array_equal(read_label_png(out / "walk_labels" / "000004.png"), predictor(frames_of(clip)[4]).canvas()[0].labels)


def test_sound_and_length_are_those_of_the_clip(tmp_path: Path, predictor: Predictor) -> None:
    clip = people_clip(tmp_path / "walk.mkv", 50, sound="aac")
    convert(clip, tmp_path / "out", predictor, save=("overlay",))
    assert [d for _, d in sound_packets(tmp_path / "out" / "walk_overlay.mp4")] == [d for _, d in sound_packets(clip)]
    with VideoReader(tmp_path / "out" / "walk_overlay.mp4") as overlay:
        assert overlay.info.duration_s == 2.0 and overlay.info.frames == 50
    convert(clip, tmp_path / "mute", predictor, save=("overlay",), sound=False)
    assert sound_packets(tmp_path / "mute" / "walk_overlay.mp4") == []


def test_a_stretch_begins_at_zero(tmp_path: Path, predictor: Predictor) -> None:
    clip = people_clip(tmp_path / "walk.mkv", 50, sound="aac")
    convert(clip, tmp_path / "out", predictor, save=("overlay", "jsonl"), start_s=1.0, end_s=1.4)
    with VideoReader(tmp_path / "out" / "walk_overlay.mp4") as overlay:
        assert len(list(overlay.frames())) == 10 and overlay.info.duration_s == pytest.approx(0.4, abs=0.002)
    times = [t for t, _ in sound_packets(tmp_path / "out" / "walk_overlay.mp4")]
    assert -0.03 < times[0] < 0.03 and 0.35 < times[-1] < 0.42
    lines = (tmp_path / "out" / "walk_frames.jsonl").read_text().splitlines()
    assert [json.loads(line)["frame"] for line in lines] == list(range(25, 35))


def test_a_run_stopped_anywhere_ends_as_one_that_was_not(tmp_path: Path, predictor: Predictor) -> None:
    clip = people_clip(tmp_path / "walk.mkv", 24, sound="aac")
    convert(clip, tmp_path / "whole", predictor)
    expected = contents(tmp_path / "whole")
    for stop_at in (1, 6, 7, 8, 15, 21, 23, 24):
        output = tmp_path / f"stopped_{stop_at}"
        assert convert(clip, output, predictor, stop_at=stop_at) is None
        assert not any(p.name.startswith("walk_overlay") or p.name == "walk_clip.json" for p in output.iterdir())
        result = convert(clip, output, predictor, resume=True)
        # The writer may be as many frames behind what was reported as wait in its queue.
        assert result is not None and result.frames == 24
        assert result.resumed == 24 or (result.resumed % 7 == 0 and stop_at - 7 - 9 < result.resumed <= stop_at)
        assert contents(output) == expected


def test_a_run_stopped_more_than_once_goes_on_each_time(tmp_path: Path, predictor: Predictor) -> None:
    clip = people_clip(tmp_path / "walk.mkv", 24)
    convert(clip, tmp_path / "whole", predictor)
    for stop_at in (9, 16, 23):
        convert(clip, tmp_path / "out", predictor, resume=stop_at > 9, stop_at=stop_at)
    convert(clip, tmp_path / "out", predictor, resume=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_finished_clip_is_left_as_it_is(tmp_path: Path, predictor: Predictor) -> None:
    clip = people_clip(tmp_path / "walk.mkv", 9)
    first = convert(clip, tmp_path / "out", predictor)
    before = (tmp_path / "out" / "walk_overlay.mp4").stat().st_mtime_ns
    again = convert(clip, tmp_path / "out", predictor, resume=True)
    assert first is not None and again == ClipResult(first.frames, first.people, None, resumed=9)
    assert (tmp_path / "out" / "walk_overlay.mp4").stat().st_mtime_ns == before


def test_an_unfinished_run_is_neither_thrown_away_nor_mixed_up(tmp_path: Path, predictor: Predictor) -> None:
    clip = people_clip(tmp_path / "walk.mkv", 20)
    convert(clip, tmp_path / "out", predictor, stop_at=16)
    with pytest.raises(InputError, match=r"\.walk\.segments: an unfinished run is here; --resume goes on with it"):
        convert(clip, tmp_path / "out", predictor)
    with pytest.raises(InputError, match="the unfinished run was begun with another detect_every; use the same again"):
        convert(clip, tmp_path / "out", predictor, resume=True, detect_every=3)


def test_sound_the_overlay_cannot_hold_is_refused_before_anything_is_written(tmp_path: Path, predictor: Predictor) -> None:
    clip = people_clip(tmp_path / "walk.avi", 9, sound="adpcm_ms")
    with pytest.raises(InputError, match=r"its sound \(adpcm_ms\) cannot be kept in mp4"):
        convert(clip, tmp_path / "out", predictor)
    assert not (tmp_path / "out").exists()
    assert convert(clip, tmp_path / "out", predictor, save=("labels",)) is not None


def test_a_stretch_without_frames_is_refused(tmp_path: Path, predictor: Predictor) -> None:
    clip = people_clip(tmp_path / "walk.mkv", 9)
    with pytest.raises(InputError, match="no frame between --start and --end"):
        convert(clip, tmp_path / "out", predictor, start_s=50.0)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"save": ()}, "save needs at least one of"),
        ({"start_s": -1.0}, "start must be 0 seconds or more, but is -1"),
        ({"start_s": 2.0, "end_s": 2.0}, "end must come after start"),
        ({"every": 0}, "every must be at least 1, but is 0"),
        ({"max_size": 0}, "max_size must be at least 1 pixel"),
        ({"threshold": 2.0}, "threshold must be from 0 to 1, but is 2"),
    ],
)
def test_settings_that_cannot_be_used(options: dict[str, object], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        ClipSettings(**options)  # type: ignore[arg-type]


@pytest.mark.slow
def test_killed_ten_times_at_random_and_resumed(tmp_path: Path, model: Path) -> None:
    clip = people_clip(tmp_path / "walk.mkv", 400, size_hw=(240, 320), sound="aac")

    def command(output: Path, *more: str) -> list[str]:
        options = ["--model", str(model), "--save", *EVERYTHING, "--segment-frames", "20"]
        return [sys.executable, "-m", "vitruv", "video", str(clip), "--output", str(output), *options, *more]

    subprocess.run(command(tmp_path / "whole"), check=True)
    expected = contents(tmp_path / "whole")
    chance = random.Random(0)
    kills = 0
    output = tmp_path / "killed"
    while kills < 10:
        begun = (output / ".walk.segments").exists()
        process = subprocess.Popen(command(output, *(["--resume"] if begun else [])))
        time.sleep(chance.uniform(1.5, 4.0))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        elif process.returncode == 0:
            assert contents(output) == expected
            output = tmp_path / f"killed_{kills}"  # done; the remaining kills go to another run
        process.wait()
    subprocess.run(command(output, *(["--resume"] if (output / ".walk.segments").exists() else [])), check=True)
    assert contents(output) == expected
