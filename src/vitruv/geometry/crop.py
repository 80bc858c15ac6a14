"""The window of the picture that a crop network sees for a box: one rule, for training and for use."""

from __future__ import annotations

import numpy as np

from vitruv.types import AnyArray, Float32Array

PAD_VALUE = 114
"""What crops and scenes hold outside the picture, in every channel (uint8); the compact networks subtract it."""


def box_in_window(boxes_xyxy: AnyArray, windows_xyxy: AnyArray) -> Float32Array:
    """(..., 4) float32: boxes in the frame of their windows, whose sides are 1 long; both (..., 4) xyxy of the same picture."""
    boxes, windows = np.asarray(boxes_xyxy, np.float64), np.asarray(windows_xyxy, np.float64)
    corner = np.concatenate([windows[..., :2]] * 2, axis=-1)
    sides = np.concatenate([windows[..., 2:] - windows[..., :2]] * 2, axis=-1)
    return np.asarray((boxes - corner) / sides, np.float32)


def crop_window(boxes_xyxy: AnyArray, size_hw: tuple[int, int], scale: float) -> Float32Array:
    """The window that is resampled to a crop of `size_hw`: the box enlarged, then grown to the crop's aspect ratio.

    boxes_xyxy: (..., 4) pixels of the picture, not empty. size_hw: height and width of the crop. scale: factor by which both
    sides of the box grow about its centre (1.15 leaves a margin of 7.5% on every side).
    Returns (..., 4) float32 xyxy of the same picture; the window keeps the centre of the box, only its shorter side (measured
    against `size_hw`) grows, and it may reach over the borders of the picture.
    """
    boxes = np.asarray(boxes_xyxy, np.float64)
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    width = (boxes[..., 2] - boxes[..., 0]) * scale
    height = (boxes[..., 3] - boxes[..., 1]) * scale
    aspect = size_hw[1] / size_hw[0]
    half = np.stack([np.maximum(width, height * aspect), np.maximum(height, width / aspect)], axis=-1) / 2
    return np.concatenate([centre - half, centre + half], axis=-1).astype(np.float32)
