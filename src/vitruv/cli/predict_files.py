"""Which files `vitruv predict` reads, and what it writes for each."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vitruv.errors import InputError
from vitruv.files import FilePath, make_folder
from vitruv.formats import ChannelOrder, is_written_here, people_codes, write_label_png, write_npz, write_people_iuv_png, write_png
from vitruv.formats.presets import Preset, PresetWriter, RunPreset, presets
from vitruv.media import PhotoFile, find_photos
from vitruv.results import DensePoses
from vitruv.types import UInt8Array

Product = Literal["overlay", "iuv", "labels", "npz", "json"]
ENDINGS: Mapping[Product, str] = {"overlay": "_overlay.png", "iuv": "_iuv.png", "labels": "_labels.png", "npz": ".npz"}
"""What the names of a photo's own files end in."""

_COCO_NAME = re.compile(r"(?:.*_)?(\d{12})")
_OWN_PICTURE = re.compile(r".+_(?:overlay|iuv|labels|annotations|results|person)\.png")
_LONGEST = 255 - max(map(len, ENDINGS.values()))  # bytes of a stem's last part; systems allow 255 for a name


@dataclass(frozen=True)
class Job:
    """One photo to do.

    stem: path below the output folder that its files' names begin with. key: where the photo is, as seen from the output folder.
    """

    photo: PhotoFile
    stem: Path
    key: str

    @property
    def file(self) -> FilePath:
        return FilePath.on_disk(self.photo.path, self.photo.relative)


def photos_to_do(inputs: Sequence[Path], output: Path, *, left_out: Callable[[Path, str], object]) -> list[PhotoFile]:
    """The photos of a run, in order. The output folder is not searched unless it is, or lies above, what was named; pictures that
    Vitruv wrote are left out.

    Raises InputError when no photo is found.
    """
    home = output.resolve()
    searched = {path.resolve() for path in inputs if path.is_dir()}

    def skip(path: Path) -> bool:
        if path.is_dir():
            return path.resolve() == home and home not in searched
        if _OWN_PICTURE.fullmatch(path.name) and is_written_here(path):
            left_out(path, "written by Vitruv")
            return True
        return False

    photos = find_photos(inputs, skip=skip, left_out=left_out)
    if not photos:
        raise InputError(f"no photos in {', '.join(map(str, inputs))}")
    return photos


def plan(photos: Sequence[PhotoFile], output: Path, known: Mapping[str, Mapping[str, Any]] | None = None) -> list[Job]:
    """Photos to do, each with a stem of its own.

    Folder structure below a named folder is kept. Photos whose stems would be equal (a.jpg beside a.png, or two folders named
    together) keep their suffix in the stem, and are numbered if that is not enough; names too long for a file are cut.
    known: entries of images.json by `photo`; what is there keeps its stem, and no other photo gets it.
    Raises InputError where the output folder has results of another photo of the same name.
    """
    known = known or {}
    keys = [_seen_from(output, photo.path) for photo in photos]
    entries = [known.get(key) for key in keys]
    others = {str(entry["file_name"]): key for key, entry in known.items() if key not in set(keys)}
    for photo, entry in zip(photos, entries, strict=True):
        name = photo.relative.as_posix()
        if entry is None and name in others:
            raise InputError(
                f"{output} has results of another {name} ({output / others[name]}); choose another folder for --output"
            )
    fresh = [photo.relative for photo, entry in zip(photos, entries, strict=True) if entry is None]
    stems = iter(_distinct(fresh, {_folded(Path(entry["stem"])) for entry in known.values()}))
    return [
        Job(photo, next(stems) if entry is None else Path(entry["stem"]), key)
        for photo, key, entry in zip(photos, keys, entries, strict=True)
    ]


def _seen_from(folder: Path, photo: Path) -> str:
    try:
        return Path(os.path.relpath(photo, folder)).as_posix()
    except ValueError:  # Windows: on another drive
        return photo.absolute().as_posix()


def _distinct(relatives: list[Path], taken: Iterable[str] = ()) -> list[Path]:
    """A stem for each path: without suffix, or with it where two would be equal, or numbered where that is still so.

    Equal means equal on a file system that does not tell capitals from small letters. taken: such stems of others.
    """
    used = set(taken)
    short = [path.with_suffix("") for path in relatives]
    counts = Counter([*map(_folded, short), *used])
    stems = [stem if counts[_folded(stem)] == 1 else path for stem, path in zip(short, relatives, strict=True)]
    result = []
    for stem in stems:
        stem = _cut(stem)
        name, number = stem.name, 1
        while _folded(stem) in used:
            number += 1
            stem = stem.with_name(f"{name}-{number}")
        used.add(_folded(stem))
        result.append(stem)
    return result


