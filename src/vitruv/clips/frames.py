"""`vitruv.video`: the frames of a clip with their people, in a loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from vitruv.errors import InputError
from vitruv.media.video import Codec, Source, VideoInfo, VideoReader, VideoWriter
from vitruv.results import DensePoses
from vitruv.runtime import Predictor, load
from vitruv.tracking import Smoothing, Tracker
from vitruv.types import PathLike, UInt8Array


@dataclass(frozen=True, eq=False)
class PeopleFrame:
    """A frame and who is in it.

    rgb: (h, w, 3) uint8, upright. people: `DensePoses` with `track_ids`. index: number in the clip, from 0. time_s: seconds since
    the first frame. pts, duration: as the clip tells them, for `VideoWriter.write`.
    """

    rgb: UInt8Array
    people: DensePoses
    index: int
    time_s: float
    pts: int
    duration: int


class Video:
    """Made by `video`; a loop over it gives `PeopleFrame`s, once."""

    def __init__(
        self, reader: VideoReader, tracker: Tracker, *, start_s: float = 0.0, end_s: float | None = None, every: int = 1
    ) -> None:
        self._reader, self._tracker = reader, tracker
        self._frames = reader.frames(start_s=start_s, end_s=end_s, every=every)
        self._every = every

    @property
    def info(self) -> VideoInfo:
        """What is known of the clip: size, rate, length, sound."""
        return self._reader.info

    @property
    def problem(self) -> str | None:
        """After the loop: what was wrong with the clip, in words; None when it was whole."""
        return self._reader.problem

    def __iter__(self) -> Iterator[PeopleFrame]:
        try:
            for frame in self._frames:
                people = self._tracker(frame.rgb, frame.time_s)
                duration = frame.duration * self._every
                yield PeopleFrame(frame.rgb, people, frame.index, frame.time_s, frame.pts, duration)
        finally:
            self.close()

    def writer(self, path: PathLike, *, codec: Codec = "h264") -> VideoWriter:
        """A writer for pictures of this clip's size and times, for a `with` block."""
        info = self.info
        return VideoWriter(
            path,
            size_hw=info.size_hw,
            rate=info.rate / self._every,
            time_base=info.time_base,
            codec=codec,
            pixel_aspect=info.pixel_aspect,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the clip back. A loop that comes to its end does so itself."""
        self._reader.close()


def video(
    source: PathLike | Source,
    *,
    predictor: Predictor | None = None,
    start_s: float = 0.0,
    end_s: float | None = None,
    every: int = 1,
    max_size: int | None = None,
    detect_every: int = 5,
    threshold: float | None = None,
    smooth: Smoothing = "off",
) -> Video:
    """Dense pose of every frame of a clip.

        for frame in vitruv.video("clip.mp4"):
            print(frame.time_s, frame.people.track_ids)

    source: a file, the address of a stream, or `vitruv.media.video.camera("0")`. predictor: of `vitruv.load`; None loads the model
    inside the package. start_s, end_s: seconds since the first frame. every: one of so many frames. max_size: longest side of
    frames in pixels; larger ones are made smaller. detect_every, threshold, smooth: as for `vitruv.Tracker`.
    Raises MissingFileError or UnreadableFileError for a file that is no clip, InputError for arguments, streams and cameras.
    """
    if every < 1:
        raise InputError(f"every must be at least 1, but is {every}")
    reader = VideoReader(source, max_size=max_size)
    try:
        tracker = Tracker(predictor or load(), detect_every=detect_every, threshold=threshold, smooth=smooth)
    except BaseException:
        reader.close()
        raise
    return Video(reader, tracker, start_s=start_s, end_s=end_s, every=every)
