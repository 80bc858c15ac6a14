"""Tiles of cloth: stripes, plaid, dots, denim, noise, hair, prints, photo prints and textures, (64, 64, 3) uint8."""

from __future__ import annotations

import numpy as np
from numba import njit

from vitruv.synth.background import Photos, random_colour
from vitruv.types import AnyArray, Float32Array, UInt8Array

_SIDE = 64
_GRID = np.arange(_SIDE)


def make_tile(rng: np.random.Generator, style: str, hair: Float32Array, textures: UInt8Array, photos: Photos) -> UInt8Array:
    """A tile that repeats. style: "top", "bottom", "plain", "leather", "shoe", "dark", "hair" (in the colour `hair`) or "logo"."""
    if style == "hair":
        return _hair(rng, hair)
    if style == "dark":
        return _speckle(rng, random_colour(rng) * 0.15, 0.01)
    if style in ("leather", "shoe"):
        base = random_colour(rng) * (0.35 if rng.random() < 0.6 else 1.0)
        return _stripes(rng, base) if style == "shoe" and rng.random() < 0.3 else _speckle(rng, base, 0.02)
    if style == "logo":
        return _print(rng, photos)
    kind = rng.random()
    base = random_colour(rng)
    if style == "plain" or kind < (0.38 if style == "top" else 0.5):
        return _speckle(rng, base, float(rng.exponential(0.02)))
    if style == "bottom" and kind < 0.75:
        return _denim(rng)
    if kind < 0.55:
        return _stripes(rng, base)
    if kind < 0.64:
        return _plaid(rng, base)
    if kind < 0.70:
        return _dots(rng, base)
    if kind < 0.78:
        return _blotches(rng, base)
    if kind < 0.86 and len(photos):
        return _photo_print(rng, photos)
    if len(textures):
        return _texture(rng, textures)
    return _speckle(rng, base, 0.03)


def _u8(tile: Float32Array) -> UInt8Array:
    return np.clip(tile * 255, 0, 255).astype(np.uint8)


def _speckle(rng: np.random.Generator, base: Float32Array, amount: float) -> UInt8Array:
    out = np.empty((_SIDE, _SIDE, 3), np.uint8)
    _fill(np.asarray(base, np.float32), rng.integers(-128, 128, (_SIDE, _SIDE), np.int8), amount / 74, out)
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(base: AnyArray, noise: AnyArray, amount: float, out: AnyArray) -> None:
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            for c in range(3):
                value = base[c] + amount * noise[y, x] * (0.3 + base[c])
                out[y, x, c] = np.uint8(min(max(value, 0.0), 1.0) * 255.0)


