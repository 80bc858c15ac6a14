"""Presets of your own, as TOML:

name = "my-network"
summary = "what it is, in a line"
extends = "viton-hd"          # optional: start from a preset of this name
fit = "pad"                   # keep, stretch, pad (both with size), short-side (with short_side)
size = [512, 768]             # width, height
who = "best"                  # or all

[[files]]                     # one or more; replaces those of `extends`
folder = "maps"
name = "{stem}_dense.png"     # {stem}, {first} or {name}; .png .jpg .npy .npz
content = "colours"           # colours, labels, parts, iuv, uv
colours = "viridis"           # parula, viridis, c-vton, or 25 times [r, g, b], background first
background = [255, 255, 255]  # instead of the palette's own
channel_order = "vui"         # of iuv
dtype = "float64"             # of uv: float32 or float64
key = "uv"                    # entry of an .npz
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vitruv.errors import FormatError, InputError, MissingFileError, UnreadableFileError
from vitruv.formats.presets.colours import NAMED, Colours
from vitruv.formats.presets.fit import Fit
from vitruv.formats.presets.preset import MapFile, Preset
from vitruv.types import PathLike

_TOP = ("name", "summary", "extends", "fit", "size", "short_side", "who", "files")
_FILE = ("folder", "name", "content", "colours", "background", "channel_order", "dtype", "key")


def read_preset(path: PathLike, base_of: Callable[[str], Any] | None = None) -> Preset:
    """Read a preset from a TOML file. base_of: name -> the preset that `extends` means; InputError for one there is not.

    Raises MissingFileError, UnreadableFileError, or FormatError that names the key which cannot be used.
    """
    try:
        table = tomllib.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(path, f"cannot be read as text ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise FormatError(path, f"is not TOML ({error})") from None
    try:
        return _preset(table, Path(path).stem, base_of)
    except (InputError, TypeError, ValueError) as error:
        raise FormatError(path, str(error)) from None


def _preset(table: Mapping[str, Any], stem: str, base_of: Callable[[str], Any] | None) -> Preset:
    _known(table, _TOP, "")
    base = base_of(_text(table, "extends")) if "extends" in table and base_of is not None else None
    if base is not None and not isinstance(base, Preset):
        raise InputError(f"extends = {table['extends']!r}: only presets with a map for each photo can be extended")
    entries = table.get("files", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError("files must be tables: [[files]]")
    files = tuple(_file(entry, f"files[{i}]") for i, entry in enumerate(entries))
    if not files and base is None:
        raise InputError("needs at least one [[files]] table, or extends")
    preset = base or Preset(stem, "", files)
    return replace(
        preset,
        name=_text(table, "name", stem),
        summary=_text(table, "summary", preset.summary),
        files=files or preset.files,
        fit=_fit(table) if table.keys() & {"fit", "size", "short_side"} else preset.fit,
        who=_text(table, "who", preset.who),
    )


def _fit(table: Mapping[str, Any]) -> Fit:
    rules = ("keep", "stretch", "pad", "short-side")
    rule = _text(table, "fit", "keep")
    if rule not in rules:
        raise InputError(f"fit must be one of {', '.join(rules)}, but is {rule!r}")
    size = table.get("size")
    if size is not None and not (isinstance(size, list) and len(size) == 2 and all(type(side) is int for side in size)):
        raise InputError(f"size must be [width, height] in pixels, but is {size!r}")
    short = table.get("short_side")
    if short is not None and type(short) is not int:
        raise InputError(f"short_side must be a number of pixels, but is {short!r}")
    return Fit(rule, size_hw=None if size is None else (size[1], size[0]), short_side=short)


def _file(table: Mapping[str, Any], where: str) -> MapFile:
    _known(table, _FILE, f"{where}: ")
    try:
        values: dict[str, Any] = {key: _text(table, key) for key in ("name", "content")}
        values["folder"] = _text(table, "folder", "")
        values |= {key: _text(table, key) for key in ("channel_order", "dtype", "key") if key in table}
        if "colours" in table or "background" in table:
            values["colours"] = _colours(table)
        return MapFile(**values)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _colours(table: Mapping[str, Any]) -> Colours:
    chosen = table.get("colours", "parula")
    if isinstance(chosen, str):
        if chosen not in NAMED:
            raise InputError(f"colours must be {', '.join(NAMED)} or 25 times [r, g, b], but is {chosen!r}")
        colours = NAMED[chosen]
    elif isinstance(chosen, list):
        colours = tuple(_colour(value, "colours") for value in chosen)
    else:
        raise InputError(f"colours must be {', '.join(NAMED)} or 25 times [r, g, b], but is {chosen!r}")
    return (_colour(table["background"], "background"), *colours[1:]) if "background" in table else colours


def _colour(value: object, key: str) -> tuple[int, int, int]:
    match value:
        case [int(r), int(g), int(b)]:
            return r, g, b
    raise InputError(f"{key}: a colour is [r, g, b] with whole numbers in 0..255, but got {value!r}")


def _text(table: Mapping[str, Any], key: str, default: str | None = None) -> Any:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise InputError(f"{key} must be text" + (f", but is {value!r}" if key in table else ": it is missing"))
    return value


def _known(table: Mapping[str, Any], keys: Collection[str], where: str) -> None:
    for key in table:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, 1)
            raise InputError(
                f"{where}there is no key {key!r}" + (f"; did you mean {near[0]!r}?" if near else f" among {', '.join(keys)}")
            )
