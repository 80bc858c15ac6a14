"""Wardrobes in files: a folder of MakeHuman clothes with its `index.json`, or a pack of arrays."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vitruv.body.item import Item
from vitruv.body.mannequin import Mannequin
from vitruv.body.mhclo import read_item, read_obj
from vitruv.body.wardrobe import Wardrobe
from vitruv.errors import FormatError, MissingFileError, UnreadableFileError
from vitruv.files import made_from
from vitruv.types import AnyArray, PathLike

TEXTURE_PX = 256

# The first word found in a name decides; names without any are judged by what they cover.
_KIND_WORDS = (
    ("bikini", "swim"), ("swimsuit", "swim"), ("panties", "swim"), ("dress", "dress"), ("tunic", "dress"), ("coat", "coat"),
    ("boots", "shoes"), ("shoes", "shoes"), ("suit", "suit"), ("skirt", "bottom"), ("jeans", "bottom"), ("top", "top"),
    ("tee", "top"), ("hat", "hat"), ("helmet", "hat"), ("fedora", "hat"), ("glasses", "glasses"),
)  # fmt: skip
_WOMEN_WORDS = ("female", "f_", "dress", "skirt", "bikini", "tube", "spaghetti", "bob", "braid", "long", "ponytail", "sleeveless")


def load_wardrobe(path: PathLike | None = None) -> Wardrobe:
    """A wardrobe from a folder with an `index.json` (MakeHuman's formats) or from a pack of arrays; without a path an empty one.

    Raises MissingFileError, UnreadableFileError or FormatError.
    """
    if path is None:
        return Wardrobe(Mannequin.load(), (), (), ())
    source = Path(path)
    if source.is_dir():
        return read_wardrobe(Mannequin.load(), source)
    return made_from(source, _from_pack, "holds no wardrobe that can be used")


def _from_pack(arrays: Mapping[str, AnyArray]) -> Wardrobe:
    return Wardrobe.from_arrays(arrays, None if "body_mean" in arrays else Mannequin.load())


def read_wardrobe(mannequin: Mannequin, folder: Path) -> Wardrobe:
    """Clothes and hair of a folder: `index.json` (a list of {name, kind, licence, author, dir, obj, mhclo, diffuse: [{file,
    alpha}]}), `base/base.obj` (the base mesh they are fitted to) and the files that the list names.

    Raises MissingFileError, UnreadableFileError or FormatError.
    """
    index = folder / "index.json"
    try:
        entries = json.loads(index.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingFileError(index) from error
    except OSError as error:
        raise UnreadableFileError(index, f"cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise FormatError(index, f"is not JSON ({error})") from error
    base = read_obj(folder / "base" / "base.obj").vertices
    if len(base) <= int(mannequin.hm08_vertex.max()):
        raise FormatError(folder / "base" / "base.obj", "is not the base mesh hm08 with its helper geometry")
    items: list[Item] = []
    pictures: list[bytes] = []
    credits: list[str] = []
    try:
        for entry in entries:
            if entry["kind"] not in ("clothes", "hair"):
                continue
            files = [picture["file"] for picture in entry["diffuse"]]
            numbers = tuple(range(len(pictures), len(pictures) + len(files)))
            pictures += [_shrunk(folder / entry["dir"] / file) for file in files]
            items.append(_item(mannequin, base, folder, entry, numbers))
            credits.append(f"{entry['name']}: {entry['author']}, {entry['licence']}")
    except (KeyError, TypeError) as error:
        raise FormatError(index, f"lacks {error} in one of its entries") from error
    return Wardrobe(mannequin, tuple(items), tuple(pictures), tuple(credits))


def _item(mannequin: Mannequin, base: Any, folder: Path, entry: dict[str, Any], textures: tuple[int, ...]) -> Item:
    name = str(entry["name"]).lower()
    kind = "hair" if entry["kind"] == "hair" else next((kind for word, kind in _KIND_WORDS if word in name), None)
    women = name.startswith(_WOMEN_WORDS) or any(word in name for word in _WOMEN_WORDS[2:])
    place = folder / entry["dir"]
    item = read_item(
        mannequin,
        base,
        name=str(entry["name"]),
        kind=kind,
        sex=1 if women else -1 if name.startswith("male_") else 0,
        obj=place / entry["obj"],
        mhclo=place / entry["mhclo"],
    )
    return replace(item, textures=textures)


def _shrunk(path: Path) -> bytes:
    """A picture of at most `TEXTURE_PX` pixels a side: JPEG, or PNG where it has transparent pixels."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as opened:
            picture = opened.convert("RGBA")
    except FileNotFoundError as error:
        raise MissingFileError(path) from error
    except (OSError, UnidentifiedImageError) as error:
        raise UnreadableFileError(path, f"is not a picture that can be read ({error})") from error
    picture.thumbnail((TEXTURE_PX, TEXTURE_PX), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if picture.getchannel("A").getextrema() == (255, 255):
        picture.convert("RGB").save(buffer, "JPEG", quality=85)
    else:
        picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
