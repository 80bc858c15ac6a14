"""Pictures of more than 8 bits a channel, scaled to 8.

How many of 16 bits a camera used stands nowhere in the file: 12 bits in 16 are common, and divided by 65535 they would be nearly
black. The full scale is therefore taken from the picture: the fewest of 8, 10, 12, 14 and 16 bits that hold its brightest value.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from vitruv.errors import InputError
from vitruv.types import AnyArray, UInt8Array

_DEPTHS = (8, 10, 12, 14, 16)
_MAX_16_BIT = 65535
_DIM = 64  # upper bytes below this: fewer than 15 bits are used
# Pillow keeps the upper byte of 16-bit colours; read in the other byte order, what it keeps is the lower one.
_SWAPPED = {f"{mode};16{a}": f"{mode};16{b}" for mode in ("RGB", "RGBA") for a, b in ("BL", "LB")}


def grey_to_8_bit(image: Image.Image) -> Image.Image:
    """Grey pictures of 16 bits, 32 bits or floats; Pillow's own conversion would clip them to white.

    Floats from 0 to 1 are scaled by 255, floats up to 255 are taken as they are. Raises InputError for values of no known range.
    """
    grey = np.asarray(image)
    low, high = float(grey.min()), float(grey.max())
    if image.mode == "F" and low >= 0 and high <= 1:
        grey = grey * 255
    elif image.mode == "F" and low >= 0 and high <= 255:
        pass
    elif image.mode != "F" and low >= 0 and high <= _MAX_16_BIT:
        grey = _scaled(grey.astype(np.uint16))
    else:
        raise InputError(f"grey values from {low:g} to {high:g} have no known range; save the picture with 8 or 16 bits")
    return Image.fromarray(np.round(grey).astype(np.uint8))


def is_deep_colour(image: Image.Image) -> bool:
    """Whether an opened, not yet loaded picture has 16 bits for each colour. False for pictures that do not come from a file."""
    return _raw_mode(image) in _SWAPPED


def dim_colours(upper: Image.Image, again: Image.Image) -> Image.Image:
    """16-bit colours of which only the lower bits are used, scaled; `upper` itself where they are used whole.

    upper: loaded, with the upper byte of each value. again: the same file, opened and not yet loaded.
    """
    bands = np.asarray(upper)
    if int(bands[..., :3].max(initial=0)) >= _DIM:
        return upper
    tiles: list[Any] = getattr(again, "tile", [])
    again.tile = [tile._replace(args=_with_mode(tile.args, _SWAPPED[_raw_mode(again)])) for tile in tiles]  # type: ignore[attr-defined]
    lower = np.asarray(again)
    deep = (bands[..., :3].astype(np.uint16) << 8) | lower[..., :3]
    result = bands.copy()  # a fourth band is opacity, whose full scale is known
    result[..., :3] = _scaled(deep)
    return Image.fromarray(result)


def _scaled(values: AnyArray) -> UInt8Array:
    """uint16 -> uint8 by the depth that holds the brightest value."""
    brightest = int(values.max(initial=0))
    full = next((1 << bits) - 1 for bits in _DEPTHS if brightest < 1 << bits)
    table = np.round(np.arange(full + 1) * (255 / full)).astype(np.uint8)
    return np.asarray(table[values])


def _raw_mode(image: Image.Image) -> str:
    tiles: list[Any] = getattr(image, "tile", [])
    args = tiles[0].args if tiles else None
    return str(args[0]) if isinstance(args, tuple) and args else str(args)


def _with_mode(args: object, mode: str) -> object:
    return (mode, *args[1:]) if isinstance(args, tuple) else mode