def _bands(rng: np.random.Generator) -> Float32Array:
    """(64,) 0..1: a repeated profile of bands."""
    period = int(rng.choice([4, 8, 16, 32, 64]))
    profile = np.zeros(period, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        start, length = rng.integers(period), max(1, int(rng.uniform(0.1, 0.6) * period))
        profile[(np.arange(length) + start) % period] = rng.random()
    return np.tile(profile, _SIDE // period)


def _stripes(rng: np.random.Generator, base: Float32Array) -> UInt8Array:
    bands = _bands(rng)[:, None, None]
    tile = np.broadcast_to(base * (1 - bands) + random_colour(rng) * bands, (_SIDE, _SIDE, 3))
    return _u8(tile if rng.random() < 0.65 else tile.transpose(1, 0, 2))


def _plaid(rng: np.random.Generator, base: Float32Array) -> UInt8Array:
    rows, columns = _bands(rng)[:, None, None], _bands(rng)[None, :, None]
    return _u8(base * (1 - 0.5 * rows - 0.5 * columns) + 0.5 * rows * random_colour(rng) + 0.5 * columns * random_colour(rng))


def _dots(rng: np.random.Generator, base: Float32Array) -> UInt8Array:
    period = int(rng.choice([8, 16, 32]))
    offset = (_GRID % period) - period / 2 + 0.5
    inside = (offset[:, None] ** 2 + offset[None, :] ** 2 < (period * rng.uniform(0.15, 0.4)) ** 2)[..., None]
    return _u8(np.where(inside, random_colour(rng), base).astype(np.float32))


def _smooth_noise(rng: np.random.Generator, cells: int) -> Float32Array:
    """(64, 64) 0..1, repeats."""
    coarse = rng.random((cells, cells), np.float32)
    at = (_GRID + 0.5) * cells / _SIDE - 0.5
    low = np.floor(at).astype(int)
    share = (at - low).astype(np.float32)
    share = share * share * (3 - 2 * share)
    rows = coarse[low % cells] * (1 - share)[:, None] + coarse[(low + 1) % cells] * share[:, None]
    return np.asarray(rows[:, low % cells] * (1 - share) + rows[:, (low + 1) % cells] * share, np.float32)


def _blotches(rng: np.random.Generator, base: Float32Array) -> UInt8Array:
    tile = np.broadcast_to(base, (_SIDE, _SIDE, 3)).copy()
    for _ in range(int(rng.integers(1, 4))):
        tile[_smooth_noise(rng, int(rng.integers(3, 14))) > rng.uniform(0.5, 0.75)] = random_colour(rng)
    return _u8(tile)


def _denim(rng: np.random.Generator) -> UInt8Array:
    blue = np.array([0.16, 0.24, 0.40], np.float32) * float(rng.uniform(0.4, 2.0)) + float(rng.uniform(0, 0.12))
    fade = _smooth_noise(rng, 4)[..., None] * float(rng.uniform(0, 0.25))
    return _u8(blue * (0.9 + fade) + rng.standard_normal((_SIDE, _SIDE, 1), np.float32) * 0.03 + 0.3 * fade)


def hair_colour(rng: np.random.Generator) -> Float32Array:
    """(3,) float32 display values: black and brown mostly, as over the world."""
    colours = np.array([[0.05, 0.04, 0.04], [0.16, 0.10, 0.07], [0.32, 0.20, 0.12], [0.65, 0.50, 0.30], [0.45, 0.20, 0.10],
                        [0.55, 0.54, 0.53], [0.85, 0.84, 0.82]])  # fmt: skip
    base = colours[int(rng.choice(7, p=[0.33, 0.26, 0.15, 0.11, 0.04, 0.07, 0.04]))] * rng.uniform(0.7, 1.3)
    if rng.random() < 0.02:
        base = random_colour(rng)
    return np.asarray(base, np.float32)


def _hair(rng: np.random.Generator, base: Float32Array) -> UInt8Array:
    strands = rng.standard_normal((1, _SIDE, 1), np.float32) * 0.18 + _smooth_noise(rng, 6)[..., None] * 0.3
    return _u8((base * (0.85 + strands)).astype(np.float32))


def _photo_print(rng: np.random.Generator, photos: Photos) -> UInt8Array:
    photo = photos[int(rng.integers(len(photos)))]
    step = int(rng.integers(1, 4))
    size = min(_SIDE * step, *photo.shape[:2])
    top, left = (int(rng.integers(0, s - size + 1)) for s in photo.shape[:2])
    cut = photo[top : top + size : step, left : left + size : step]
    half = cut[: _SIDE // 2, : _SIDE // 2]
    # Mirrored both ways, so that it repeats without an edge.
    half = np.concatenate([half, half[:, ::-1]], axis=1)
    tile = np.concatenate([half, half[::-1]], axis=0)
    if tile.shape[:2] != (_SIDE, _SIDE):
        tile = np.resize(tile, (_SIDE, _SIDE, 3))
    return np.asarray(tile, np.uint8)


def _texture(rng: np.random.Generator, textures: UInt8Array) -> UInt8Array:
    texture = textures[int(rng.integers(len(textures)))].astype(np.float32) / 255
    if rng.random() < 0.6:
        # The weave of one cloth in the colour of another.
        grey = texture.mean(axis=2, keepdims=True)
        texture = grey / max(float(grey.mean()), 0.05) * random_colour(rng)
    step = texture.shape[0] // _SIDE or 1
    return _u8(np.resize(texture[::step, ::step], (_SIDE, _SIDE, 3)))


def _print(rng: np.random.Generator, photos: Photos) -> UInt8Array:
    if len(photos) and rng.random() < 0.4:
        return _photo_print(rng, photos)
    tile = np.broadcast_to(random_colour(rng), (_SIDE, _SIDE, 3)).copy()
    ink = random_colour(rng)
    for _ in range(int(rng.integers(2, 9))):
        top, left = rng.integers(0, _SIDE - 6, 2)
        height, width = rng.integers(3, 24, 2)
        tile[top : top + height, left : left + width] = ink if rng.random() < 0.7 else random_colour(rng)
    return _u8(tile)
