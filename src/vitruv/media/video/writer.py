"""Video files, written frame by frame; they appear under their name only when they are whole."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc
from av.video.stream import VideoStream

from vitruv.errors import InputError, UnwritableFileError
from vitruv.types import PathLike, UInt8Array

Codec = Literal["h264", "ffv1", "ffv1-grey"]
"""h264: to look at. ffv1: RGB, ffv1-grey: one channel, both lossless."""

Container = Literal["mp4", "mov", "mkv"]
"""Suffixes of video files that can be written."""

# What encodes H.264 in this build of FFmpeg, best first; the last one is not H.264, but every build has it and players know it.
_H264_ENCODERS = ("libx264", "libopenh264", "h264_videotoolbox", "h264_mf", "mpeg4")
FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
_BIG_PX = 3840 * 2160  # from here on encoders keep as few frames in memory as they can
_BT709 = 1


def format_of(path: PathLike) -> str:
    """FFmpeg's name of the container for this file name. Raises InputError."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{path}: the name of a video must end in {', '.join(FORMATS)}")
    return FORMATS[suffix]


def options_of(container_format: str) -> dict[str, str]:
    """For FFmpeg: nothing by chance in the file; the table of contents first, so that browsers can begin before they have all."""
    return {"fflags": "+bitexact"} | ({} if container_format == "matroska" else {"movflags": "+faststart"})


