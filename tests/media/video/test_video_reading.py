"""Clips in: every frame once, upright, in 8 bits, with its own time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from made_clips import bars, write_clip
from vitruv.errors import InputError, MissingFileError, UnreadableFileError
from vitruv.media.video import Place, VideoReader, camera, is_url
from vitruv.media.video.colour import tone_mapped
from vitruv.media.video.opening import Source, refusal

LOSSLESS = {"codec": "ffv1", "pixels": "bgr0"}
ONE = 1 << 16


def read(path: Path, **options: object) -> list[tuple[int, int, float]]:
    with VideoReader(path) as clip:
        return [(f.index, f.pts, f.time_s) for f in clip.frames(**options)]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov", "a.ts"])
def test_every_frame_comes_once_in_order(tmp_path: Path, name: str) -> None:
    with VideoReader(write_clip(tmp_path / name, bars(12))) as clip:
        frames = list(clip.frames())
        assert [f.index for f in frames] == list(range(12))
        assert [round(f.time_s * 25) for f in frames] == list(range(12))
        assert [round(float(f.rgb[-1, -1].mean()) / 16) for f in frames] == list(range(12))
        assert clip.info.size_hw == (48, 64) and clip.info.rate == 25 and clip.problem is None


def test_lossless_frames_come_as_they_were_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    written = [rng.integers(0, 256, (30, 42, 3), dtype=np.uint8) for _ in range(4)]
    with VideoReader(write_clip(tmp_path / "a.mkv", written, **LOSSLESS)) as clip:  # type: ignore[arg-type]
        for frame, expected in zip(clip.frames(), written, strict=True):
            assert np.array_equal(frame.rgb, expected)


def test_frames_at_uneven_times_keep_them(tmp_path: Path) -> None:
    times = [0, 1, 5, 6, 40, 41, 100]
    path = write_clip(tmp_path / "a.mp4", bars(7), times=times, time_base=Fraction(1, 1000))
    with VideoReader(path) as clip:
        frames = list(clip.frames())
        assert [round(float(f.pts * clip.info.time_base) * 1000) for f in frames] == times
        assert [round(1000 * f.time_s) for f in frames] == times


@pytest.mark.parametrize(
    ("matrix", "corner"),
    [  # where the red corner, stored at the top left, is seen: row and column of the corner
        ((ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30), (0, 0)),
        ((0, ONE, 0, -ONE, 0, 0, 0, 0, 1 << 30), (0, -1)),  # a quarter clockwise
        ((-ONE, 0, 0, 0, -ONE, 0, 0, 0, 1 << 30), (-1, -1)),  # a half
        ((0, -ONE, 0, ONE, 0, 0, 0, 0, 1 << 30), (-1, 0)),  # a quarter the other way
        ((-ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30), (0, -1)),  # mirrored
        ((ONE, 0, 0, 0, -ONE, 0, 0, 0, 1 << 30), (-1, 0)),  # upside down
    ],
)
def test_frames_are_turned_as_the_file_says(tmp_path: Path, matrix: tuple[int, ...], corner: tuple[int, int]) -> None:
    with VideoReader(write_clip(tmp_path / "a.mp4", bars(2), matrix=matrix)) as clip:
        frame = next(clip.frames())
        assert clip.info.size_hw == frame.rgb.shape[:2] == ((64, 48) if matrix[0] == 0 else (48, 64))
        seen = [(r, c) for r in (0, -1) for c in (0, -1) if frame.rgb[r, c, 0] > 150]
        assert seen == [corner]


def test_ten_bits_become_eight(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", bars(3), codec="libx265", pixels="yuv420p10le", options={"x265-params": "log-level=none"})
    with VideoReader(path) as clip:
        assert [round(float(f.rgb[-1, -1].mean()) / 16) for f in clip.frames()] == [0, 1, 2]


def test_hdr_is_brought_to_the_range_of_a_screen(tmp_path: Path) -> None:
    white = round(65535 * 0.5807)  # the PQ code of 203 nits, the white of a page
    frames = [np.full((48, 64, 3), value, np.uint16) for value in (0, white // 2, white, 65535)]
    path = write_clip(
        tmp_path / "a.mkv",
        frames,
        codec="libx265",
        pixels="yuv420p10le",
        options={"x265-params": "log-level=none", "crf": "2"},
        colours=(9, 16, 9),
    )
    with VideoReader(path) as clip:
        grey = [int(f.rgb[20, 20].mean()) for f in clip.frames()]
    assert grey[0] <= 2 and 20 < grey[1] < 120 and 215 < grey[2] < 245 and grey[3] >= 253


@pytest.mark.parametrize("transfer", [16, 18])
def test_tone_mapping_rises_with_the_light(transfer: int) -> None:
    codes = np.repeat(np.arange(0, 65536, 257, dtype=np.uint16)[None, :, None], 3, axis=2)
    seen = tone_mapped(codes, transfer)
    assert seen[0, 0].tolist() == [0, 0, 0] and seen[0, -1].min() >= 250
    assert (np.diff(seen[0, :, 0].astype(int)) >= 0).all()


def test_larger_frames_are_made_smaller(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", bars(2))
    for max_size, size_hw in ((32, (24, 32)), (64, (48, 64)), (1, (1, 1))):
        with VideoReader(path, max_size=max_size) as clip:
            assert clip.info.size_hw == next(clip.frames()).rgb.shape[:2] == size_hw


def test_a_stretch_and_one_frame_of_so_many(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", bars(12))
    assert [i for i, _, _ in read(path, start_s=0.2, end_s=0.4)] == [5, 6, 7, 8, 9]
    assert [i for i, _, _ in read(path, every=5)] == [0, 5, 10]
    assert read(path, start_s=99.0) == []


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.h264"])
def test_reading_goes_on_behind_any_frame(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / name, bars(40), options={"g": "7"})
    every_frame = read(path)
    assert len(every_frame) == 40
    for index in (0, 6, 7, 20, 38, 39):
        assert read(path, after=Place(index, every_frame[index][1])) == every_frame[index + 1 :]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_of_a_clip_that_is_cut_off_all_that_is_there_is_read(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(50)]
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    path = write_clip(tmp_path / name, noise, codec=codec, container={"movflags": "faststart"} if name.endswith("mp4") else {})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with VideoReader(path) as clip:
        assert 20 <= len(list(clip.frames())) < 40
        assert clip.problem is not None and clip.problem.startswith("cut off: it")


def test_a_clip_without_damage_has_no_problem_when_only_a_stretch_is_read(tmp_path: Path) -> None:
    with VideoReader(write_clip(tmp_path / "a.mp4", bars(12))) as clip:
        list(clip.frames(end_s=0.2))
        assert clip.problem is None


def _bad(folder: Path, name: str) -> Path:
    path = folder / name
    if name == "empty.mp4":
        path.write_bytes(b"")
    elif name == "text.txt":
        path.write_text("not a video\n" * 50)
    elif name == "noise.mp4":
        path.write_bytes(np.random.default_rng(0).bytes(5000))
    elif name == "folder.mp4":
        path.mkdir()
    elif name == "photo.png":
        with av.open(str(path), "w", format="image2", options={"update": "1"}) as output:
            stream = output.add_stream("png", rate=1)
            stream.width, stream.height, stream.pix_fmt = 8, 8, "rgb24"
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((8, 8, 3), np.uint8), format="rgb24")))
            output.mux(stream.encode(None))
    elif name == "song.m4a":
        with av.open(str(path), "w", format="mp4") as output:
            heard = output.add_stream("aac", rate=48000)
            heard.layout = "mono"
            note = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            note.sample_rate = 48000
            output.mux(heard.encode(note))
            output.mux(heard.encode(None))
    elif name == "unknown.mkv":
        write_clip(path, bars(2))
        path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_NOBODY/KNOWS_"))
    elif name == "no_frames.avi":
        write_clip(path, bars(30), codec="mpeg4")
        content = path.read_bytes()
        path.write_bytes(content[: content.index(b"movi") + 4])
    return path


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty.mp4", "the file is empty"),
        ("text.txt", "not a video in a known format"),
        ("noise.mp4", "not a video in a known format, or cut off before its table of contents"),
        ("folder.mp4", "this is a folder, not a clip"),
        ("photo.png", "this is a picture, not a clip; `vitruv predict` reads it"),
        ("song.m4a", "it has no pictures, only sound"),
        ("unknown.mkv", "its pictures are in a codec that this FFmpeg does not know"),
        ("no_frames.avi", "it has no frames"),
    ],
)
def test_what_is_no_clip_is_refused_in_one_sentence(tmp_path: Path, name: str, reason: str) -> None:
    path = _bad(tmp_path, name)
    with pytest.raises(UnreadableFileError) as refused:
        VideoReader(path)
    assert str(refused.value) == f"{path}: {reason}"


def test_a_missing_file_is_called_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"nowhere\.mp4: no such file or folder"):
        VideoReader(tmp_path / "nowhere.mp4")


def test_colons_and_percent_signs_are_parts_of_names(tmp_path: Path) -> None:
    for name in ("a:b.mp4", "a%03d.mp4", "-a.mp4"):
        assert len(read(write_clip(tmp_path / "x.mp4", bars(2)).rename(tmp_path / name))) == 2


def test_a_playlist_on_disk_does_not_reach_into_the_network(tmp_path: Path) -> None:
    path = tmp_path / "a.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(UnreadableFileError):
        VideoReader(path)


def test_a_camera_that_is_not_there() -> None:
    with pytest.raises(InputError, match=r"^camera 93: there is no such camera"):
        VideoReader(camera("93"))


def test_a_camera_that_somebody_else_uses() -> None:
    assert str(refusal(camera("0"), OSError(16, "Device or resource busy"))) == "camera 0: the camera is in use by another program"


def test_a_stream_that_nobody_serves_is_named_without_its_password() -> None:
    with pytest.raises(InputError) as refused:
        VideoReader("http://me:secret@127.0.0.1:9/a.mp4?token=secret")
    assert "http://127.0.0.1:9/a.mp4: the stream cannot be opened" in str(refused.value) and "secret" not in str(refused.value)


def test_what_is_a_stream() -> None:
    assert is_url("rtsp://host/a") and not is_url("C:\\a.mp4") and not is_url("a.mp4") and not is_url(Path("a"))
    assert isinstance(camera("0"), Source)
