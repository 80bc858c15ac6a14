"""From a picture to the input of a DensePose-RCNN, and boxes back: Detectron2's rules."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vitruv.rcnn_config import PIXEL_MEAN_BGR
from vitruv.types import Float32Array, UInt8Array

SIZE_DIVISOR = 32


def resized_size(size_hw: tuple[int, int], *, min_size: int, max_size: int) -> tuple[int, int]:
    """(h, w) after scaling the shorter side to min_size, or the longer one to max_size where that is smaller."""
    shorter = min(size_hw)
    scaled = [float(min_size) if side == shorter else min_size / shorter * side for side in size_hw]
    if max(scaled) > max_size:
        shrink = max_size / max(scaled)
        scaled = [side * shrink for side in scaled]
    return max(int(scaled[0] + 0.5), 1), max(int(scaled[1] + 0.5), 1)


def resize(rgb: UInt8Array, size_hw: tuple[int, int]) -> UInt8Array:
    """(h, w, 3) uint8 -> (*size_hw, 3) uint8, bilinear, smoothing when it shrinks (Pillow's filter, as in training)."""
    if rgb.shape[:2] == size_hw:
        return rgb
    picture = Image.fromarray(rgb).resize((size_hw[1], size_hw[0]), Image.Resampling.BILINEAR)
    return np.asarray(picture, np.uint8)


def network_input(rgb: UInt8Array) -> Float32Array:
    """(h, w, 3) uint8 RGB -> (1, 3, H, W) float32 BGR minus the means; H and W rounded up to multiples of 32, zeros there."""
    height, width = rgb.shape[:2]
    padded = np.zeros((1, 3, height + -height % SIZE_DIVISOR, width + -width % SIZE_DIVISOR), np.float32)
    for channel, mean in enumerate(PIXEL_MEAN_BGR):
        np.subtract(rgb[:, :, 2 - channel], np.float32(mean), out=padded[0, channel, :height, :width])
    return padded


def rescale_boxes(boxes_xyxy: Float32Array, source_hw: tuple[int, int], target_hw: tuple[int, int]) -> Float32Array:
    """Boxes of a picture of one size in pixels of the same picture at another size."""
    scale = np.array([target_hw[1] / source_hw[1], target_hw[0] / source_hw[0]] * 2, np.float32)
    return np.asarray(boxes_xyxy * scale, np.float32)
