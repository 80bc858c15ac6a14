"""The files of one segment."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from vitruv.clips.records import frame_line, image_entry, result_lines
from vitruv.clips.settings import ClipSettings
from vitruv.clips.workplace import Workplace
from vitruv.errors import UnwritableFileError
from vitruv.files import replacing
from vitruv.formats import encode_iuv, write_iuv_png, write_label_png, write_npz
from vitruv.media.video import Codec, VideoFrame, VideoInfo, VideoWriter
from vitruv.results import DensePoses
from vitruv.types import UInt8Array

Preview = Callable[[UInt8Array], None]


class SegmentWriter:
    """Writes what is wanted of the frames of a segment into its folder; used in a `with` block. Files of single frames go to
    their final place at once: each of them is whole, and another run writes the same."""

    def __init__(
        self, folder: Path, workplace: Workplace, info: VideoInfo, settings: ClipSettings, preview: Preview | None = None
    ) -> None:
        self.folder = folder
        self._workplace, self._info, self._settings, self._preview = workplace, info, settings, preview
        self.times: list[tuple[int, int]] = []
        self.people = 0
        self._stack = ExitStack()
        self._videos: dict[str, VideoWriter] = {}
        self._texts: dict[str, BinaryIO] = {}

    def __enter__(self) -> Self:
        save, lossless = self._settings.save, self._settings.lossless == "mkv"
        try:
            if "overlay" in save:
                self._open_video("overlay", self._settings.container, "h264")
            if "iuv" in save and lossless:
                self._open_video("iuv", "mkv", "ffv1")
            if "labels" in save and lossless:
                self._open_video("labels", "mkv", "ffv1-grey")
            for kind, name in (("json", "results.jsonl"), ("json", "images.jsonl"), ("jsonl", "frames.jsonl")):
                if kind in save:
                    self._texts[name] = self._stack.enter_context(replacing(self.folder / name))
            for kind in save:
                if kind == "npz" or (kind in ("iuv", "labels") and not lossless):
                    _make_folder(self._workplace.named(f"_{kind}"))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, frame: VideoFrame, people: DensePoses, *, pts: int) -> None:
        """One frame. pts: its time stamp in the output."""
        duration = frame.duration * self._settings.every
        save, order = self._settings.save, self._settings.channel_order
        if "overlay" in save or self._preview is not None:
            drawn = people.overlay(frame.rgb, track_ids=True)
            if self._preview is not None:
                self._preview(drawn)
            if "overlay" in self._videos:
                self._videos["overlay"].write(drawn, pts=pts, duration=duration)
        if "iuv" in save or "labels" in save:
            canvas = people.canvas()[0]
            if "iuv" in self._videos:
                self._videos["iuv"].write(encode_iuv(canvas, channel_order=order), pts=pts, duration=duration)
            elif "iuv" in save:
                write_iuv_png(self._workplace.numbered("iuv", frame.index, ".png"), canvas, channel_order=order)
            if "labels" in self._videos:
                self._videos["labels"].write(canvas.labels, pts=pts, duration=duration)
            elif "labels" in save:
                write_label_png(self._workplace.numbered("labels", frame.index, ".png"), canvas.labels)
        if "npz" in save:
            write_npz(self._workplace.numbered("npz", frame.index, ".npz"), people)
        if "json" in save:
            for line in result_lines(frame, people):
                self._texts["results.jsonl"].write(line.encode() + b"\n")
            self._texts["images.jsonl"].write(json.dumps(image_entry(frame, self._workplace.stem)).encode() + b"\n")
        if "jsonl" in save:
            self._texts["frames.jsonl"].write(frame_line(frame, people).encode() + b"\n")
        self.times.append((pts, duration))
        self.people += len(people)

    def _open_video(self, kind: str, suffix: str, codec: Codec) -> None:
        info = self._info
        writer = VideoWriter(
            self.folder / f"{kind}.{suffix}",
            size_hw=info.size_hw,
            rate=info.rate / self._settings.every,
            time_base=info.time_base,
            codec=codec,
            pixel_aspect=info.pixel_aspect if codec == "h264" else Fraction(1),
        )
        self._videos[kind] = self._stack.enter_context(writer)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableFileError(folder, f"the folder cannot be made ({(error.strerror or str(error)).lower()})") from None
