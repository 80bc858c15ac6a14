"""What a network sees in the mirrored picture, brought back to the picture.

Left and right change places, pixels as well as charts; U and V become those of the same place on the other side of the body. Of
Vitruv's charts that is all there is to it: the two sides are images of each other, and their coordinates run alike (arms and legs),
or the other way along one axis.
"""

from __future__ import annotations

import numpy as np

from vitruv.surface import MIRROR_CHART, NUM_CHARTS, NUM_LABELS
from vitruv.types import Float32Array

MIRROR_JOINT = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
"""COCO's joints of the other side."""

_U_TURNS = np.isin(np.arange(NUM_LABELS), (3, 4, 5, 6, 23, 24))[:, None, None]  # hands, feet, head: U becomes 1 - U
_V_TURNS = np.isin(np.arange(NUM_LABELS), (1, 2))[:, None, None]  # back and front of the torso, which mirror onto themselves


def mirror_uv(u: Float32Array, v: Float32Array) -> tuple[Float32Array, Float32Array]:
    """U and V of every chart, (..., 25, h, w) each, channel 0 = background, from the mirrored picture's maps."""
    u, v = u[..., MIRROR_CHART, :, ::-1], v[..., MIRROR_CHART, :, ::-1]
    return np.where(_U_TURNS, 1 - u, u), np.where(_V_TURNS, 1 - v, v)


def mirror_maps(logits: Float32Array, uv: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Maps of mirrored crops as those of the crops: logits (n, 25, h, w) and uv (n, 48, h, w), U of charts 1..24, then V."""
    both = uv.reshape(len(uv), 2, NUM_CHARTS, *uv.shape[2:])
    with_background = np.pad(both, [(0, 0), (0, 0), (1, 0), (0, 0), (0, 0)])
    u, v = mirror_uv(with_background[:, 0], with_background[:, 1])
    return logits[:, MIRROR_CHART, :, ::-1], np.concatenate([u[:, 1:], v[:, 1:]], axis=1)


def mirror_joints(joints: Float32Array) -> Float32Array:
    """Joints (n, 17, 3) of mirrored crops of side 1, as those of the crops."""
    swapped = joints[:, MIRROR_JOINT]
    return np.concatenate([1 - swapped[..., :1], swapped[..., 1:]], axis=-1)


def mirror_boxes(boxes_xyxy: Float32Array) -> Float32Array:
    """Boxes (n, 4) in mirrored crops of side 1."""
    return np.stack([1 - boxes_xyxy[:, 2], boxes_xyxy[:, 1], 1 - boxes_xyxy[:, 0], boxes_xyxy[:, 3]], axis=1)