def _cut(stem: Path) -> Path:
    """A stem whose files' names are not too long for the file system; what was cut off stands in a few letters."""
    name = os.fsencode(stem.name)
    if len(name) <= _LONGEST - 4:  # room for a number
        return stem
    kept = os.fsdecode(name[: _LONGEST - 13].decode("utf-8", "ignore").encode())
    return stem.with_name(f"{kept}~{hashlib.sha256(name).hexdigest()[:8]}")


def _folded(path: Path) -> str:
    return path.as_posix().casefold()


def image_ids(
    jobs: Sequence[Job], known: Mapping[str, Mapping[str, Any]] | None = None, listed: Sequence[int] | None = None
) -> list[int]:
    """Ids for results.json: listed ones; else what images.json has; else the numbers in the names when all photos are named as in
    COCO (twelve digits at the end); else 1, 2, 3 ..., or the next ones that are free.

    known: entries of images.json by `photo`. Raises InputError where an id is another photo's.
    """
    known = known or {}
    others = {int(entry["id"]): key for key, entry in known.items() if key not in {job.key for job in jobs}}
    coco = _coco_ids(jobs)
    fixed = coco if listed is None else listed
    if fixed is not None:
        owners = dict(others)
        for job, image_id in zip(jobs, fixed, strict=True):
            if image_id in owners:
                raise InputError(
                    f"image id {image_id} stands for {job.photo.path} and for {owners[image_id]}; it can be of one only"
                )
            owners[image_id] = str(job.photo.path)
        return list(fixed)
    used = {*others, *(int(known[job.key]["id"]) for job in jobs if job.key in known)}
    beyond = max([*used, len(jobs)])
    ids = []
    for i, job in enumerate(jobs, start=1):
        if job.key in known:
            ids.append(int(known[job.key]["id"]))
        elif i not in used:
            ids.append(i)
        else:
            beyond += 1
            ids.append(beyond)
    return ids


def _coco_ids(jobs: Sequence[Job]) -> list[int] | None:
    matches = [_COCO_NAME.fullmatch(job.photo.path.stem) for job in jobs]
    ids = [int(match[1]) for match in matches if match]
    return ids if len(ids) == len(jobs) == len(set(ids)) else None


def files_of(output: Path, stem: Path, products: Iterable[Product]) -> dict[Product, Path]:
    """A photo's own files."""
    base = output / stem
    return {product: base.with_name(base.name + ENDINGS[product]) for product in products if product in ENDINGS}


def write_products(files: Mapping[Product, Path], rgb: UInt8Array, people: DensePoses, *, channel_order: ChannelOrder) -> None:
    """Write a photo's own files, two at a time. Raises UnwritableFileError."""
    for folder in {path.parent for path in files.values()}:
        make_folder(folder)

    def draw() -> None:
        if "overlay" in files:
            from vitruv.draw import overlay

            write_png(files["overlay"], overlay(rgb, people))

    def write_maps() -> None:
        if "npz" in files:
            write_npz(files["npz"], people)
        if "iuv" in files or "labels" in files:
            codes = people_codes(people)
            if "iuv" in files:
                write_people_iuv_png(files["iuv"], codes, channel_order=channel_order)
            if "labels" in files:
                write_label_png(files["labels"], codes[0])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda write: write(), (draw, write_maps)))


def preset_writer(name: str, output: Path, photos: Sequence[PhotoFile]) -> PresetWriter:
    """The writer of a preset's files for these photos. Raises InputError, or FormatError for a preset file."""
    return PresetWriter(presets[name], output, [photo.relative for photo in photos])


def of_people(preset: Preset | RunPreset, photos: list[PhotoFile]) -> list[PhotoFile]:
    """The photos without those that are of things in the preset's data set; says how many these are. Raises InputError if all."""
    wanted = [photo for photo in photos if preset.wants(photo.relative)]
    if len(wanted) < len(photos):
        print(f"{len(photos) - len(wanted)} of {len(photos)} photos passed over: not of people, by their names", file=sys.stderr)
    if not wanted:
        raise InputError(f"no photo of a person, by the names that the preset {preset.name} expects")
    return wanted


def add_map(writer: PresetWriter, image_id: int, photo: PhotoFile, people: DensePoses) -> None:
    """Write a photo's files of a preset, and tell on stderr what the user may want to know about them."""
    for remark in writer.add(photo.relative, people, image_id=image_id, source=photo.path):
        print(f"{photo.path}: {remark}", file=sys.stderr)
