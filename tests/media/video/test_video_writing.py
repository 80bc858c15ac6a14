"""Video files out: whole or not at all, with the times of the source, and its sound."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from made_clips import bars, sound_packets, write_clip
from vitruv.errors import InputError, UnreadableFileError, UnwritableFileError
from vitruv.media.video import Codec, Part, Sound, VideoReader, VideoWriter, join_parts, sound_fits
from vitruv.types import UInt8Array

RATE = Fraction(25)


def written(path: Path, frames: list[UInt8Array], *, first_pts: int = 0, codec: Codec = "h264") -> Part:
    """Frames at time stamps first_pts, first_pts + 2, ... of 1/50 s."""
    times = [(first_pts + 2 * i, 2) for i in range(len(frames))]
    with VideoWriter(path, size_hw=frames[0].shape[:2], rate=RATE, time_base=Fraction(1, 50), codec=codec) as out:  # type: ignore[arg-type]
        for frame, (pts, duration) in zip(frames, times, strict=True):
            out.write(frame, pts=pts, duration=duration)
    return Part(path, times)


@pytest.mark.parametrize("codec", ["ffv1", "ffv1-grey"])
def test_lossless_video_gives_back_every_bit(tmp_path: Path, codec: Codec) -> None:
    rng = np.random.default_rng(0)
    shape = (31, 45) if codec == "ffv1-grey" else (31, 45, 3)
    frames = [rng.integers(0, 256, shape, dtype=np.uint8) for _ in range(5)]
    written(tmp_path / "a.mkv", frames, codec=codec)
    with VideoReader(tmp_path / "a.mkv") as clip:
        for read, expected in zip(clip.frames(), frames, strict=True):
            assert np.array_equal(read.rgb[:, :, 0] if codec == "ffv1-grey" else read.rgb, expected)


@pytest.mark.parametrize("size_hw", [(48, 64), (47, 63), (1, 1)])
def test_video_to_look_at_keeps_colours_and_times(tmp_path: Path, size_hw: tuple[int, int]) -> None:
    frames = [np.full((*size_hw, 3), colour, np.uint8) for colour in ((200, 30, 30), (30, 200, 30), (30, 30, 200))]
    times = [(0, 3), (3, 40), (43, 7)]
    with VideoWriter(tmp_path / "a.mp4", size_hw=size_hw, rate=RATE, time_base=Fraction(1, 1000)) as out:
        for frame, (pts, duration) in zip(frames, times, strict=True):
            out.write(frame, pts=pts, duration=duration)
    with VideoReader(tmp_path / "a.mp4") as clip:
        assert clip.info.size_hw == (size_hw[0] + size_hw[0] % 2, size_hw[1] + size_hw[1] % 2)
        for read, expected, (pts, duration) in zip(clip.frames(), frames, times, strict=True):
            assert np.abs(read.rgb[0, 0].astype(int) - expected[0, 0]).max() <= 6
            assert (read.pts * clip.info.time_base, read.duration * clip.info.time_base) == (
                Fraction(pts, 1000),
                Fraction(duration, 1000),
            )


def test_nothing_is_left_of_a_file_whose_block_raises(tmp_path: Path) -> None:
    with pytest.raises(KeyError), VideoWriter(tmp_path / "a.mp4", size_hw=(48, 64), rate=RATE) as out:
        out.write(bars(1)[0])
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"old")
    with VideoWriter(tmp_path / "a.mp4", size_hw=(48, 64), rate=RATE) as out:
        out.write(bars(1)[0])
        assert (tmp_path / "a.mp4").read_bytes() == b"old"
    with VideoReader(tmp_path / "a.mp4") as clip:
        assert len(list(clip.frames())) == 1


def test_misuse_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.gif: the name of a video must end in"):
        VideoWriter(tmp_path / "a.gif", size_hw=(48, 64), rate=RATE)
    with pytest.raises(InputError, match=r"lossless video is written as \.mkv"):
        VideoWriter(tmp_path / "a.mp4", size_hw=(48, 64), rate=RATE, codec="ffv1")
    with pytest.raises(UnwritableFileError, match="cannot be written: no such file or directory"):
        VideoWriter(tmp_path / "no" / "a.mp4", size_hw=(48, 64), rate=RATE).__enter__()
    with VideoWriter(tmp_path / "a.mp4", size_hw=(48, 64), rate=RATE) as out:
        with pytest.raises(InputError, match=r"must be \(48, 64, 3\) uint8, but got \(3, 4, 3\) uint8"):
            out.write(np.zeros((3, 4, 3), np.uint8))
        out.write(bars(1)[0], pts=5)
        with pytest.raises(InputError, match="time stamps must rise, but 5 comes after 5"):
            out.write(bars(1)[0], pts=5)


_FULL_DISK = """
import resource, signal, sys
import numpy as np
from fractions import Fraction
from vitruv.errors import UnwritableFileError
from vitruv.media.video import VideoWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
try:
    with VideoWriter(sys.argv[1], size_hw=(240, 320), rate=Fraction(25), codec=sys.argv[2]) as out:
        for _ in range(60):
            out.write(np.roll(noise, 7, axis=1) + np.uint8(3))
