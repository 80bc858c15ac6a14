"""Segments as the files that were asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vitruv.clips.settings import ClipSettings
from vitruv.clips.workplace import REPORT, SegmentEnd, Workplace
from vitruv.files import replacing
from vitruv.media.video import Part, Sound, VideoInfo, join_parts


def join_segments(
    workplace: Workplace,
    segments: Sequence[SegmentEnd],
    info: VideoInfo,
    settings: ClipSettings,
    *,
    source: Path | None,
    problem: str | None,
) -> None:
    """Write the final files and the report, then take the segments away. Can be repeated after a kill at any moment."""
    save = settings.save
    videos = [("overlay", settings.container)] if "overlay" in save else []
    if settings.lossless == "mkv":
        videos += [(kind, "mkv") for kind in ("iuv", "labels") if kind in save]
    for kind, suffix in videos:
        sound = _sound(segments, info, settings, source, problem) if kind == "overlay" else None
        parts = [Part(end.folder / f"{kind}.{suffix}", end.times.tolist()) for end in segments]
        with workplace.final(f"_{kind}.{suffix}") as path:
            join_parts(parts, path, time_base=info.time_base, sound=sound)
    if "json" in save:
        folders = [end.folder for end in segments]
        with workplace.final("_results.json") as path:
            _join_json(folders, "results.jsonl", path, b"[", b"]\n")
        with workplace.final("_images.json") as path:
            _join_json(folders, "images.jsonl", path, b'{"images": [', b"]}\n")
    if "jsonl" in save:
        with workplace.final("_frames.jsonl") as path, replacing(path) as target:
            for end in segments:
                with (end.folder / "frames.jsonl").open("rb") as part:
                    shutil.copyfileobj(part, target)
    with workplace.final(REPORT) as path, replacing(path) as stream:
        stream.write(json.dumps(report_of(workplace, segments, info, problem), indent=1).encode() + b"\n")
    workplace.clear()


def report_of(workplace: Workplace, segments: Sequence[SegmentEnd], info: VideoInfo, problem: str | None) -> dict[str, Any]:
    """What was done, for people and for `--resume`."""
    height, width = info.size_hw
    return {
        "clip": info.name,
        "frames": sum(len(end.times) for end in segments),
        "people": sum(end.people for end in segments),
        "width": width,
        "height": height,
        "duration_s": round(float(int(segments[-1].times[-1].sum() - segments[0].times[0, 0]) * info.time_base), 6),
        "problem": problem,
        "settings": workplace.what,
    }


def _sound(
    segments: Sequence[SegmentEnd], info: VideoInfo, settings: ClipSettings, source: Path | None, problem: str | None
) -> Sound | None:
    """The sound between the first and the last frame; all of it where the whole clip was done."""
    if not settings.sound or info.sound is None or source is None or not segments:
        return None
    start = segments[0].origin
    last_end = int(segments[-1].times[-1].sum())
    end_s = None
    if settings.end_s is not None or problem is not None:
        end_s = float((start + last_end) * info.time_base)
    return Sound(source, start_s=float(start * info.time_base), end_s=end_s)


def _join_json(folders: Sequence[Path], name: str, target: Path, opening: bytes, closing: bytes) -> None:
    """Lines of several files as the elements of one list."""
    with replacing(target) as stream:
        stream.write(opening)
        before = b"\n"
        for folder in folders:
            with (folder / name).open("rb") as part:
                for line in part:
                    stream.write(before + line.rstrip(b"\n"))
                    before = b",\n"
        stream.write((b"\n" if before != b"\n" else b"") + closing)
