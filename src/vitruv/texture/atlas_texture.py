"""`AtlasTexture`: colours on the body, as one picture of 24 tiles, and its files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, UnidentifiedImageError

from vitruv.errors import FormatError, InputError, MissingFileError, UnreadableFileError
from vitruv.files import replacing
from vitruv.texture.tiles import COLUMNS, MAX_RESOLUTION, ROWS, Taps, texel_places
from vitruv.types import AnyArray, BoolArray, Float32Array, PathLike, UInt8Array


@dataclass(frozen=True, eq=False)
class AtlasTexture:
    """Colours of the 24 charts in the layout of the original (800 x 1200 at 200 texels per tile).

    rgb: (6 n, 4 n, 3) uint8; n texels along a tile. Chart p is tile column (p - 1) // 6, tile row (p - 1) % 6; U to the right, V
        up.
    known: (6 n, 4 n) bool: texels that have a colour, seen or filled in.
    """

    rgb: UInt8Array
    known: BoolArray

    def __post_init__(self) -> None:
        shape = self.rgb.shape
        tiles = len(shape) == 3 and shape[2] == 3 and shape[0] * COLUMNS == shape[1] * ROWS and shape[1] % COLUMNS == 0
        if self.rgb.dtype != np.uint8 or not tiles:
            raise InputError(f"rgb must be (6 n, 4 n, 3) uint8, but got {shape} {self.rgb.dtype}")
        if not 2 <= self.resolution <= MAX_RESOLUTION:
            raise InputError(f"a tile must have 2 to {MAX_RESOLUTION} texels along its side, but has {self.resolution}")
        if self.known.shape != shape[:2] or self.known.dtype != np.bool_:
            raise InputError(f"known must be {shape[:2]} bool, but got {self.known.shape} {self.known.dtype}")

    @property
    def resolution(self) -> int:
        """n, texels along the side of a tile."""
        return int(self.rgb.shape[1]) // COLUMNS

    def sample(self, labels: AnyArray, uv: AnyArray) -> tuple[Float32Array, Float32Array]:
        """Colours at image values, mixed from the (up to four) texels around that have one.

        labels: (n,) 1..24; uv: (n, 2). Returns rgb (n, 3) float32 in 0..255, and (n,) float32 in 0..1, how much of it is known;
        where that is 0, rgb is 0.
        """
        taps = Taps(texel_places(labels, uv, self.resolution), self.resolution)
        known = self.known.astype(np.float32)[:, :, None]
        share = taps(known)[:, 0]
        colours = taps(self.rgb * known)
        return np.where(share[:, None] > 0, colours / np.maximum(share, 1e-6)[:, None], 0).astype(np.float32), share


def write_texture(path: PathLike, texture: AtlasTexture) -> None:
    """Write a PNG whose alpha is 255 where a texel has a colour, else 0. Raises UnwritableFileError."""
    alpha = np.where(texture.known, 255, 0).astype(np.uint8)
    image = Image.fromarray(np.dstack([texture.rgb * texture.known[:, :, None], alpha]))
    with replacing(path) as stream:
        image.save(stream, "png")


def read_texture(path: PathLike) -> AtlasTexture:
    """Read an atlas texture: from alpha, or in pictures without alpha everything but pure black (as Detectron2's atlases mean it).

    Raises MissingFileError, UnreadableFileError, or FormatError for a picture that has not 4 x 6 square tiles.
    """
    rgba = read_rgba(path)
    height, width = rgba.shape[:2]
    if height * COLUMNS != width * ROWS or width % COLUMNS:
        hint = "; it may be an atlas lying on its side" if width * COLUMNS == height * ROWS else ""
        raise FormatError(
            path,
            f"an atlas texture has 24 square tiles, 4 across and 6 down, such as 800x1200, but this is {width}x{height}{hint} "
            "(`vitruv texture convert` makes one from the texture of a body)",
        )
    rgb = np.ascontiguousarray(rgba[:, :, :3])
    opaque: BoolArray = rgba[:, :, 3] >= 128
    known = opaque if (rgba[:, :, 3] < 255).any() else np.asarray(rgb.any(axis=2))
    try:
        return AtlasTexture(rgb, known)
    except InputError as error:
        raise FormatError(path, str(error)) from None


def read_rgba(path: PathLike) -> UInt8Array:
    """(h, w, 4) uint8. `read_image` would lay transparency over white, but here it says what is known."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGBA"))
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except UnidentifiedImageError:
        raise UnreadableFileError(path, "not an image in a known format") from None
    except Exception as error:  # Pillow answers damaged files with many kinds of error
        raise UnreadableFileError(path, f"the picture is damaged or cannot be read ({error})") from None
