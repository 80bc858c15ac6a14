"""Photos named on a command line, files and folders, as one list in a steady order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from vitruv.errors import InputError, UnreadableFileError
from vitruv.types import PathLike

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".avif", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".jp2", ".j2k"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".tga"}
)
"""What counts as a photo inside a folder. A file that is named itself may have any suffix."""


@dataclass(frozen=True)
class PhotoFile:
    """A photo, and where it stands in what was asked for.

    path: as found. relative: path below the folder that was named, or just the name for a file that was named.
    """

    path: Path
    relative: Path


def find_photos(inputs: Iterable[PathLike], *, skip: Callable[[Path], bool] | None = None) -> list[PhotoFile]:
    """Files as they are named; folders are walked through, in the order of their sorted paths.

    A photo that is reached twice is listed once. Hidden files and folders (a leading dot) are passed over inside folders, and so
    is every file or folder for which `skip(path)` is true. A named path that does not exist is listed too: reading it says so,
    and the others can still be done.
    Raises InputError when there are no inputs, UnreadableFileError for a folder that cannot be listed.
    """
    photos: dict[Path, PhotoFile] = {}
    given = [Path(path) for path in inputs]
    if not given:
        raise InputError("name at least one photo or folder")
    for path in given:
        if path.is_dir():
            found = [PhotoFile(file, file.relative_to(path)) for file in _walk(path, skip)]
        else:
            found = [PhotoFile(path, Path(path.name))]
        for photo in found:
            photos.setdefault(photo.path.resolve(), photo)
    return list(photos.values())


def _walk(folder: Path, skip: Callable[[Path], bool] | None) -> list[Path]:
    def wanted(path: Path) -> bool:
        return not path.name.startswith(".") and not (skip and skip(path))

    def refuse(error: OSError) -> None:
        raise UnreadableFileError(error.filename, f"the folder cannot be listed ({error.strerror})")

    files: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=refuse):
        here = Path(parent)
        folders[:] = [name for name in folders if wanted(here / name)]
        files += [here / name for name in names if Path(name).suffix.lower() in PHOTO_SUFFIXES and wanted(here / name)]
    return sorted(files)
