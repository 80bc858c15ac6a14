"""The boundary between a user's picture and a model."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from vitruv.errors import InputError
from vitruv.geometry import as_boxes_xyxy
from vitruv.media import as_rgb
from vitruv.results import DensePoses
from vitruv.types import Float32Array, UInt8Array

# A box may reach over the borders (people do), but a box many times the picture is a mistake that would cost gigabytes.
_MAX_BOX_IN_PICTURES = 3.0


class Model(Protocol):
    """What a kind of model has to do; arguments are checked already."""

    @property
    def threshold(self) -> float:
        """The least score of people it finds, where the caller names none."""

    def predict(self, rgb: UInt8Array, *, boxes_xyxy: Float32Array | None, threshold: float) -> DensePoses:
        """Dense pose of the people in `rgb` (h, w, 3) uint8.

        boxes_xyxy: (n, 4) float32 in pixels: map exactly these, in this order, each with score 1; None: find people, and return
        those with a score of at least `threshold`, by falling score.
        """


class Predictor:
    """Finds people in a picture and maps their pixels to the body surface. Made by `vitruv.load`."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def __call__(self, image: object, *, boxes: object = None, threshold: float | None = None) -> DensePoses:
        """Dense pose of every person in a picture.

        image: a path, a PIL image (both are turned upright), or an RGB array (h, w, 3) uint8.
        boxes: (n, 4) numbers, x1 y1 x2 y2 in pixels of the upright picture. Given boxes are mapped as they are, in their order,
            with score 1, and nobody else is looked for. They may reach over the borders, but not lie outside.
        threshold: people found with a lower score (0..1) are left out; without effect on given boxes. None: the model's own
            (0.5 for the model inside the package).
        Returns `DensePoses` in pixels of the upright picture; no person is an empty result, not an error.
        Raises MissingFileError or UnreadableFileError for a file that cannot be used, InputError (a ValueError) for arguments.
        """
        rgb = as_rgb(image)
        if threshold is None:
            threshold = self._model.threshold
        if isinstance(threshold, bool) or not isinstance(threshold, int | float | np.number) or not 0 <= threshold <= 1:
            raise InputError(f"threshold must be a number from 0 to 1, but got {threshold!r}")
        boxes_xyxy = None if boxes is None else _boxes_in_picture(boxes, (rgb.shape[0], rgb.shape[1]))
        return self._model.predict(rgb, boxes_xyxy=boxes_xyxy, threshold=float(threshold))


def _boxes_in_picture(boxes: object, size_hw: tuple[int, int]) -> Float32Array:
    """Boxes that are finite, not empty, and touch the picture."""
    boxes_xyxy = as_boxes_xyxy(boxes)
    height, width = size_hw
    for i, (x1, y1, x2, y2) in enumerate(boxes_xyxy.tolist()):
        if x2 <= 0 or y2 <= 0 or x1 >= width or y1 >= height:
            raise InputError(f"boxes[{i}] lies outside the picture of {width}x{height} pixels: {[x1, y1, x2, y2]}")
        if max((x2 - x1) / width, (y2 - y1) / height) > _MAX_BOX_IN_PICTURES or not math.isfinite((x2 - x1) * (y2 - y1)):
            raise InputError(
                f"boxes[{i}] is more than {_MAX_BOX_IN_PICTURES:g} times the picture of {width}x{height} pixels: {[x1, y1, x2, y2]}"
            )
    return boxes_xyxy
