"""Folders that are written into."""

from __future__ import annotations

from pathlib import Path

from vitruv.errors import UnwritableFileError
from vitruv.types import PathLike


def make_folder(folder: PathLike) -> None:
    """Make a folder and those above it. Raises UnwritableFileError."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UnwritableFileError(folder, "there is a file of this name, so no folder can be made") from None
    except OSError as error:
        raise UnwritableFileError(folder, f"the folder cannot be made ({(error.strerror or str(error)).lower()})") from None
