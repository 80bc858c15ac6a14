"""Where a clip's files are made: finished segments in a hidden folder beside them, so that a killed run can go on."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vitruv._version import __version__
from vitruv.clips.settings import ClipSettings
from vitruv.errors import InputError, UnreadableFileError, UnwritableFileError
from vitruv.files import replacing
from vitruv.media.video import Place, VideoInfo
from vitruv.tracking import TrackerState
from vitruv.types import Int64Array

REPORT = "_clip.json"
_SETTINGS, _END, _STATE = "settings.json", "end.json", "tracker.npz"


@dataclass(frozen=True)
class SegmentEnd:
    """A finished segment. times: (n, 2) int64, time stamp and duration of its frames in the clip's time base, from the output's
    start. last: its last frame in the clip. origin: the time stamp in the clip that is the output's start. people: how many were
    seen, over all frames."""

    folder: Path
    times: Int64Array
    last: Place
    origin: int
    people: int


@dataclass(frozen=True)
class Workplace:
    """output: folder of the results. stem: what their names begin with. what: the settings that results depend on, as JSON."""

    output: Path
    stem: str
    what: dict[str, Any]

    @classmethod
    def of(cls, output: Path, stem: str, info: VideoInfo, settings: ClipSettings, *, source: Path | None, model: str) -> Workplace:
        """model: which predictor is used, in words. source: the clip's file, if it is one."""
        stat = None if source is None else source.stat()
        what: dict[str, Any] = {
            "clip": info.name if source is None else source.name,
            "bytes": None if stat is None else stat.st_size,
            "modified_ns": None if stat is None else stat.st_mtime_ns,
            "model": model,
            "version": __version__,
            **asdict(settings),
        }
        return cls(output, stem, json.loads(json.dumps(what)))

    @property
    def folder(self) -> Path:
        """Of the segments."""
        return self.output / f".{self.stem}.segments"

    @property
    def report(self) -> Path:
        """Written last: when it is there, everything is."""
        return self.named(REPORT)

    def named(self, ending: str) -> Path:
        return self.output / f"{self.stem}{ending}"

    def numbered(self, kind: str, index: int, suffix: str) -> Path:
        """A file of one frame, by the frame's number in the clip."""
        return self.named(f"_{kind}") / f"{index:06d}{suffix}"

    def finished_report(self) -> dict[str, Any] | None:
        """The report of a finished run with the same settings; None where there is none."""
        try:
            report = json.loads(self.report.read_text())
        except (OSError, ValueError):
            return None
        return report if isinstance(report, dict) and report.get("settings") == self.what else None

    def prepare(self, *, resume: bool) -> list[SegmentEnd]:
        """Make the folders; returns the segments of a run to go on with, none for a new one.

        Raises InputError when an unfinished run is there and not to be resumed, or it was begun with other settings.
        """
        begun = self._begun()
        if begun is not None and not resume:
            raise InputError(
                f"{self.folder}: an unfinished run is here; --resume goes on with it, and deleting this folder starts anew"
            )
        if begun is not None and begun != self.what:
            different = ", ".join(sorted(k for k in begun.keys() | self.what.keys() if begun.get(k) != self.what.get(k)))
            raise InputError(
                f"{self.folder}: the unfinished run was begun with another {different}; "
                "use the same again, or delete this folder to start anew"
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for leftover in self.folder.glob("*.part"):
                shutil.rmtree(leftover)
            for kind in ("iuv", "labels", "npz"):
                for half in self.named(f"_{kind}").glob(".*.part"):
                    half.unlink()
            if begun is None:
                self.report.unlink(missing_ok=True)
        except FileExistsError:
            raise UnwritableFileError(self.output, "there is a file of this name, so no folder can be made") from None
        except OSError as error:
            raise UnwritableFileError(
                self.output, f"the folder cannot be made ({(error.strerror or str(error)).lower()})"
            ) from None
        if begun is None:
            with replacing(self.folder / _SETTINGS) as stream:
                stream.write(json.dumps(self.what).encode())
            return []
        return self._finished()

    def _begun(self) -> dict[str, Any] | None:
        try:
            what = json.loads((self.folder / _SETTINGS).read_text())
        except (OSError, ValueError):
            return None
        return what if isinstance(what, dict) else None

    def _finished(self) -> list[SegmentEnd]:
        segments: list[SegmentEnd] = []
        while (folder := self.folder / f"{len(segments):05d}").is_dir():
            segments.append(_read_end(folder))
        return segments

    def begin_segment(self, number: int) -> Path:
        """A folder for a segment's files; it has another name until the segment is finished."""
        folder = self.folder / f"{number:05d}.part"
        try:
            folder.mkdir()
        except OSError as error:
            raise UnwritableFileError(folder, f"the folder cannot be made ({(error.strerror or str(error)).lower()})") from None
        return folder

    def finish_segment(self, end: SegmentEnd, state: TrackerState | None) -> SegmentEnd:
        """Give a segment its name; from then on it outlives a kill. state: of the tracker; None at the end of the clip."""
        what = {
            "times": end.times.tolist(),
            "index": end.last.index,
            "pts": end.last.pts,
            "origin": end.origin,
            "people": end.people,
        }
        with replacing(end.folder / _STATE) as stream:
            np.savez(stream, **(state or {}))  # type: ignore[arg-type]  # NumPy's stub takes no dictionary of arrays
        with replacing(end.folder / _END) as stream:
            stream.write(json.dumps(what).encode())
        folder = end.folder.with_suffix("")
        end.folder.rename(folder)
        return replace(end, folder=folder)

    def tracker_state(self, end: SegmentEnd) -> TrackerState | None:
        """What the tracker knew at the end of a segment; None where the clip ended."""
        try:
            with np.load(end.folder / _STATE, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files} or None
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise _damaged(end.folder, error) from None

    @contextmanager
    def final(self, ending: str) -> Iterator[Path]:
        """A path among the segments, of which the file takes its final name after the block: what a kill leaves goes with them."""
        made = self.folder / f"{self.stem}{ending}"
        yield made
        try:
            made.replace(self.named(ending))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UnwritableFileError(self.named(ending), f"cannot be written: {reason}") from None

    def clear(self) -> None:
        """Take the segments away."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _read_end(folder: Path) -> SegmentEnd:
    try:
        what = json.loads((folder / _END).read_text())
        times = np.array(what["times"], np.int64).reshape(-1, 2)
        last = Place(int(what["index"]), int(what["pts"]))
        return SegmentEnd(folder, times, last, int(what["origin"]), int(what["people"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, error) from None


def _damaged(folder: Path, error: Exception) -> UnreadableFileError:
    return UnreadableFileError(folder, f"this segment is damaged ({error}); delete it and those behind it to go on")