class VideoWriter:
    """A video file. Used in a `with` block; if the block raises, no file is left.

        with VideoWriter("out.mp4", size_hw=(480, 640), rate=Fraction(25)) as out:
            out.write(rgb)

    path: .mp4 or .mov (h264), .mkv (any codec). size_hw: of every frame. rate: frames a second, on average. time_base: of the time
    stamps given to `write`; 1 / rate when None. pixel_aspect: width of a pixel divided by its height. quality: of h264,
        0 (best) to 51.
    H.264 as players want it has even sides: a row or column is repeated where a side is odd.
    Raises InputError for another ending, UnwritableFileError when the file cannot be written or the disk is full.
    """

    def __init__(
        self,
        path: PathLike,
        *,
        size_hw: tuple[int, int],
        rate: Fraction,
        time_base: Fraction | None = None,
        codec: Codec = "h264",
        pixel_aspect: Fraction = Fraction(1),
        quality: int = 20,
    ) -> None:
        self.path = Path(path)
        self._format = format_of(path)
        if codec != "h264" and self._format != "matroska":
            raise InputError(f"{path}: lossless video is written as .mkv")
        if min(size_hw) < 1 or rate <= 0 or (time_base is not None and time_base <= 0) or not 0 <= quality <= 51:
            raise InputError(f"{path}: sizes, rate and time base must be above 0, quality from 0 to 51")
        self._size_hw, self._rate, self._codec, self._quality = size_hw, rate, codec, quality
        self._time_base = time_base or 1 / rate
        self._pixel_aspect = pixel_aspect
        self._next_pts = 0
        self._last_pts: int | None = None
        self._durations: deque[int] = deque()  # of frames that the encoder still holds; it forgets them
        self._temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None

    def __enter__(self) -> Self:
        try:
            self._temporary.touch(exist_ok=False)  # FFmpeg would find out with the first frame
            self._container = av.open(f"file:{self._temporary}", "w", format=self._format, options=options_of(self._format))
            self._stream = self._open_stream(self._container)
        except (av.error.FFmpegError, OSError) as error:
            self._discard()
            raise unwritable(self.path, error) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self._discard()
            return
        try:
            if self._container is not None and self._stream is not None:
                self._mux(self._stream.encode(None))
                self._container.close()
                self._container = None
            self._temporary.replace(self.path)
        except (av.error.FFmpegError, OSError) as problem:
            self._discard()
            raise unwritable(self.path, problem) from None

    def write(self, pixels: UInt8Array, *, pts: int | None = None, duration: int | None = None) -> None:
        """Append a frame: (h, w, 3) uint8 RGB, or (h, w) uint8 for ffv1-grey.

        pts: time stamp in units of the time base, rising; None: one frame after the last one. duration: in the same units.
        """
        if self._container is None or self._stream is None:
            raise InputError("a VideoWriter can only be used inside its `with` block")
        shape = self._size_hw if self._codec == "ffv1-grey" else (*self._size_hw, 3)
        if pixels.shape != shape or pixels.dtype != np.uint8:
            raise InputError(f"frames of {self.path} must be {shape} uint8, but got {pixels.shape} {pixels.dtype}")
        pts = self._next_pts if pts is None else pts
        duration = duration or max(round(1 / (self._rate * self._time_base)), 1)
        if self._last_pts is not None and pts <= self._last_pts:
            raise InputError(f"time stamps must rise, but {pts} comes after {self._last_pts}")
        frame = self._encodable(pixels)
        frame.pts, frame.time_base, frame.duration = pts, self._time_base, duration
        self._last_pts, self._next_pts = pts, pts + duration
        self._durations.append(duration)
        try:
            self._mux(self._stream.encode(frame))
        except (av.error.FFmpegError, OSError) as error:
            raise unwritable(self.path, error) from None

    def _open_stream(self, container: OutputContainer) -> VideoStream:
        height, width = self._size_hw
        name = _h264_encoder() if self._codec == "h264" else "ffv1"
        options: dict[str, str] = {}
        if name == "ffv1":
            options = {"g": "1", "level": "3", "slicecrc": "1"} | ({"slices": "4"} if min(height, width) >= 32 else {})
        if name == "libx264":
            options = {"preset": "veryfast", "crf": str(self._quality)}
            if height * width >= _BIG_PX:
                options |= {"tune": "zerolatency", "rc-lookahead": "0"}
        stream = container.add_stream(name, rate=self._rate, options=options)
        if not isinstance(stream, VideoStream):
            raise InputError(f"{name} is no video codec")
        stream.width, stream.height = (width, height) if name == "ffv1" else (width + width % 2, height + height % 2)
        stream.pix_fmt = {"ffv1": "bgr0", "ffv1-grey": "gray"}.get(self._codec, "yuv420p")
        stream.time_base = self._time_base
        context = stream.codec_context
        context.time_base = self._time_base
        context.max_b_frames = 0  # frames leave in the order they come in, so that parts can be joined by their frames alone
        context.sample_aspect_ratio = self._pixel_aspect
        context.thread_count = min(os.cpu_count() or 1, 4)
        if self._codec == "h264":
            context.colorspace, context.color_range = _BT709, ColorRange.MPEG
            context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
            if name == "mpeg4":
                context.qmin, context.qmax = 2, 5
        return stream

    def _encodable(self, pixels: UInt8Array) -> av.VideoFrame:
        if self._codec == "ffv1-grey":
            return av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="gray")
        if self._codec == "ffv1":
            return av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24").reformat(format="bgr0")
        height, width = self._size_hw
        if height % 2 or width % 2:
            pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        return frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range=ColorRange.MPEG)

    def _mux(self, packets: Sequence[Packet[VideoStream]]) -> None:
        if self._container is None:
            return
        for packet in packets:
            packet.duration = self._durations.popleft()
            self._container.mux_one(packet)

    def _discard(self) -> None:
        if self._container is not None:
            # Closing writes the end of the file, which fails again where writing did; the file goes away in any case.
            with contextlib.suppress(av.error.FFmpegError, OSError):
                self._container.close()
            self._container = None
        self._temporary.unlink(missing_ok=True)


def _h264_encoder() -> str:
    for name in _H264_ENCODERS:
        try:
            av.codec.Codec(name, "w")
        except av.codec.codec.UnknownCodecError:
            continue
        return name
    raise InputError("this FFmpeg has no encoder for video that players show")


def unwritable(path: Path, error: BaseException) -> UnwritableFileError:
    """The error to raise when FFmpeg could not write."""
    text = " ".join(str(getattr(error, "strerror", None) or error).split()).lower()
    return UnwritableFileError(path, f"cannot be written: {text}")
