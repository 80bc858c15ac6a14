"""One clip from its file to the files that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitruv.clips.joined import join_segments, report_of
from vitruv.clips.segment import Preview, SegmentWriter
from vitruv.clips.settings import ClipSettings
from vitruv.clips.stages import Channel, Stopped, queue_length, start
from vitruv.clips.workplace import SegmentEnd, Workplace
from vitruv.errors import InputError
from vitruv.media.video import VideoFrame, VideoReader, sound_fits
from vitruv.results import DensePoses
from vitruv.runtime import Predictor
from vitruv.tracking import Tracker, TrackerState


@dataclass(frozen=True)
class Progress:
    """frames: done so far, those of an earlier run included. total: an estimate, None where nothing is known."""

    frames: int
    total: int | None


@dataclass(frozen=True)
class ClipResult:
    """problem: what was wrong with the clip, None when it was whole. resumed: frames that an earlier run had done."""

    frames: int
    people: int
    problem: str | None
    resumed: int


@dataclass(frozen=True)
class _Mapped:
    """A frame with its people. state: of the tracker, where a segment ends with this frame."""

    frame: VideoFrame
    people: DensePoses
    state: TrackerState | None


def convert_clip(
    reader: VideoReader,
    predictor: Predictor,
    workplace: Workplace,
    settings: ClipSettings,
    *,
    source: Path | None,
    resume: bool = False,
    preview: Preview | None = None,
    stop_asked: Callable[[], bool] = lambda: False,
) -> Generator[Progress | ClipResult]:
    """Do a clip. Yields after every frame; the last thing is the result.

    reader: the clip, opened with the settings' max_size. source: its file, for its sound; None for cameras and streams.
    resume: go on with an unfinished run; a finished one with the same settings is left as it is. preview: called with every
        overlay.
    stop_asked: once it is true, the clip counts as ended: how the recording of a camera is finished.
    Closing the generator stops the work: finished segments stay for the next run.
    Raises InputError (sound that the container cannot hold, an unfinished run, no frames in the stretch), UnwritableFileError.
    """
    if resume and (report := workplace.finished_report()) is not None:
        yield ClipResult(report["frames"], report["people"], report["problem"], resumed=report["frames"])
        return
    if source is not None and settings.sound and "overlay" in settings.save and reader.info.sound is not None:
        sound_fits(source, settings.container)
    segments = workplace.prepare(resume=resume)
    resumed = sum(len(end.times) for end in segments)
    tracker = Tracker(predictor, detect_every=settings.detect_every, threshold=settings.threshold, smooth=settings.smooth)
    if segments and (state := workplace.tracker_state(segments[-1])) is not None:
        tracker.restore(state)
    run = _Run(reader, tracker, workplace, settings, segments, preview, stop_asked)
    yield from run.frames(resumed)
    if not run.segments:
        workplace.clear()
        raise InputError(f"{reader.info.name}: no frame between --start and --end")
    join_segments(workplace, run.segments, reader.info, settings, source=source, problem=reader.problem)
    report = report_of(workplace, run.segments, reader.info, reader.problem)
    yield ClipResult(report["frames"], report["people"], reader.problem, resumed)


class _Run:
    """Three stages: a thread that decodes, the caller's thread that finds people, a thread that draws and writes."""

    def __init__(
        self,
        reader: VideoReader,
        tracker: Tracker,
        workplace: Workplace,
        settings: ClipSettings,
        segments: list[SegmentEnd],
        preview: Preview | None,
        stop_asked: Callable[[], bool],
    ) -> None:
        self._reader, self._tracker, self._workplace, self._settings = reader, tracker, workplace, settings
        self.segments = segments
        self._preview, self._stop_asked = preview, stop_asked
        height, width = reader.info.size_hw
        length = queue_length(3 * height * width, live=reader.info.live)
        self._decoded: Channel[VideoFrame] = Channel(length)
        self._mapped: Channel[_Mapped] = Channel(length)

    def frames(self, resumed: int) -> Iterator[Progress]:
        total = _total(self._reader, self._settings)
        threads = [start(self._read, "reader"), start(self._write, "writer")]
        done = resumed
        try:
            for frame in self._decoded:
                people = self._tracker(frame.rgb, frame.time_s)
                done += 1
                ends = done % self._settings.segment_frames == 0
                self._mapped.send(_Mapped(frame, people, self._tracker.state() if ends else None))
                yield Progress(done, None if total is None else max(total, done))
                if self._stop_asked():
                    break
            self._mapped.end()
            threads[1].join()
            self._mapped.check()
        except BaseException as error:
            self._mapped.stop(error)
            raise
        finally:
            self._decoded.stop()
            self._mapped.stop()
            for thread in threads:
                thread.join()

    def _read(self) -> None:
        settings = self._settings
        after = self.segments[-1].last if self.segments else None
        try:
            frames = self._reader.frames(start_s=settings.start_s, end_s=settings.end_s, every=settings.every, after=after)
            for frame in frames:
                self._decoded.send(frame)
        except Stopped:
            return
        except BaseException as error:  # handed to the thread that waits for the frames
            self._decoded.end(error)
        else:
            self._decoded.end()

    def _write(self) -> None:
        try:
            waiting = iter(self._mapped)
            mapped = next(waiting, None)
            while mapped is not None:
                mapped = self._write_segment(mapped, waiting)
        except BaseException as error:  # handed to the thread that sends the frames
            self._mapped.stop(error)

    def _write_segment(self, first: _Mapped, waiting: Iterator[_Mapped]) -> _Mapped | None:
        """Write frames until a segment is full or the clip ends. Returns the first frame of the next one."""
        origin = self.segments[0].origin if self.segments else first.frame.pts if self._settings.start_s > 0 else 0
        folder = self._workplace.begin_segment(len(self.segments))
        with SegmentWriter(folder, self._workplace, self._reader.info, self._settings, self._preview) as writer:
            mapped: _Mapped | None = first
            last = first
            while mapped is not None:
                writer.write(mapped.frame, mapped.people, pts=mapped.frame.pts - origin)
                last = mapped
                if mapped.state is not None:
                    break
                mapped = next(waiting, None)
        end = SegmentEnd(folder, np.array(writer.times, np.int64), last.frame.place, origin, writer.people)
        self.segments.append(self._workplace.finish_segment(end, last.state))
        return next(waiting, None)


def _total(reader: VideoReader, settings: ClipSettings) -> int | None:
    if reader.info.frames is None:
        return None
    first = settings.start_s * float(reader.info.rate)
    last = reader.info.frames if settings.end_s is None else min(settings.end_s * float(reader.info.rate), reader.info.frames)
    return max(round((last - first) / settings.every), 1)
