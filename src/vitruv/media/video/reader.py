"""Frames of a clip, one after another, each with its time."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from fractions import Fraction
from types import TracebackType
from typing import Self

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from vitruv.errors import InputError, UnreadableFileError
from vitruv.media.video.colour import ToRgb
from vitruv.media.video.frame import Place, VideoFrame, VideoInfo
from vitruv.media.video.opening import Source, as_source, open_container
from vitruv.media.video.upright import turn_of, turned
from vitruv.types import PathLike

MAX_PIXELS = 1 << 26
"""Larger frames (8K has 33 million pixels) are refused: a damaged header, not a clip."""

_USUAL_RATE = Fraction(25)  # of streams that tell none


class VideoReader:
    """A clip, a stream (by URL) or a camera, opened.

    source: a path, a URL, or `camera("0")`. max_size: frames whose longer side has more pixels are made smaller.
    Opening decodes the first frame, so that what cannot be used is known at once: raises MissingFileError, UnreadableFileError
    (not a video, no picture in it, unknown codec, no frame), InputError for a stream or camera that cannot be opened.
    """

    info: VideoInfo
    problem: str | None
    """After reading: what was wrong with the clip (cut off, damaged parts), in words; None when it was whole."""

    def __init__(self, source: PathLike | Source, *, max_size: int | None = None) -> None:
        if max_size is not None and max_size < 1:
            raise InputError(f"max_size must be at least 1 pixel, but is {max_size}")
        self._source = as_source(source)
        self.problem = None
        self._container = open_container(self._source)
        try:
            self._open(max_size)
        except BaseException:
            self._container.close()
            raise

    def _open(self, max_size: int | None) -> None:
        stream = _pictures_of(self._container, self._source)
        stream.thread_type = "SLICE"  # with frame threads a damaged packet costs its neighbours too
        self._stream = stream
        self._broken = 0
        self._decoded = self._decode()
        first = next(self._decoded, None)
        if first is None:
            raise self._refuse(f"no frame of it can be decoded ({self.problem})" if self.problem else "it has no frames")
        self._waiting: av.VideoFrame | None = first
        if first.width * first.height > MAX_PIXELS:
            raise self._refuse(f"its frames have {first.width}x{first.height} pixels, more than {MAX_PIXELS / 1e6:.0f} million")
        self._turn = turn_of(first)
        stored = _fitting((first.height, first.width), max_size)
        self._to_rgb = ToRgb(stored)
        rate = stream.average_rate or stream.guessed_rate or stream.base_rate or _USUAL_RATE
        self._time_base = stream.time_base or 1 / rate
        self._tick = max(round(1 / (rate * self._time_base)), 1)  # a frame's duration, where it tells none
        self._last = Place(-1, -(1 << 62))
        self._origin = _start_of(self._container, self._time_base)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        sound = _sound_of(self._container)
        duration_s = _duration_s(self._container, stream)
        told = stream.frames or (round(duration_s * rate) if duration_s else 0)
        self.info = VideoInfo(
            name=self._source.name,
            size_hw=stored[::-1] if self._turn.transposed else stored,
            time_base=self._time_base,
            rate=rate,
            pixel_aspect=1 / aspect if self._turn.transposed else aspect,
            codec=stream.codec_context.name,
            frames=None if self._source.live else told or None,
            duration_s=duration_s,
            sound=None if sound is None else sound.codec_context.name if sound.codec_context else "unknown",
            live=self._source.live,
        )
        self._first_pts = self._pts_of(first)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._decoded.close()
        self._container.close()

    def frames(
        self, *, start_s: float = 0.0, end_s: float | None = None, every: int = 1, after: Place | None = None
    ) -> Iterator[VideoFrame]:
        """The clip's frames, in order. Once only: a second call goes on where the first one stopped.

        start_s, end_s: seconds since the first frame; frames from start_s on and before end_s. every: one of so many, counted from
        the first frame of the clip. after: only what comes behind this frame of the same clip; it is looked for by its time stamp,
        and by counting from the start where the clip cannot be searched.
        """
        if every < 1:
            raise InputError(f"every must be at least 1, but is {every}")
        if after is not None and after.index > self._last.index + 1:
            self._skip_to(after)
        for frame in self._rest():
            place = self._next_place(frame)
            time_s = float((place.pts - self._first_pts) * self._time_base)
            if end_s is not None and time_s >= end_s:
                return
            wanted = time_s >= start_s and place.index % every == 0 and (after is None or place.index > after.index)
            if wanted:
                yield VideoFrame(
                    rgb=turned(self._to_rgb(frame), self._turn),
                    index=place.index,
                    pts=place.pts,
                    duration=int(frame.duration or self._tick),
                    time_s=time_s,
                )
        if self.problem is None:
            self.problem = self._what_is_missing()

    def _rest(self) -> Iterator[av.VideoFrame]:
        if self._waiting is not None:
            first, self._waiting = self._waiting, None
            yield first
        yield from self._decoded

    def _next_place(self, frame: av.VideoFrame) -> Place:
        """Number and time stamp; stamps that are missing or do not rise follow the one before."""
        pts = self._pts_of(frame)
        if pts <= self._last.pts:
            pts = self._last.pts + (self._tick if frame.pts is None else 1)
        self._last = Place(self._last.index + 1, pts)
        return self._last

    def _pts_of(self, frame: av.VideoFrame) -> int:
        if frame.pts is None:
            return 0 if self._last.index < 0 else self._last.pts + self._tick
        return int(frame.pts - self._origin)

    def _skip_to(self, after: Place) -> None:
        """Go on with the frame `after`. Left as it is where the clip cannot be searched: then frames are counted."""
        if self._last.index >= 0 or self._source.live:
            return
        try:
            self._container.seek(after.pts + self._origin, stream=self._stream, backward=True)
        except av.error.FFmpegError:
            self._start_again()
            return
        self._decoded = self._decode()
        for frame in self._decoded:
            if frame.pts is None or frame.pts - self._origin > after.pts:
                break
            if frame.pts - self._origin == after.pts:
                self._waiting, self._last = frame, Place(after.index - 1, after.pts - 1)
                return
        self._start_again()

    def _start_again(self) -> None:
        self._container.close()
        self._container = open_container(self._source)
        self._stream = _pictures_of(self._container, self._source)
        self._stream.thread_type = "SLICE"
        self._waiting, self._decoded = None, self._decode()

    def _decode(self) -> Generator[av.VideoFrame]:
        """Frames as FFmpeg gives them; damaged packets are passed over and counted."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.error.EOFError):
                return
            except (av.error.FFmpegError, OSError) as error:
                self.problem = f"it cannot be read any further ({' '.join((error.strerror or str(error)).split()).lower()})"
                return
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self._broken += 1
                continue
            yield from frames

    def _what_is_missing(self) -> str | None:
        """Whether the clip ended before it should have, or was damaged on the way."""
        if self._source.live:
            return None
        rate, declared = self.info.rate, self.info.duration_s
        end_s = float(self._last.pts * self._time_base + 1 / rate)
        if declared is not None and end_s < declared - max(0.25, 2 / float(rate), 0.01 * declared):
            return f"cut off: it ends after {end_s:.1f} of {declared:.1f} seconds"
        promised = self._stream.frames
        if promised and declared is None and self._last.index + 1 < 0.95 * promised:
            return f"cut off: it has {self._last.index + 1} of {promised} frames"
        if self._broken:
            return f"damaged: {self._broken} packets of it could not be decoded"
        return None

    def _refuse(self, reason: str) -> UnreadableFileError | InputError:
        path = self._source.path
        return UnreadableFileError(path, reason) if path is not None else InputError(f"{self._source.name}: {reason}")


