"""Labels of the body carried on to hair and clothes, as people mark them in photos."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from vitruv.types import BoolArray, UInt8Array


def cover_outline(labels: UInt8Array, uv: UInt8Array, person: BoolArray) -> tuple[UInt8Array, UInt8Array]:
    """Give every pixel of a person the chart, U and V of the nearest pixel that shows the body.

    labels: (h, w) uint8, 0 where the body is not; uv: (2, h, w) uint8; person: (h, w), where the person is seen, clothes and hair
    included. Returns new labels and uv; nothing changes when the person shows no body at all.
    """
    bare = person & (labels == 0)
    if not bare.any() or not (labels > 0).any():
        return labels, uv
    rows, columns = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    near = rows[bare], columns[bare]
    labels, uv = labels.copy(), uv.copy()
    labels[bare] = labels[near]
    uv[:, bare] = uv[:, near[0], near[1]]
    return np.ascontiguousarray(labels), np.ascontiguousarray(uv)
