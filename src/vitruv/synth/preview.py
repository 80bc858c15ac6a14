"""A sheet of samples to look at: picture, labels over the picture, U, V."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vitruv.draw import colour_labels
from vitruv.errors import InputError
from vitruv.synth.samples import CropSample, SceneSample
from vitruv.types import AnyArray, Float32Array, UInt8Array

_SEEN, _HIDDEN, _BOX = (0, 255, 0), (255, 0, 0), (255, 255, 0)


def contact_sheet(samples: Sequence[CropSample | SceneSample], *, columns: int = 4) -> UInt8Array:
    """(h, w, 3) uint8: samples of one size, `columns` beside each other, each as four panels.

    The second panel shows the charts, the joints (green seen, red hidden) and the boxes.
    """
    if not samples or columns < 1:
        raise InputError(f"a sheet needs at least one sample and one column, but got {len(samples)} and {columns}")
    panels = [_panels(sample) for sample in samples]
    blank = np.zeros_like(panels[0])
    panels += [blank] * (-len(panels) % columns)
    rows = [np.concatenate(panels[i : i + columns], axis=1) for i in range(0, len(panels), columns)]
    return np.concatenate(rows, axis=0)


def _panels(sample: CropSample | SceneSample) -> UInt8Array:
    inside = (sample.labels > 0)[..., None]
    charts = np.where(inside, sample.image * 0.35 + colour_labels(sample.labels) * 0.65, sample.image).astype(np.uint8)
    boxes = sample.box_xyxy[None] if isinstance(sample, CropSample) else sample.boxes_xyxy
    for box in boxes:
        _outline(charts, box)
    for x, y, visible in sample.keypoints.reshape(-1, 3):
        if visible > 0:
            column, row = int(x), int(y)
            charts[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = _SEEN if visible == 2 else _HIDDEN
    coordinates = [np.repeat(sample.uv[k][..., None], 3, axis=2) for k in range(2)]
    return np.concatenate([sample.image, charts, *coordinates], axis=1)


def _outline(image: AnyArray, box_xyxy: Float32Array) -> None:
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (round(float(v)) for v in box_xyxy)
    x1, x2 = np.clip([x1, x2 - 1], 0, width - 1)
    y1, y2 = np.clip([y1, y2 - 1], 0, height - 1)
    image[[y1, y2], x1 : x2 + 1] = _BOX
    image[y1 : y2 + 1, [x1, x2]] = _BOX
