"""Any image file or array as upright RGB.

What comes out is always (h, w, 3) uint8: EXIF orientation applied, transparency laid over white, 16-bit values scaled to 8 (see
`deep`), the first frame of an animation. Whatever a decoder raises is the failure of that one file, and told as one.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from vitruv.errors import InputError, MissingFileError, UnreadableFileError
from vitruv.media.deep import dim_colours, grey_to_8_bit, is_deep_colour
from vitruv.media.orientation import orientation_of, upright
from vitruv.types import PathLike, UInt8Array

MAX_PIXELS = 150_000_000
"""Larger pictures are refused before they are decoded: they are scans or decompression bombs, not photos of people."""

_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_CLIP_SUFFIXES = frozenset(
    {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv"}
)
_WHITE = (255, 255, 255, 255)


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
            deep = is_deep_colour(image)
            loaded = _loaded(image)
            if deep:
                with Image.open(path) as again:
                    loaded = dim_colours(loaded, again)
            return _upright_rgb(loaded, image)
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except UnidentifiedImageError:
        raise UnreadableFileError(path, _unknown(path)) from None
    except Image.DecompressionBombError:
        raise UnreadableFileError(path, f"the picture has more than {MAX_PIXELS / 1e6:.0f} million pixels") from None
    except (_Refused, InputError) as refusal:
        raise UnreadableFileError(path, str(refusal)) from None
    except PermissionError:
        raise UnreadableFileError(path, "no permission to read it") from None
    except MemoryError:
        raise UnreadableFileError(path, "not enough memory for a picture of this size") from None
    # Pillow's decoders answer damaged files with errors of every kind; whatever it is, this file cannot be used and others can.
    except Exception as error:
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
                return _upright_rgb(_loaded(image), image)
        except (_Refused, InputError) as refusal:
            raise InputError(f"image: {refusal}") from None
        except Exception as error:
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


def _unknown(path: Path) -> str:
    if path.stat().st_size == 0:
        return "the file is empty"
    with path.open("rb") as stream:
        start = stream.read(12)
    if start[4:8] == b"ftyp" and start[8:] in _HEIC_BRANDS:
        return "HEIC pictures cannot be decoded here; convert it to JPEG or PNG"
    if start[4:8] == b"ftyp" or path.suffix.lower() in _CLIP_SUFFIXES:
        return "this is a clip, not a picture; `vitruv video` reads it"
    return "not an image in a known format"


def _loaded(image: Image.Image) -> Image.Image:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _Refused(f"the picture has {width}x{height} pixels, more than {MAX_PIXELS / 1e6:.0f} million")
    if width == 0 or height == 0:
        raise _Refused(f"the picture has {width}x{height} pixels")
    image.load()
    return image


def _upright_rgb(loaded: Image.Image, opened: Image.Image) -> UInt8Array:
    """opened: the picture whose metadata says which way up it is."""
    return np.asarray(upright(_to_rgb(loaded), orientation_of(opened)))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return grey_to_8_bit(image).convert("RGB")
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layered.size, _WHITE), layered).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _one_line(error: BaseException) -> str:
    """The decoder's own words, for the sentence in brackets."""
    text = " ".join(str(error).split())
    return text or type(error).__name__
