"""People who lie: a wide box is also looked at with the picture turned by a quarter, to either side.

Networks that learn from people learn from people who stand, heads on top. Of the three views, the one whose charts are told with
most confidence is taken; the upright one has an advantage, since most people in wide boxes do not lie.
"""

from __future__ import annotations

import numpy as np

from vitruv.geometry import crop_window
from vitruv.runtime.compact.crops import cut_crop
from vitruv.types import AnyArray, Float32Array, UInt8Array

QUARTERS = (1, 3)
"""Turns counter-clockwise, in quarters."""

ADVANTAGE = 0.05
"""Of the upright view, in confidence. Chosen on synthetic people (figures in docs/model-card.md)."""


def cut_turned(
    rgb: UInt8Array, boxes_xyxy: Float32Array, quarters: int, *, size_hw: tuple[int, int], box_scale: float, pad_value: int
) -> tuple[UInt8Array, Float32Array]:
    """Crops (n, h, w, 3) uint8 of (n, 4) boxes, their content turned counter-clockwise by an odd number of quarters, and the
    windows (n, 4) float32 of the picture that they show."""
    lying_hw = size_hw[::-1]
    windows = crop_window(boxes_xyxy, lying_hw, box_scale)
    crops = [np.rot90(cut_crop(rgb, window, lying_hw, pad_value), quarters) for window in windows]
    return np.stack(crops), windows


def turned_back(maps: Float32Array, quarters: int) -> Float32Array:
    """Maps (..., h, w) of turned crops, as those of the picture: (..., w, h). Charts, U and V are of the body: they stay."""
    return np.ascontiguousarray(np.rot90(maps, -quarters, axes=(-2, -1)))


def confidence(logits: AnyArray) -> Float32Array:
    """(n,) 0..1: chance of the likeliest of the 24 charts, mean over the pixels of a person; 0 where there are none.

    logits: (n, 25, h, w), background first.
    """
    charts = logits[:, 1:]
    best = charts.max(axis=1)  # (n, h, w)
    chance = 1 / np.exp(charts - best[:, None]).sum(axis=1)
    person = best > logits[:, 0]
    return np.asarray((chance * person).sum(axis=(1, 2)) / np.maximum(person.sum(axis=(1, 2)), 1), np.float32)
