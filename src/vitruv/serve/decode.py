"""A photo from the bytes of a request, within limits."""

from __future__ import annotations

import functools
import io
import warnings

from PIL import Image

from vitruv.errors import InputError
from vitruv.http.errors import TooLargeError, UnprocessableError
from vitruv.media import as_rgb
from vitruv.types import UInt8Array

_WANTED = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "JPEG2000", "MPO", "PPM")
"""Formats of photos. Not everything that Pillow opens: some formats run other programs."""


def decode(data: bytes, *, max_pixels: int) -> UInt8Array:
    """(h, w, 3) uint8 RGB, upright.

    Raises TooLargeError, from the header alone, beyond `max_pixels`; UnprocessableError when the data is not a complete image.
    """
    if not data:
        raise UnprocessableError("the request has no image: send the file as the body, or as the field `image`")
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=_formats()) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise TooLargeError(f"the image has {width} x {height} pixels; the limit is {max_pixels / 1e6:g} million")
            return as_rgb(image)
    except TooLargeError:
        raise
    except InputError as error:
        raise UnprocessableError(str(error).removeprefix("image: ")) from None
    except Image.DecompressionBombError:
        raise TooLargeError(f"the image has more than {max_pixels / 1e6:g} million pixels") from None
    # Pillow answers damaged files with errors of every kind, and its messages may name files of ours.
    except Exception:
        raise UnprocessableError("the image is damaged, or in a format that is not supported") from None


@functools.cache
def _formats() -> list[str]:
    Image.init()
    return [name for name in _WANTED if name in Image.OPEN]
