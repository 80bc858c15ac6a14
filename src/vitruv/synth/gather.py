"""Assets from folders into the arrays of a pack."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from vitruv.errors import MissingFileError, UnreadableFileError
from vitruv.synth.pack import join_blobs
from vitruv.types import AnyArray, UInt8Array

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def pictures_in(folder: Path) -> list[Path]:
    """Pictures of a folder and those below it, sorted by name. Raises MissingFileError."""
    if not folder.is_dir():
        raise MissingFileError(folder, "no such folder")
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES)


def _open(path: Path) -> Image.Image:
    try:
        return Image.open(path).convert("RGB")
    except (OSError, ValueError) as error:
        raise UnreadableFileError(path, f"is not a picture that can be read ({error})") from error


def photo_arrays(name: str, paths: list[Path], *, longest_px: int, quality: int) -> dict[str, AnyArray]:
    """Pictures as JPEG bytes under `<name>_bytes` and `<name>_ends`."""
    blobs = []
    for path in paths:
        picture = _open(path)
        picture.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        blobs.append(buffer.getvalue())
    joined, ends = join_blobs(blobs)
    return {f"{name}_bytes": joined, f"{name}_ends": ends}


def texture_array(paths: list[Path], *, side: int = 64) -> UInt8Array:
    """(n, side, side, 3) uint8: the middle square of every picture."""
    out = np.zeros((len(paths), side, side, 3), np.uint8)
    for i, path in enumerate(paths):
        picture = _open(path)
        edge = min(picture.size)
        left, top = (picture.width - edge) // 2, (picture.height - edge) // 2
        out[i] = np.asarray(picture.crop((left, top, left + edge, top + edge)).resize((side, side), Image.Resampling.LANCZOS))
    return out
