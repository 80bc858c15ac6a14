"""What stands behind people: crops of photos, or procedural clutter."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numba import njit
from PIL import Image

from vitruv.types import AnyArray, Float32Array, UInt8Array


@njit(cache=True, nogil=True, error_model="numpy")
def window(source: AnyArray, left: float, top: float, step: float, angle: float, mirror: bool, out: AnyArray) -> None:
    """Sample (h, w, 3) uint8 `source` into float32 `out` 0..1, bilinear, borders reflected.

    left, top: where the centre of `out` falls in the source; step: source pixels per output pixel; angle: radians.
    """
    height, width, _ = source.shape
    rows, columns, _ = out.shape
    cos, sin = np.cos(angle) * step, np.sin(angle) * step
    side = -1.0 if mirror else 1.0
    # Nothing is reflected when all four corners lie inside; that is most photos.
    reach_x = 0.5 * (abs(cos) * columns + abs(sin) * rows) + 1.5
    reach_y = 0.5 * (abs(sin) * columns + abs(cos) * rows) + 1.5
    inside = reach_x <= left <= width - reach_x and reach_y <= top <= height - reach_y
    scale = np.float32(1.0 / 255.0)
    for y in range(rows):
        v = y + 0.5 - 0.5 * rows
        row_x, row_y = left - sin * v - 0.5, top + cos * v - 0.5
        for x in range(columns):
            u = (x + 0.5 - 0.5 * columns) * side
            sx, sy = row_x + cos * u, row_y + sin * u
            if inside:
                xa, ya = int(sx), int(sy)
                fx, fy = np.float32(sx - xa), np.float32(sy - ya)
                xb, yb = xa + 1, ya + 1
            else:
                x0, y0 = int(np.floor(sx)), int(np.floor(sy))
                fx, fy = np.float32(sx - x0), np.float32(sy - y0)
                xa, xb = _reflect(x0, width), _reflect(x0 + 1, width)
                ya, yb = _reflect(y0, height), _reflect(y0 + 1, height)
            for c in range(3):
                upper_a, upper_b = np.float32(source[ya, xa, c]), np.float32(source[ya, xb, c])
                lower_a, lower_b = np.float32(source[yb, xa, c]), np.float32(source[yb, xb, c])
                upper = upper_a + fx * (upper_b - upper_a)
                lower = lower_a + fx * (lower_b - lower_a)
                out[y, x, c] = (upper + fy * (lower - upper)) * scale


@njit(cache=True, nogil=True, error_model="numpy")
def _reflect(i: int, size: int) -> int:
    if 0 <= i < size:
        return i
    period = 2 * size
    i %= period
    return i if i < size else period - 1 - i


@njit(cache=True, nogil=True, error_model="numpy")
def tile(
    texture: AnyArray, scale: float, angle: float, squeeze: float, gain: AnyArray, top: int, bottom: int, out: AnyArray
) -> None:
    """Cover rows top..bottom with a repeated (s, s, 3) uint8 texture; `squeeze` > 0 shrinks it towards the top, like a floor."""
    rows, columns, _ = out.shape
    side_y, side_x = texture.shape[0], texture.shape[1]
    for y in range(max(top, 0), min(bottom, rows)):
        near = (y - top + 1.0) / (bottom - top)
        step = scale / (1.0 - squeeze + squeeze * near + 1e-3)
        for x in range(columns):
            u, v = (x - 0.5 * columns) * step, y * scale if squeeze == 0.0 else -step * rows * 0.7
            tx = int(np.floor(np.cos(angle) * u - np.sin(angle) * v)) % side_x
            ty = int(np.floor(np.sin(angle) * u + np.cos(angle) * v)) % side_y
            for c in range(3):
                out[y, x, c] = texture[ty, tx, c] * gain[c] * np.float32(1.0 / 255.0)


class Photos:
    """JPEG bytes that are decoded when first asked for, and then kept."""

    def __init__(self, files: Sequence[bytes]) -> None:
        self._files = list(files)
        self._decoded: dict[int, UInt8Array] = {}

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> UInt8Array:
        """(h, w, 3) uint8 RGB."""
        if index not in self._decoded:
            self._decoded[index] = np.asarray(Image.open(io.BytesIO(self._files[index])).convert("RGB"))
        return self._decoded[index]

    def some(self, indices: Sequence[int]) -> Photos:
        """Only these of the photos."""
        return Photos([self._files[i] for i in indices])

    def __getstate__(self) -> list[bytes]:
        return self._files

    def __setstate__(self, files: list[bytes]) -> None:
        self._files, self._decoded = files, {}


def photo_background(photo: UInt8Array, size_hw: tuple[int, int], rng: np.random.Generator) -> Float32Array:
    """A random window of a photo, resampled to (h, w, 3) float32 0..1."""
    out = np.empty((*size_hw, 3), np.float32)
    height, width = photo.shape[:2]
    # From the whole photo down to a sixth of it; never more than 3x enlarged.
    fit = min(height / size_hw[0], width / size_hw[1])
    step = max(fit * float(np.exp(rng.uniform(np.log(0.3), np.log(1.25)))), 0.33)
    half_y, half_x = min(0.5, 0.5 * step * size_hw[0] / height), min(0.5, 0.5 * step * size_hw[1] / width)
    top = float(rng.uniform(half_y, 1 - half_y)) * height
    left = float(rng.uniform(half_x, 1 - half_x)) * width
    window(photo, left, top, step, float(rng.normal(0, 0.04)), bool(rng.random() < 0.5), out)
    return out


def random_colour(rng: np.random.Generator) -> Float32Array:
    """(3,) float32 0..1: mostly muted, sometimes strong, often near white, grey or black."""
    kind = rng.random()
    if kind < 0.35:
        value = rng.choice([rng.uniform(0.02, 0.2), rng.uniform(0.2, 0.75), rng.uniform(0.75, 0.98)])
        colour = value + rng.normal(0, 0.02, 3)
    else:
        hue, value = rng.random(), rng.uniform(0.15, 0.95)
        saturation = rng.uniform(0.1, 0.5) if kind < 0.75 else rng.uniform(0.5, 1.0)
        wheel = np.clip(np.abs((hue * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
        colour = value * (1 - saturation + saturation * wheel)
    return np.asarray(np.clip(colour, 0.01, 0.99), np.float32)


def procedural_backdrop(textures: UInt8Array, size_hw: tuple[int, int], rng: np.random.Generator) -> Float32Array:
    """A wall and a floor, plain, graded or textured, and some upright and flat things before it: (h, w, 3) float32 0..1.

    textures: (n, s, s, 3) uint8, n >= 0.
    """
    height, width = size_hw
    out = np.empty((height, width, 3), np.float32)
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    out[:] = random_colour(rng) * (1 - ramp) + random_colour(rng) * ramp
    floor = int(rng.uniform(0.3, 0.95) * height)
    for top, bottom, squeeze in ((0, floor, 0.0), (floor, height, float(rng.uniform(0.3, 0.8)))):
        if len(textures) and rng.random() < 0.6:
            texture = textures[int(rng.integers(len(textures)))]
            gain = (0.4 + 0.6 * rng.random() + rng.normal(0, 0.1, 3)).astype(np.float32)
            tile(texture, float(np.exp(rng.uniform(-1.2, 1.2))), float(rng.normal(0, 0.1)), squeeze, gain, top, bottom, out)
        elif rng.random() < 0.5:
            out[top:bottom] = random_colour(rng)
    for _ in range(int(rng.integers(0, 10))):
        h, w = (int(rng.uniform(0.05, 0.6) * s) + 1 for s in size_hw)
        y, x = int(rng.uniform(-0.2, 1) * height), int(rng.uniform(-0.2, 1) * width)
        patch = out[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)]
        if rng.random() < 0.3 and len(textures):
            texture = textures[int(rng.integers(len(textures)))]
            cut = np.resize(np.float32(texture[: patch.shape[0], : patch.shape[1]]), patch.shape) / 255
            patch[:] = cut * random_colour(rng) if rng.random() < 0.5 else cut
        else:
            patch[:] = (
                random_colour(rng) * np.linspace(1, rng.uniform(0.5, 1), max(patch.shape[1], 1), dtype=np.float32)[None, :, None]
            )
    return out


def draw_background(
    photos: Photos, textures: UInt8Array, size_hw: tuple[int, int], rng: np.random.Generator, *, photo_share: float
) -> Float32Array:
    """A photo with the chance `photo_share` (when there are any), else a procedural background: (h, w, 3) float32 0..1."""
    if rng.random() < photo_share and len(photos):
        return photo_background(photos[int(rng.integers(len(photos)))], size_hw, rng)
    return procedural_backdrop(textures, size_hw, rng)
