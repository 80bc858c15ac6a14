"""Sheets of samples that a run writes every so often, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vitruv.draw import colour_labels
from vitruv.types import Float32Array, UInt8Array

_GAP = 4


def paint_labels(labels: UInt8Array) -> UInt8Array:
    """(h, w) charts -> (h, w, 3) colours, background black."""
    return colour_labels(labels)


def paint_uv(labels: UInt8Array, uv: Float32Array) -> UInt8Array:
    """(h, w) charts and (2, h, w) coordinates in 0..1 -> (h, w, 3): U as red, V as green, background black."""
    colours = np.stack([uv[0], uv[1], np.full_like(uv[0], 0.5)], axis=-1) * (labels > 0)[..., None]
    return np.asarray((255 * np.clip(colours, 0, 1)).round(), np.uint8)


def sheet(samples: Sequence[Sequence[UInt8Array]], *, columns: int) -> UInt8Array:
    """One strip per sample (its pictures side by side, all (h, w, 3)), strips in `columns` columns; an empty one for no samples."""
    strips = [np.concatenate(list(pictures), axis=1) for pictures in samples]
    if not strips:
        return np.zeros((1, 1, 3), np.uint8)
    height, width = strips[0].shape[:2]
    rows = -(-len(strips) // columns)
    canvas = np.full((rows * (height + _GAP), columns * (width + _GAP), 3), 255, np.uint8)
    for i, strip in enumerate(strips):
        top, left = i // columns * (height + _GAP), i % columns * (width + _GAP)
        canvas[top : top + height, left : left + width] = strip
    return canvas