def _pictures_of(container: InputContainer, source: Source) -> VideoStream:
    """The stream of moving pictures; the cover of a song is none."""
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    best = container.streams.best("video")
    stream = best if best in moving else moving[0] if moving else None
    if isinstance(stream, VideoStream) and getattr(stream, "codec_context", None) is not None:
        return stream
    if stream is not None:
        reason = "its pictures are in a codec that this FFmpeg does not know"
    else:
        reason = "it has no pictures, only sound" if container.streams.audio else "it has no pictures"
    raise UnreadableFileError(source.path, reason) if source.path else InputError(f"{source.name}: {reason}")


def _sound_of(container: InputContainer) -> av.AudioStream | None:
    found = container.streams.best("audio")
    return found if isinstance(found, av.AudioStream) else None


def _start_of(container: InputContainer, time_base: Fraction) -> int:
    """Where the file's own clock starts, in units of `time_base`: sound and pictures are counted from there."""
    start = container.start_time
    return 0 if start is None else math.floor(Fraction(start, av.time_base) / time_base)


def _duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Of the pictures, from the file's start; None where the file does not tell. Sound may go on for longer."""
    if stream.duration and stream.time_base and not container.format.name.startswith("avi"):
        lead = float((stream.start_time or 0) * stream.time_base) - (container.start_time or 0) / av.time_base
        return float(stream.duration * stream.time_base) + max(lead, 0.0)
    tag = stream.metadata.get("DURATION", "")
    parts = tag.split(":")
    if len(parts) == 3:
        try:
            return 3600 * int(parts[0]) + 60 * int(parts[1]) + float(parts[2])
        except ValueError:
            return None
    if container.duration and not container.streams.audio and not container.format.name.startswith("avi"):
        return container.duration / av.time_base
    return None


def _fitting(size_hw: tuple[int, int], max_size: int | None) -> tuple[int, int]:
    height, width = size_hw
    if max_size is None or max(height, width) <= max_size:
        return size_hw
    scale = max_size / max(height, width)
    return max(round(height * scale), 1), max(round(width * scale), 1)
