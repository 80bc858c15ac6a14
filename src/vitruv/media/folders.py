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
"""What counts as a photo inside a folder; files without a suffix count by their first bytes. A file that is named itself may have
any suffix."""

UNREADABLE_SUFFIXES = frozenset({".heic", ".heif", ".hif", ".cr2", ".cr3", ".nef", ".arw", ".dng", ".orf", ".rw2", ".raf"})
"""Photos, too, but in formats that no decoder here knows."""

_CONVERT = "no decoder for this format; convert it to JPEG or PNG"
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP  ")
_HEAD = 12  # bytes that tell a picture


@dataclass(frozen=True)
class PhotoFile:
    """A photo, and where it stands in what was asked for.

    path: as found. relative: path below the folder that was named, or just the name for a file that was named.
    """

    path: Path
    relative: Path


def find_photos(
    inputs: Iterable[PathLike],
    *,
    skip: Callable[[Path], bool] | None = None,
    left_out: Callable[[Path, str], object] = lambda path, reason: None,
) -> list[PhotoFile]:
    """Files as they are named; folders are walked through, in the order of their sorted paths.

    A photo is a path: one that is named twice is listed once, and links to photos or folders are followed and keep their own names.
    Hidden files and folders (a leading dot) are passed over inside folders, and so is every file or folder for which `skip(path)`
    is true. A named path that does not exist is listed too: reading it says so, and the others can still be done.
    left_out: called with every photo or folder that was met but cannot be used, and the reason.
    Raises InputError when there are no inputs, UnreadableFileError for a folder that cannot be listed.
    """
    photos: dict[Path, PhotoFile] = {}
    given = [Path(path) for path in inputs]
    if not given:
        raise InputError("name at least one photo or folder")
    for path in given:
        if path.is_dir():
            found = [PhotoFile(file, file.relative_to(path)) for file in _walk(path, skip, left_out)]
        else:
            found = [PhotoFile(path, Path(path.name))]
        for photo in found:
            photos.setdefault(photo.path.absolute(), photo)
    return list(photos.values())


def _walk(folder: Path, skip: Callable[[Path], bool] | None, left_out: Callable[[Path, str], object]) -> list[Path]:
    def wanted(path: Path) -> bool:
        return not path.name.startswith(".") and not (skip and skip(path))

    def refuse(error: OSError) -> None:
        raise UnreadableFileError(error.filename, f"the folder cannot be listed ({error.strerror})")

    def ends(path: Path) -> bool:
        """False, with a word, for a link back to a folder that we are in: following it would never end."""
        above = [parent for parent in path.parents if parent == folder or folder in parent.parents]
        if path.is_symlink() and any(path.samefile(parent) for parent in above):
            left_out(path, "a link to a folder it lies in")
            return False
        return True

    files: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        here = Path(parent)
        folders[:] = [name for name in folders if wanted(here / name) and ends(here / name)]
        for path in (here / name for name in names):
            suffix = path.suffix.lower()
            if suffix in UNREADABLE_SUFFIXES and wanted(path):
                left_out(path, _CONVERT)
            elif (suffix in PHOTO_SUFFIXES or not suffix) and wanted(path) and (suffix or _begins_as_picture(path)):
                files.append(path)
    return sorted(files)


def _begins_as_picture(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        return False
    return head.startswith(_STARTS) or (head[:4] == b"RIFF" and head[8:] == b"WEBP") or head[4:] == b"ftypavif"