except UnwritableFileError as error:
    print(error)
"""


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "h264"), ("a.mkv", "ffv1")])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, name: str, codec: str) -> None:
    script = _FULL_DISK.replace("+ np.uint8(3)", "+ np.random.default_rng(_).integers(0, 9, noise.shape, dtype=np.uint8)")
    done = subprocess.run([sys.executable, "-c", script, tmp_path / name, codec], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{tmp_path / name}: cannot be written: file too large"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "h264"), (".mkv", "h264"), (".mkv", "ffv1")])
def test_parts_are_joined_without_losing_a_frame(tmp_path: Path, suffix: str, codec: Codec) -> None:
    frames = bars(15)
    parts = [written(tmp_path / f"{i}{suffix}", frames[i : i + 6], first_pts=2 * i, codec=codec) for i in range(0, 15, 6)]
    join_parts(parts, tmp_path / f"all{suffix}", time_base=Fraction(1, 50))
    with VideoReader(tmp_path / f"all{suffix}") as clip:
        read = list(clip.frames())
    assert [round(50 * f.time_s) for f in read] == [2 * i for i in range(15)]
    assert [round(float(f.rgb[-1, -1].mean()) / 16) for f in read] == list(range(15))


def test_joining_is_the_same_every_time(tmp_path: Path) -> None:
    parts = [written(tmp_path / "0.mkv", bars(4), codec="ffv1")]
    for name in ("a.mkv", "b.mkv"):
        join_parts(parts, tmp_path / name, time_base=Fraction(1, 50))
    assert (tmp_path / "a.mkv").read_bytes() == (tmp_path / "b.mkv").read_bytes()


def test_a_part_with_other_frames_than_its_times_is_refused(tmp_path: Path) -> None:
    part = written(tmp_path / "0.mp4", bars(4))
    for times, reason in ((part.times[:3], "more than the 3 frames"), ([*part.times, (99, 2)], "4 frames instead of the 5")):
        with pytest.raises(UnreadableFileError, match=reason):
            join_parts([Part(part.path, times)], tmp_path / "all.mp4", time_base=Fraction(1, 50))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.mp4"]


@pytest.mark.parametrize(("source", "sound", "target"), [("s.mp4", "aac", "all.mp4"), ("s.mkv", "libopus", "all.mkv")])
def test_sound_is_copied_untouched(tmp_path: Path, source: str, sound: str, target: str) -> None:
    clip = write_clip(tmp_path / source, bars(50), sound=sound)
    sound_fits(clip, "mp4")
    with VideoReader(clip) as reader:
        assert reader.info.sound is not None
    join_parts([written(tmp_path / f"0{target[3:]}", bars(50))], tmp_path / target, time_base=Fraction(1, 50), sound=Sound(clip))
    before, after = sound_packets(clip), sound_packets(tmp_path / target)
    assert [data for _, data in before] == [data for _, data in after] and len(before) > 40
    assert np.allclose([t for t, _ in before], [t for t, _ in after], atol=0.0015)


def test_of_a_stretch_only_its_sound_is_copied(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "s.mp4", bars(50), sound="aac")
    part = written(tmp_path / "0.mp4", bars(10))
    join_parts([part], tmp_path / "all.mp4", time_base=Fraction(1, 50), sound=Sound(clip, start_s=1.0, end_s=1.4))
    whole, some = sound_packets(clip), sound_packets(tmp_path / "all.mp4")
    assert {data for _, data in some} < {data for _, data in whole}
    assert -0.03 <= some[0][0] <= 0.03 and 0.35 <= some[-1][0] <= 0.4


@pytest.mark.parametrize(("sound", "ways"), [("pcm_mulaw", "use --container mov or --no-sound"), ("adpcm_ms", "use --no-sound")])
def test_sound_that_a_container_cannot_hold_is_told_before_the_work(tmp_path: Path, sound: str, ways: str) -> None:
    clip = write_clip(tmp_path / "s.avi", bars(10), codec="mpeg4", sound=sound)
    with pytest.raises(InputError) as refused:
        sound_fits(clip, "mp4")
    assert str(refused.value) == f"{clip}: its sound ({sound}) cannot be kept in mp4; {ways}"
