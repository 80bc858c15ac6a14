"""Windows of a picture at a network's size."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from vitruv.types import Float32Array, UInt8Array


def letterbox(rgb: UInt8Array, size_hw: tuple[int, int], pad_value: int) -> tuple[UInt8Array, tuple[float, float]]:
    """The whole picture at the top left of an input of `size_hw`, its aspect kept, the rest filled with `pad_value`.

    Returns the input (H, W, 3) uint8, and the factors (x, y) from pixels of the picture to pixels of the input.
    """
    height, width = rgb.shape[:2]
    scale = min(size_hw[0] / height, size_hw[1] / width)
    new_h = min(max(round(height * scale), 1), size_hw[0])
    new_w = min(max(round(width * scale), 1), size_hw[1])
    canvas = np.full((*size_hw, 3), pad_value, np.uint8)
    canvas[:new_h, :new_w] = _resized(rgb, (new_h, new_w), (0.0, 0.0, float(width), float(height)))
    return canvas, (new_w / width, new_h / height)


def cut_crop(rgb: UInt8Array, window_xyxy: Float32Array, size_hw: tuple[int, int], pad_value: int) -> UInt8Array:
    """A window of the picture, resampled to (h, w, 3) uint8; where the window reaches over the borders, `pad_value`."""
    crop = np.full((*size_hw, 3), pad_value, np.uint8)
    columns = _inside(float(window_xyxy[0]), float(window_xyxy[2]), size_hw[1], rgb.shape[1])
    rows = _inside(float(window_xyxy[1]), float(window_xyxy[3]), size_hw[0], rgb.shape[0])
    if columns is None or rows is None:
        return crop
    (left, right, from_x, to_x), (top, bottom, from_y, to_y) = columns, rows
    crop[top:bottom, left:right] = _resized(rgb, (bottom - top, right - left), (from_x, from_y, to_x, to_y))
    return crop


def _inside(start: float, stop: float, target: int, source: int) -> tuple[int, int, float, float] | None:
    """One axis of a window: the target pixels that lie wholly in the picture (first, last + 1), and the stretch they show.

    None when there are none.
    """
    step = (stop - start) / target
    first = max(math.ceil(-start / step - 1e-6), 0)
    last = min(math.floor((source - start) / step + 1e-6), target)
    if first >= last:
        return None
    return first, last, max(start + first * step, 0.0), min(start + last * step, float(source))


def _resized(rgb: UInt8Array, size_hw: tuple[int, int], box: tuple[float, float, float, float]) -> UInt8Array:
    """A stretch of the picture at `size_hw`: bilinear, smoothed when it shrinks."""
    x1, y1, x2, y2 = box
    # Only the part that matters is handed to Pillow, which copies what it gets: the stretch, and what its kernel sees beside it.
    reach_x, reach_y = 2 + (x2 - x1) / size_hw[1], 2 + (y2 - y1) / size_hw[0]
    left, top = max(math.floor(x1 - reach_x), 0), max(math.floor(y1 - reach_y), 0)
    right, bottom = math.ceil(x2 + reach_x), math.ceil(y2 + reach_y)
    part = Image.fromarray(np.ascontiguousarray(rgb[top:bottom, left:right]))
    within = (x1 - left, y1 - top, x2 - left, y2 - top)
    # reducing_gap averages whole blocks first where the picture shrinks a lot: the same picture, several times faster.
    resized = part.resize((size_hw[1], size_hw[0]), Image.Resampling.BILINEAR, box=within, reducing_gap=3.0)
    return np.asarray(resized)
