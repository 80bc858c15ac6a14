"""Any image file or array as upright RGB.

What comes out is always (h, w, 3) uint8: EXIF orientation applied, transparency laid over white, 16-bit values scaled to 8, the
first frame of an animation.
"""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from vitruv.errors import InputError, MissingFileError, UnreadableFileError
from vitruv.types import PathLike, UInt8Array

MAX_PIXELS = 150_000_000
"""Larger pictures are refused before they are decoded: they are scans or decompression bombs, not photos of people."""

# What Pillow's decoders raise on damaged files: the first four were met when damaging files of twelve formats at random, the others
# are what unpacking damaged headers can give.
_DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    RuntimeError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    struct.error,
    zlib.error,
)

_WHITE = (255, 255, 255, 255)
_MAX_16_BIT = 65535


class _Refused(Exception):
    """A picture that can be decoded but not used; carries the reason."""


def read_image(path: PathLike) -> UInt8Array:
    """Read a picture: (h, w, 3) uint8 RGB, upright.

    Raises MissingFileError, or UnreadableFileError with the reason when the file is no picture, is damaged or cut off, or has
    more than MAX_PIXELS pixels.
    """
    path = Path(path)
    try:
        # Pillow warns about odd metadata and about large pictures; the first does not matter here and the second has its own limit.
        with warnings.catch_warnings(action="ignore"), Image.open(_regular(path)) as image:
            return _upright_rgb(image)
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except UnidentifiedImageError:
        reason = "the file is empty" if path.stat().st_size == 0 else "not an image in a known format"
        raise UnreadableFileError(path, reason) from None
    except Image.DecompressionBombError:
        raise UnreadableFileError(path, f"the picture has more than {MAX_PIXELS / 1e6:.0f} million pixels") from None
    except _Refused as refusal:
        raise UnreadableFileError(path, str(refusal)) from None
    except PermissionError:
        raise UnreadableFileError(path, "no permission to read it") from None
    except _DECODING_ERRORS as error:
        raise UnreadableFileError(path, f"the picture is damaged or cut off ({_one_line(error)})") from None


def as_rgb(image: object) -> UInt8Array:
    """A path, a PIL image, or an RGB array as (h, w, 3) uint8 RGB.

    Arrays must be (h, w, 3) uint8 already; they are returned as they are. Raises InputError for anything else, or what
    `read_image` raises.
    """
    if isinstance(image, str | os.PathLike):
        return read_image(image)
    if isinstance(image, Image.Image):
        try:
            with warnings.catch_warnings(action="ignore"):
                return _upright_rgb(image)
        except _Refused as refusal:
            raise InputError(f"image: {refusal}") from None
        except (*_DECODING_ERRORS, Image.DecompressionBombError) as error:
            raise InputError(f"image: the picture is damaged or cut off ({_one_line(error)})") from None
    if not isinstance(image, np.ndarray):
        raise InputError(f"image must be a path, a PIL image or an RGB array, but got {type(image).__name__}")
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(f"image must be an RGB array of shape (h, w, 3) and dtype uint8, but got {image.shape} {image.dtype}")
    if image.size == 0:
        raise InputError(f"image must have at least one pixel, but got shape {image.shape}")
    return image


def _regular(path: Path) -> Path:
    """Folders and devices would be reported by Pillow in words that do not help."""
    if path.is_dir():
        raise _Refused("this is a folder, not a picture")
    if path.exists() and not path.is_file():
        raise _Refused("not a regular file")
    return path


def _upright_rgb(image: Image.Image) -> UInt8Array:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _Refused(f"the picture has {width}x{height} pixels, more than {MAX_PIXELS / 1e6:.0f} million")
    if width == 0 or height == 0:
        raise _Refused(f"the picture has {width}x{height} pixels")
    image.load()
    return np.asarray(_to_rgb(_upright(image)))


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except _DECODING_ERRORS:
        # Pixels are whole and only the metadata is damaged: the picture stands as it is stored, as every viewer shows it.
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _deep_grey_to_8_bit(image).convert("RGB")
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layered.size, _WHITE), layered).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _deep_grey_to_8_bit(image: Image.Image) -> Image.Image:
    """Grey pictures of 16 bits, 32 bits or floats; Pillow's own conversion would clip them to white."""
    grey = np.asarray(image, np.float64)
    low, high = float(grey.min()), float(grey.max())
    if image.mode == "F" and low >= 0 and high <= 1:
        grey = grey * 255
    elif image.mode == "F" and low >= 0 and high <= 255:
        pass
    elif image.mode != "F" and low >= 0 and high <= _MAX_16_BIT:
        grey = grey * (255 / _MAX_16_BIT)
    else:
        raise _Refused(f"grey values from {low:g} to {high:g} have no known range; save the picture with 8 or 16 bits")
    return Image.fromarray(np.round(grey).astype(np.uint8))


def _one_line(error: BaseException) -> str:
    """The decoder's own words, for the sentence in brackets."""
    text = " ".join(str(error).split())
    return text or type(error).__name__
