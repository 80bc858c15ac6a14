"""What a network sees in the mirrored picture, brought back to the picture.

Left and right change places, pixels as well as charts; U and V become those of the same place on the other side of the body. Of
Vitruv's charts that is all there is to it: the two sides are images of each other, and their coordinates run alike (arms and legs),
or the other way along one axis.
"""

from __future__ import annotations

import numpy as np

from vitruv.surface import MIRROR_CHART, NUM_LABELS
from vitruv.types import Float32Array

_U_TURNS = np.isin(np.arange(NUM_LABELS), (3, 4, 5, 6, 23, 24))[:, None, None]  # hands, feet, head: U becomes 1 - U
_V_TURNS = np.isin(np.arange(NUM_LABELS), (1, 2))[:, None, None]  # back and front of the torso, which mirror onto themselves


def mirror_uv(u: Float32Array, v: Float32Array) -> tuple[Float32Array, Float32Array]:
    """U and V of every chart, (..., 25, h, w) each, channel 0 = background, from the mirrored picture's maps."""
    u, v = u[..., MIRROR_CHART, :, ::-1], v[..., MIRROR_CHART, :, ::-1]
    return np.where(_U_TURNS, 1 - u, u), np.where(_V_TURNS, 1 - v, v)
