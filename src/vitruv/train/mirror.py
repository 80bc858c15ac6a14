"""What the mirror image of a person shows: a table from U, V codes to those of the same place on the other side of the body."""

from __future__ import annotations

import numpy as np

from vitruv.errors import InputError
from vitruv.surface import Atlas
from vitruv.surface.charts import MIRROR_CHART, NUM_LABELS
from vitruv.types import UInt8Array


def mirror_table(atlas: Atlas) -> UInt8Array:
    """(25, 256, 256, 2) uint8, indexed by chart, U code, V code: the codes on chart `MIRROR_CHART[chart]`; 0 for background.

    Codes are round(255 u). Codes beside the chart's outline give those of the outline's nearest place.
    """
    return np.stack([np.zeros((256, 256, 2), np.uint8), *(mirror_codes(atlas, chart) for chart in range(1, NUM_LABELS))])


def mirror_codes(atlas: Atlas, chart: int) -> UInt8Array:
    """(256, 256, 2) uint8: the table of one chart."""
    codes = np.arange(256, dtype=np.float32) / 255
    uv = np.stack(np.meshgrid(codes, codes, indexing="ij"), axis=-1).reshape(-1, 2)
    labels, mirrored = atlas.mirror(np.full(len(uv), chart, np.uint8), uv)
    if not (labels == MIRROR_CHART[chart]).all():
        raise InputError(f"the atlas mirrors chart {chart} onto {sorted(set(labels.tolist()))}; expected {MIRROR_CHART[chart]}")
    return np.rint(255 * mirrored).astype(np.uint8).reshape(256, 256, 2)
