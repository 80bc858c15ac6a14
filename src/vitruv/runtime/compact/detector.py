"""The embedded person detector: a whole picture in, boxes of people out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vitruv.geometry import clip, nms
from vitruv.runtime.compact.crops import letterbox
from vitruv.runtime.sessions import Session
from vitruv.types import Float32Array, UInt8Array

# More candidates than this before suppression, or people after it, is no picture but a failure of the network.
_MAX_CANDIDATES = 1000
_MAX_PEOPLE = 200


class Detector:
    """A graph `image` (1, H, W, 3) uint8 -> `boxes_xyxy` (1, A, 4), `scores` (1, A) float32, in pixels of the letterboxed input."""

    def __init__(self, path: Path, *, size_hw: tuple[int, int], pad_value: int, nms_iou: float, device: str) -> None:
        self._session = Session(
            path,
            inputs={"image": (None, *size_hw, 3)},
            outputs={"boxes_xyxy": (None, None, 4), "scores": (None, None)},
            device=device,
        )
        self._size_hw = size_hw
        self._pad_value = pad_value
        self._nms_iou = nms_iou

    def find(self, rgb: UInt8Array, *, threshold: float) -> tuple[Float32Array, Float32Array]:
        """People in a picture: boxes (n, 4) float32 xyxy in its pixels, inside it, and scores (n,) float32, falling."""
        image, (scale_x, scale_y) = letterbox(rgb, self._size_hw, self._pad_value)
        boxes, scores = (part[0] for part in self._session.run(image=image[None]))
        candidates = np.flatnonzero(scores >= threshold)
        if len(candidates) > _MAX_CANDIDATES:
            candidates = candidates[np.argpartition(-scores[candidates], _MAX_CANDIDATES)[:_MAX_CANDIDATES]]
        boxes = boxes[candidates] / np.array([scale_x, scale_y, scale_x, scale_y], np.float32)
        boxes = clip(boxes, (rgb.shape[0], rgb.shape[1]))
        # What is left of a box at the border, or of a network's wild guess, must still cover a pixel.
        solid = ((boxes[:, 2:] - boxes[:, :2]) >= 1).all(axis=1)
        boxes, scores = boxes[solid], scores[candidates][solid]
        kept = nms(boxes, scores, self._nms_iou)[:_MAX_PEOPLE]
        return boxes[kept].astype(np.float32), scores[kept].astype(np.float32)
