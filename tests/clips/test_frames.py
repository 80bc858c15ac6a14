"""`vitruv.video`: frames with their people, in a loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import vitruv
from made_clips import people_clip
from toy_model import write_toy_model
from vitruv.errors import InputError, MissingFileError
from vitruv.media.video import VideoReader
from vitruv.runtime import Predictor, load


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return load(write_toy_model(tmp_path_factory.mktemp("models") / "toy"))


def test_frames_come_with_people_and_times(tmp_path: Path, predictor: Predictor) -> None:
    clip = vitruv.video(people_clip(tmp_path / "walk.mkv", 6), predictor=predictor)
    frames = list(clip)
    assert [f.index for f in frames] == list(range(6)) and [round(25 * f.time_s) for f in frames] == list(range(6))
    assert all(f.people.track_ids is not None and f.people.track_ids.tolist() == [1, 2] for f in frames)
    assert frames[0].rgb.shape == (120, 160, 3) and clip.info.size_hw == (120, 160) and clip.problem is None


def test_what_is_drawn_keeps_the_times(tmp_path: Path, predictor: Predictor) -> None:
    clip = vitruv.video(people_clip(tmp_path / "walk.mkv", 9), predictor=predictor, every=2, smooth="light")
    with clip.writer(tmp_path / "drawn.mp4") as out:
        for frame in clip:
            out.write(frame.people.overlay(frame.rgb, track_ids=True), pts=frame.pts, duration=frame.duration)
    with VideoReader(tmp_path / "drawn.mp4") as drawn:
        assert [round(25 * f.time_s) for f in drawn.frames()] == [0, 2, 4, 6, 8]


def test_presets_render_frames(tmp_path: Path, predictor: Predictor) -> None:
    preset = vitruv.presets["magicanimate"]
    for frame in vitruv.video(people_clip(tmp_path / "walk.mkv", 2), predictor=predictor):
        assert preset.render(frame.people).shape == (512, 512, 3)  # type: ignore[union-attr]


def test_parts_over_time(tmp_path: Path, predictor: Predictor) -> None:
    for frame in vitruv.video(people_clip(tmp_path / "walk.mkv", 2), predictor=predictor):
        for person in frame.people:
            assert {2, 9} <= set(np.unique(person.chart.labels).tolist())


def test_a_loop_may_end_early(tmp_path: Path, predictor: Predictor) -> None:
    for frame in vitruv.video(people_clip(tmp_path / "walk.mkv", 6), predictor=predictor):
        assert frame.index == 0
        break
    with vitruv.video(tmp_path / "walk.mkv", predictor=predictor) as clip:
        assert clip.info.frames == 6


def test_what_is_no_clip(tmp_path: Path, predictor: Predictor) -> None:
    with pytest.raises(MissingFileError):
        vitruv.video(tmp_path / "nowhere.mp4", predictor=predictor)
    with pytest.raises(InputError, match="every must be at least 1, but is 0"):
        vitruv.video(people_clip(tmp_path / "walk.mkv", 2), predictor=predictor, every=0)
