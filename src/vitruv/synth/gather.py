"""Assets from folders into the arrays of a pack."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from vitruv.body import PoseLibrary
from vitruv.body.model import BUILT_IN as BUILT_IN_BODY
from vitruv.body.wardrobe_files import load_wardrobe
from vitruv.errors import MissingFileError, UnreadableFileError
from vitruv.files import read_arrays, write_arrays
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


@dataclass(frozen=True)
class Assets:
    """Where things lie; what is None is left out: backgrounds become procedural, skins plain, poses those of tables.

    backgrounds, textures, skins: folders of pictures. poses: a motion file (.npz). wardrobe: a folder with an
    index.json of MakeHuman clothes.
    """

    backgrounds: Path | None = None
    textures: Path | None = None
    skins: Path | None = None
    poses: Path | None = None
    wardrobe: Path | None = None

    @classmethod
    def of_folder(cls, folder: Path) -> Assets:
        """A folder with any of backgrounds/, textures/, skins/, poses/ and wardrobe/. Raises MissingFileError."""
        if not folder.is_dir():
            raise MissingFileError(folder, "no such folder")

        def there(name: str) -> Path | None:
            return folder / name if (folder / name).is_dir() else None

        motions = sorted((folder / "poses").glob("*.npz"))
        return cls(there("backgrounds"), there("textures"), there("skins"), motions[0] if motions else None, there("wardrobe"))


def pack_arrays(assets: Assets, *, photo_px: int = 384) -> tuple[dict[str, AnyArray], dict[str, int]]:
    """The arrays of a pack: the package's body and atlas, and the assets; and how many of each there are.

    photo_px: longest side of the backgrounds. Raises MissingFileError, UnreadableFileError or FormatError.
    """
    arrays: dict[str, AnyArray] = dict(read_arrays(BUILT_IN_BODY))
    atlas = Atlas.load()
    arrays["atlas_chart_of_face"] = atlas.chart_of_face.astype(np.uint8)
    arrays["atlas_corner_uv"] = atlas.corner_uv.astype(np.float32)

    backgrounds, textures, skins = (pictures_in(p) if p else [] for p in (assets.backgrounds, assets.textures, assets.skins))
    arrays |= photo_arrays("backgrounds", backgrounds, longest_px=photo_px, quality=80)
    arrays |= photo_arrays("skins", skins, longest_px=512, quality=88)
    arrays["textures"] = texture_array(textures)
    poses = PoseLibrary.load(assets.poses)
    arrays |= poses.to_arrays()
    wardrobe = load_wardrobe(assets.wardrobe)
    if len(wardrobe):
        arrays |= wardrobe.to_arrays()
    return arrays, {
        "backgrounds": len(backgrounds),
        "textures": len(textures),
        "skins": len(skins),
        "poses": len(poses),
        "garments": len(wardrobe),
    }


def write_pack(output: Path, assets: Assets, *, photo_px: int = 384) -> dict[str, int]:
    """Bake a pack into a file; see `pack_arrays`. Returns how many there are of each. Raises UnwritableFileError, too."""
    arrays, counts = pack_arrays(assets, photo_px=photo_px)
    SynthPack(arrays)
    write_arrays(output, arrays)
    return counts
