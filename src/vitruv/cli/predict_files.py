"""Which files `vitruv predict` reads, and what it writes for each."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vitruv.errors import InputError, UnwritableFileError
from vitruv.formats import ChannelOrder, write_iuv_png, write_label_png, write_npz, write_png
from vitruv.formats.presets import Preset, PresetWriter, RunPreset, presets
from vitruv.media import PhotoFile, find_photos
from vitruv.results import DensePoses
from vitruv.types import UInt8Array

Product = Literal["overlay", "iuv", "labels", "npz", "json"]

_COCO_NAME = re.compile(r"(?:.*_)?(\d{12})")
_OWN_PICTURE = re.compile(r"(.+)_(?:overlay|iuv|labels)\.png")


@dataclass(frozen=True)
class Job:
    """One photo to do. stem: path below the output folder that its files' names begin with."""

    photo: PhotoFile
    stem: Path


def plan(inputs: Sequence[Path], output: Path) -> list[Job]:
    """Photos to do, in order, each with a stem of its own.

    Folder structure below a named folder is kept. Photos whose stems would be equal (a.jpg beside a.png, or two folders named
    together) keep their suffix in the stem, and are numbered if that is not enough. The output folder is not searched; where it
    is, or holds, a folder that is searched, the pictures of earlier runs in it are left out.
    Raises InputError when no photo is found.
    """
    home = output.resolve()
    searched = {path.resolve() for path in inputs if path.is_dir()}
    photos = find_photos(inputs, skip=lambda path: path.resolve() == home and home not in searched)
    beside = {(photo.path.parent, photo.path.stem) for photo in photos}
    photos = [photo for photo in photos if not (photo.path.resolve().is_relative_to(home) and _is_product(photo.path, beside))]
    if not photos:
        raise InputError(f"no photos in {', '.join(map(str, inputs))}")
    return [Job(photo, stem) for photo, stem in zip(photos, _distinct([photo.relative for photo in photos]), strict=True)]


def _is_product(path: Path, beside: set[tuple[Path, str]]) -> bool:
    match = _OWN_PICTURE.fullmatch(path.name)
    return match is not None and (path.parent, match[1]) in beside


def _distinct(relatives: list[Path]) -> list[Path]:
    """A stem for each path: without suffix, or with it where two would be equal, or numbered where that is still so.

    Equal means equal on a file system that does not tell capitals from small letters.
    """
    short = [path.with_suffix("") for path in relatives]
    counts = Counter(_folded(stem) for stem in short)
    stems = [stem if counts[_folded(stem)] == 1 else path for stem, path in zip(short, relatives, strict=True)]
    taken: set[str] = set()
    result = []
    for stem in stems:
        name, number = stem.name, 1
        while _folded(stem) in taken:
            number += 1
            stem = stem.with_name(f"{name}-{number}")
        taken.add(_folded(stem))
        result.append(stem)
    return result


def _folded(path: Path) -> str:
    return path.as_posix().casefold()


def image_ids(jobs: list[Job]) -> list[int]:
    """Ids for results.json: those in the names when all photos are named as in COCO (twelve digits at the end), else 1, 2, 3 ..."""
    matches = [_COCO_NAME.fullmatch(job.photo.path.stem) for job in jobs]
    ids = [int(match[1]) for match in matches if match]
    if len(ids) == len(jobs) == len(set(ids)):
        return ids
    return list(range(1, len(jobs) + 1))


def make_folder(folder: Path) -> None:
    """Make a folder and those above it. Raises UnwritableFileError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UnwritableFileError(folder, "there is a file of this name, so no folder can be made") from None
    except OSError as error:
        raise UnwritableFileError(folder, f"the folder cannot be made ({(error.strerror or str(error)).lower()})") from None


def write_products(
    stem: Path, rgb: UInt8Array, people: DensePoses, *, products: Sequence[Product], channel_order: ChannelOrder
) -> None:
    """Write a photo's own files: `<stem>_overlay.png` and so on. Raises UnwritableFileError."""
    make_folder(stem.parent)
    if "overlay" in products:
        from vitruv.draw import overlay

        write_png(_named(stem, "_overlay.png"), overlay(rgb, people))
    if "iuv" in products or "labels" in products:
        canvas, _ = people.canvas()
        if "iuv" in products:
            write_iuv_png(_named(stem, "_iuv.png"), canvas, channel_order=channel_order)
        if "labels" in products:
            write_label_png(_named(stem, "_labels.png"), canvas.labels)
    if "npz" in products:
        write_npz(_named(stem, ".npz"), people)


def _named(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)


def preset_writer(name: str, output: Path, jobs: Sequence[Job]) -> PresetWriter:
    """The writer of a preset's files for these photos. Raises InputError, or FormatError for a preset file."""
    return PresetWriter(presets[name], output, [job.photo.relative for job in jobs])


def of_people(preset: Preset | RunPreset, jobs: list[Job]) -> list[Job]:
    """The photos without those that are of things in the preset's data set; says how many these are. Raises InputError if all."""
    wanted = [job for job in jobs if preset.wants(job.photo.relative)]
    if len(wanted) < len(jobs):
        print(f"{len(jobs) - len(wanted)} of {len(jobs)} photos passed over: not of people, by their names", file=sys.stderr)
    if not wanted:
        raise InputError(f"no photo of a person, by the names that the preset {preset.name} expects")
    return wanted


def add_map(writer: PresetWriter, image_id: int, job: Job, people: DensePoses) -> None:
    """Write a photo's files of a preset, and tell on stderr what the user may want to know about them."""
    for remark in writer.add(job.photo.relative, people, image_id=image_id, source=job.photo.path):
        print(f"{job.photo.path}: {remark}", file=sys.stderr)
