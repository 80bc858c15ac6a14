"""Photos of an annotation file, found in a folder."""

from __future__ import annotations

from pathlib import Path

from vitruv.errors import MissingFileError
from vitruv.formats import ImageInfo
from vitruv.media import read_image
from vitruv.types import UInt8Array


def photo_of(image: ImageInfo, folder: Path) -> UInt8Array:
    """The photo of an image, by its file name or the last part of it. Raises MissingFileError, UnreadableFileError."""
    for name in (image.file_name, Path(image.file_name).name):
        if name and (folder / name).is_file():
            return read_image(folder / name)
    raise MissingFileError(folder / (image.file_name or str(image.id)), f"no photo for image {image.id} in this folder")
