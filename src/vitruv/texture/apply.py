"""A texture onto the people of a photo."""

from __future__ import annotations

import numpy as np

from vitruv.errors import InputError
from vitruv.results import DensePoses
from vitruv.texture.atlas_texture import AtlasTexture
from vitruv.types import BoolArray, Float32Array, Int32Array, UInt8Array

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def apply_texture(
    texture: AtlasTexture, rgb: UInt8Array, people: DensePoses, *, shading: bool = False, opacity: float = 1.0
) -> UInt8Array:
    """Paint people with a texture. Returns a new (h, w, 3) uint8.

    rgb: (h, w, 3) uint8, the photo of `people`. Where the texture has no colour, and beside people, the photo stays.
    shading: keep the photo's folds and shadows: its brightness against the mean of its surroundings on the person (a twelfth of the
        person's height) multiplies the texture.
    opacity: 0..1, share of the texture. Raises InputError for a photo of another size.
    """
    if rgb.shape != (*people.size_hw, 3) or rgb.dtype != np.uint8:
        height, width = people.size_hw
        raise InputError(f"rgb must be ({height}, {width}, 3) uint8 as the people's picture, but got {rgb.shape} {rgb.dtype}")
    if not 0 <= opacity <= 1:
        raise InputError(f"opacity must be from 0 to 1, but is {opacity:g}")
    chart, person = people.canvas()
    seen = chart.labels > 0
    result = rgb.copy()
    if not seen.any():
        return result
    colours, share = texture.sample(chart.labels[seen], chart.uv[:, seen].T)
    if shading:
        colours *= _shading(rgb, person, seen)[seen][:, None]
    share = (share * np.float32(opacity))[:, None]
    result[seen] = np.clip(np.round(colours * share + rgb[seen] * (1 - share)), 0, 255).astype(np.uint8)
    return result


def _shading(rgb: UInt8Array, person: Int32Array, seen: BoolArray) -> Float32Array:
    """(h, w) float32 around 1: brightness of every person's pixels against the mean of what lies around them on the same person."""
    light = rgb.astype(np.float32) @ _LUMA + 1
    result = np.ones(light.shape, np.float32)
    for i in np.unique(person[seen]):
        rows, columns = np.nonzero(person == i)
        area = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
        own = (person[area] == i).astype(np.float32)
        radius = max((area[0].stop - area[0].start) // 24, 1)
        mean = _box_mean(light[area] * own, radius) / np.maximum(_box_mean(own, radius), 1e-6)
        result[area] = np.where(own > 0, np.clip(light[area] / np.maximum(mean, 1), 0.4, 1.8), result[area])
    return result


def _box_mean(values: Float32Array, radius: int) -> Float32Array:
    """Mean over a square of 2 radius + 1 pixels; beyond the border lies 0."""
    side = 2 * radius + 1
    for axis in (0, 1):
        padding = [(radius + 1, radius) if a == axis else (0, 0) for a in (0, 1)]
        sums = np.moveaxis(np.cumsum(np.pad(values.astype(np.float64), padding), axis=axis), axis, 0)
        values = np.moveaxis((sums[side:] - sums[:-side]) / side, 0, axis).astype(np.float32)
    return values
