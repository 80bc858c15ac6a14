"""Clips with truth: the same people in every frame, in motion, with exact labels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vitruv.body import rotations as rot
from vitruv.body.motion import MotionLibrary
from vitruv.body.skeleton import JOINT_INDEX, JOINTS
from vitruv.cli import main
from vitruv.errors import FormatError, InputError
from vitruv.formats import read_iuv_png
from vitruv.media.video import VideoReader
from vitruv.synth import SynthPack
from vitruv.synth.gather import Assets, pack_arrays
from vitruv.synth.motion_clip import ClipConfig, ClipSampler


def motion_arrays(count: int = 41) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """Somebody who lifts the left arm, two frames in a tenth of a second."""
    joints = np.tile(np.array([0, 0, 0, 1], np.float32), (count, len(JOINTS), 1))
    angles = np.linspace(0, 1.2, count)
    joints[:, JOINT_INDEX["l_shoulder"]] = rot.quaternion_from_rotvec(np.stack([0 * angles, 0 * angles, angles], axis=1))
    return {
        "local_quat_xyzw": joints,
        "joint_names": np.array(JOINTS),
        "category": np.array(["walking"] * count),
        "clip_index": np.zeros(count, np.int32),
        "frame_index": np.arange(count),
    }


@pytest.fixture(scope="module")
def sampler() -> ClipSampler:
    pack = SynthPack(pack_arrays(Assets(), photo_px=96)[0])
    config = ClipConfig(size_hw=(96, 128), people=2, crossing=True)
    return ClipSampler(pack, MotionLibrary.from_arrays(motion_arrays()), config=config, seed=3)


def test_between_captured_poses_the_motion_is_smooth() -> None:
    stretch = MotionLibrary.from_arrays(motion_arrays()).stretches[0]
    assert stretch.length_s == pytest.approx(2.0)
    shoulder = JOINT_INDEX["l_shoulder"]
    angles = [
        float(np.linalg.norm(rot.rotvec_from_quaternion(stretch.at(t).joints[shoulder]))) for t in (0, 0.025, 0.05, 1, 2, 3, 4)
    ]
    assert angles == pytest.approx([0, 0.015, 0.03, 0.6, 1.2, 0.6, 0], abs=1e-3)


def test_a_gap_ends_a_stretch() -> None:
    arrays = motion_arrays(80)
    arrays["frame_index"] = np.concatenate([np.arange(40), np.arange(100, 140)])
    assert len(MotionLibrary.from_arrays(arrays)) == 2
    arrays["frame_index"] = 30 * np.arange(80)
    with pytest.raises(InputError, match=r"no motion of at least 1\.5 s without gaps"):
        MotionLibrary.from_arrays(arrays)


def test_a_file_without_motion_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    with pytest.raises(FormatError, match="holds no motion that can be used"):
        MotionLibrary.load(tmp_path / "a.npz")


def test_the_same_frame_is_the_same_whenever_it_is_made(sampler: ClipSampler) -> None:
    first = sampler.frame(0, 5)
    sampler.frame(1, 0)
    again = sampler.frame(0, 5)
    assert np.array_equal(first.image, again.image) and np.array_equal(first.uv, again.uv)


def test_people_stay_the_same_and_move(sampler: ClipSampler) -> None:
    early, late = sampler.frame(0, 0), sampler.frame(0, 10)
    assert early.time_s == 0 and late.time_s == 0.4
    for i in (0, 1):
        colours = [f.image[(f.person == i + 1) & (f.labels == 2)].mean(axis=0) for f in (early, late) if (f.person == i + 1).any()]
        assert len(colours) < 2 or np.abs(colours[0] - colours[-1]).max() < 40
    middles = [[float(np.nonzero(f.person == i + 1)[1].mean()) for i in (0, 1)] for f in (early, late)]
    assert middles[1][0] < middles[0][0] - 2 and middles[1][1] > middles[0][1] + 2, "they walk towards each other"
    assert ((early.labels > 0) <= (early.person > 0)).all() and early.labels.max() <= 24


def test_a_clip_on_disk_holds_its_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "motion.npz", **motion_arrays())
    out = tmp_path / "clip"
    status = main(["synth", "--clip", "0.2", "--motion", str(tmp_path / "motion.npz"), "--size", "96x64", "--output", str(out)])
    assert status == 0 and capsys.readouterr().out == f"{out}: 5 frames, 1 people\n"
    with VideoReader(out / "clip.mp4") as clip:
        assert len(list(clip.frames())) == 5 and clip.info.size_hw == (64, 96)
    frames = json.loads((out / "frames.json").read_text())["frames"]
    truth = read_iuv_png(out / "dense" / "000003_iuv.png", channel_order="iuv")
    rows, columns = np.nonzero(truth.labels)
    x1, y1, x2, y2 = frames[3]["people"][0]["box_xyxy"]
    assert x1 <= columns.min() and y1 <= rows.min() and columns.max() < x2 and rows.max() < y2
    with pytest.raises(InputError, match="1 to 8 people"):
        ClipConfig(people=0)


def test_lengths_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "--clip", "0", "--motion", "m.npz", "--output", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("vitruv synth: --clip must be 0 to 600 seconds")
