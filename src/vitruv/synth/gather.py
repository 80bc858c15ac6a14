"""Assets from folders into the arrays of a pack."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from vitruv.body import PoseLibrary
from vitruv.body.arrays import read_npz, write_npz
from vitruv.body.model import BUILT_IN as BUILT_IN_BODY
from vitruv.errors import MissingFileError, UnreadableFileError
from vitruv.surface import Atlas
from vitruv.synth.pack import SynthPack, join_blobs
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


def build_pack(assets: Path, output: Path, *, photo_px: int = 384) -> dict[str, int]:
    """Write a pack with the package's body and atlas, and what lies in `assets`. Returns how many of each there are.

    assets: a folder with any of `backgrounds/`, `textures/`, `skins/` (pictures), `poses/` (motion, .npz) and `wardrobe/`.
        What is missing is left out: backgrounds become procedural, skins plain, poses those of tables.
    photo_px: longest side of the backgrounds.
    Raises MissingFileError, UnreadableFileError, FormatError or UnwritableFileError.
    """
    if not assets.is_dir():
        raise MissingFileError(assets, "no such folder")
    arrays: dict[str, AnyArray] = dict(read_npz(BUILT_IN_BODY))
    atlas = Atlas.load()
    arrays["atlas_chart_of_face"] = atlas.chart_of_face.astype(np.uint8)
    arrays["atlas_corner_uv"] = atlas.corner_uv.astype(np.float32)

    def pictures(name: str) -> list[Path]:
        return pictures_in(assets / name) if (assets / name).is_dir() else []

    backgrounds, textures, skins = pictures("backgrounds"), pictures("textures"), pictures("skins")
    arrays |= photo_arrays("backgrounds", backgrounds, longest_px=photo_px, quality=80)
    arrays |= photo_arrays("skins", skins, longest_px=512, quality=88)
    arrays["textures"] = texture_array(textures)
    motions = sorted((assets / "poses").glob("*.npz")) if (assets / "poses").is_dir() else []
    poses = PoseLibrary.load(motions[0] if motions else None)
    arrays |= poses.to_arrays()
    SynthPack(arrays)
    write_npz(output, arrays)
    return {"backgrounds": len(backgrounds), "textures": len(textures), "skins": len(skins), "poses": len(poses)}
