"""Pixels as PNG files, written quickly, with a mark that says who wrote them."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, PngImagePlugin

from vitruv.files import replacing
from vitruv.types import PathLike, UInt8Array

_MARK = b"tEXtSoftware\0Vitruv"
_HEAD = 128  # bytes; the mark stands before the pixels


def write_png(path: PathLike, pixels: UInt8Array) -> None:
    """Write (h, w) or (h, w, 3) uint8. Raises UnwritableFileError.

    The lowest compression level takes a third of the time of the default, for files a tenth larger.
    """
    image, notes = Image.fromarray(pixels), PngImagePlugin.PngInfo()
    notes.add_text("Software", "Vitruv")
    with replacing(path) as stream:
        image.save(stream, "png", compress_level=1, pnginfo=notes)


def is_written_here(path: PathLike) -> bool:
    """Whether a file is a PNG of `write_png`; False for files that cannot be read."""
    try:
        with Path(path).open("rb") as stream:
            return _MARK in stream.read(_HEAD)
    except OSError:
        return False
