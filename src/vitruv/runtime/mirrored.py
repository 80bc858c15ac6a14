"""What a network sees in the mirrored picture, brought back to the picture.

Left and right change places, pixels as well as charts; U and V become those of the same place on the other side of the body.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from vitruv.surface import MIRROR_CHART, NUM_LABELS, Atlas
from vitruv.types import Float32Array

_STEPS = 256  # of U and of V in the table of mirrored coordinates


def mirror_uv(u: Float32Array, v: Float32Array) -> tuple[Float32Array, Float32Array]:
    """U and V of every chart, (..., 25, h, w) each, channel 0 = background, from the mirrored picture's maps.

    Coordinates are rounded to 1/255, and those outside of 0..1 moved to its ends.
    """
    cells = [np.clip(value[..., ::-1] * (_STEPS - 1), 0, _STEPS - 1).astype(np.int64) for value in (u, v)]
    chart = np.arange(NUM_LABELS)[:, None, None]
    across = _mirrored_coordinates()[:, chart, cells[1], cells[0]][..., MIRROR_CHART, :, :]
    return across[0], across[1]


@cache
def _mirrored_coordinates() -> Float32Array:
    """(2, 25, V, U): U and V of the mirrored place, for every chart and cell of U and V; background stays as it is."""
    steps = np.arange(_STEPS, dtype=np.float32) / (_STEPS - 1)
    v, u = np.meshgrid(steps, steps, indexing="ij")
    uv = np.stack([u.ravel(), v.ravel()], axis=1)
    table = np.zeros((2, NUM_LABELS, _STEPS, _STEPS), np.float32)
    atlas = Atlas.load()
    for chart in range(1, NUM_LABELS):
        _, mirrored = atlas.mirror(np.full(len(uv), chart, np.uint8), uv)
        table[:, chart] = mirrored.T.reshape(2, _STEPS, _STEPS)
    return table
