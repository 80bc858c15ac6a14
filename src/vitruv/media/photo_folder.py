"""Photos in a folder, found by the names that JSON files give them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from vitruv.errors import MissingFileError
from vitruv.files import FilePath, match_files
from vitruv.media.folders import find_photos
from vitruv.types import PathLike


class PhotoFolder:
    """names: all that the JSON file has, since a name without folders counts only where it is the only one."""

    def __init__(self, folder: PathLike, names: Iterable[str]) -> None:
        self.folder = Path(folder)
        self._names = list(names)

    def path(self, name: str) -> Path:
        """The photo of that name, by the rule of `vitruv.files.match_files`. Raises MissingFileError where there is none, or where
        it cannot be told which one is meant."""
        relative = Path(name)
        if name and not relative.is_absolute() and ".." not in relative.parts and (self.folder / relative).is_file():
            return self.folder / relative
        if name in self._found:
            return self._found[name]
        raise MissingFileError(self.folder / (name or "(no name)"), "no photo of this name is in the folder, or several are")

    @cached_property
    def _found(self) -> dict[str, Path]:
        photos = find_photos([self.folder])
        names = list(dict.fromkeys(self._names))
        found = match_files(names, [FilePath.on_disk(photo.path, photo.relative) for photo in photos])
        return {names[one]: photo.path for photo, one in zip(photos, found, strict=True) if isinstance(one, int)}
