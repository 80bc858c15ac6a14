"""Where a picture lands on the canvas a network sees: one affine matrix, for pixels, boxes, points and masks alike.

A matrix (2, 3) float64 takes pixel edges of the picture to pixel edges of the canvas. Mirroring is in it, too: its determinant is
negative then, and charts, parts and joints must change sides.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from vitruv.train.crop_augment import AugmentConfig
from vitruv.types import AnyArray, Float64Array, UInt8Array

FILL_RGB = (124, 116, 104)
"""Around the picture: the mean of the pixels, which the networks see as 0."""


def fit(source_hw: tuple[int, int], size_hw: tuple[int, int]) -> Float64Array:
    """The whole picture, as large as it can be, in the top left corner."""
    scale = min(size_hw[0] / source_hw[0], size_hw[1] / source_hw[1])
    return np.array([[scale, 0, 0], [0, scale, 0]], np.float64)


def of_window(window_xyxy: AnyArray, size_hw: tuple[int, int]) -> Float64Array:
    """A window of the picture (it may reach over the border), filling the canvas."""
    x1, y1, x2, y2 = (float(v) for v in window_xyxy)
    across, down = size_hw[1] / (x2 - x1), size_hw[0] / (y2 - y1)
    return np.array([[across, 0, -across * x1], [0, down, -down * y1]], np.float64)


def varied(matrix: Float64Array, size_hw: tuple[int, int], config: AugmentConfig, rng: np.random.Generator) -> Float64Array:
    """Another matrix at random: mirrored, turned and scaled about the middle of the canvas, shifted."""
    middle = np.array([size_hw[1] / 2, size_hw[0] / 2])
    angle = math.radians(config.turn_deg) * rng.uniform(-1, 1)
    scale = 2 ** (config.zoom * rng.uniform(-1, 1))
    shift = config.shift * rng.uniform(-1, 1, 2) * np.array([size_hw[1], size_hw[0]])
    mirror = -1.0 if rng.random() < config.flip else 1.0
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]]) @ np.diag([mirror, 1.0])
    moved = turn @ matrix
    moved[:, 2] += middle - turn @ middle + shift
    return np.asarray(moved, np.float64)


def mirrors(matrix: Float64Array) -> bool:
    return bool(np.linalg.det(matrix[:, :2]) < 0)


def place(matrix: Float64Array, xy: AnyArray) -> Float64Array:
    """(..., 2) -> (..., 2)."""
    return np.asarray(np.asarray(xy, np.float64) @ matrix[:, :2].T + matrix[:, 2])


def inverse(matrix: Float64Array) -> Float64Array:
    back = np.linalg.inv(matrix[:, :2])
    return np.concatenate([back, -back @ matrix[:, 2:]], axis=1)


def warp(picture: UInt8Array, matrix: Float64Array, size_hw: tuple[int, int], *, exact: bool = False) -> UInt8Array:
    """The canvas (*size_hw[, 3]) uint8. exact: no mixing of pixels and 0 around, for labels and codes."""
    image = Image.fromarray(picture)
    back = inverse(matrix)
    if not exact:
        # Bilinear sampling alone would skip pixels when it shrinks: average blocks of them first.
        factor = int(1 / max(math.sqrt(abs(np.linalg.det(matrix[:, :2]))), 1e-3))
        if factor >= 2:
            back = back * np.array([[image.width / -(-image.width // factor)], [image.height / -(-image.height // factor)]]) ** -1
            image = image.resize((-(-image.width // factor), -(-image.height // factor)), Image.Resampling.BOX)
    kind = Image.Resampling.NEAREST if exact else Image.Resampling.BILINEAR
    fill: tuple[int, int, int] | int = 0 if exact else FILL_RGB
    placed = image.transform((size_hw[1], size_hw[0]), Image.Transform.AFFINE, back.ravel().tolist(), kind, fillcolor=fill)
    return np.array(placed, np.uint8)
