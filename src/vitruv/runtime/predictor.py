"""The boundary between a user's picture and a model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Literal, Protocol, TypeAlias, get_args, overload, runtime_checkable

import numpy as np
from PIL.Image import Image

from vitruv.errors import InputError, ModelError
from vitruv.geometry import as_boxes_xyxy
from vitruv.media import as_rgb
from vitruv.results import DensePoses
from vitruv.runtime.chart_maps import CropMaps
from vitruv.types import Float32Array, UInt8Array

ColorOrder = Literal["rgb", "bgr"]
ImageLike: TypeAlias = str | PurePath | Image | UInt8Array

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


@runtime_checkable
class BatchModel(Model, Protocol):
    """A model that can process several pictures together."""

    def predict_many(
        self, pictures: Sequence[UInt8Array], *, boxes_xyxy: Sequence[Float32Array | None], threshold: float
    ) -> list[DensePoses]:
        """What `predict` returns for each picture, in their order. boxes_xyxy: one entry per picture, as for `predict`."""


@runtime_checkable
class MapsModel(Protocol):
    """A model whose maps can be had before charts are drawn from them."""

    def maps(self, rgb: UInt8Array, *, boxes_xyxy: Float32Array) -> list[CropMaps]:
        """What the network tells of each of (n, 4) boxes in pixels, in their order."""


class Predictor:
    """Finds people in pictures and maps their pixels to the body surface. Made by `vitruv.load`."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @overload
    def __call__(
        self, image: ImageLike, *, boxes: object = None, threshold: float | None = None, color: ColorOrder = "rgb"
    ) -> DensePoses: ...
    @overload
    def __call__(
        self,
        image: list[Any] | tuple[Any, ...],
        *,
        boxes: Sequence[object] | None = None,
        threshold: float | None = None,
        color: ColorOrder = "rgb",
    ) -> list[DensePoses]: ...
    def __call__(
        self,
        image: ImageLike | list[Any] | tuple[Any, ...],
        *,
        boxes: object = None,
        threshold: float | None = None,
        color: ColorOrder = "rgb",
    ) -> DensePoses | list[DensePoses]:
        """Dense pose of every person in a picture, or in each of a list of pictures.

        image: a path, a PIL image (both are turned upright), or an array (h, w, 3) uint8; or a list of any of them, of any sizes.
            All pictures of a list are in memory at once; models that can do so map their people in common batches.
        boxes: (n, 4) numbers, x1 y1 x2 y2 in pixels of the upright picture. Given boxes are mapped as they are, in their order,
            with score 1, and no other people are looked for. They may reach over the borders, but not lie outside. For a list of
            pictures: a list with such boxes, or None, for each.
        threshold: people found with a lower score (0..1) are left out; without effect on given boxes. None: the model's own
            (0.5 for the model inside the package).
        color: order of the channels of arrays, "rgb", or "bgr" as OpenCV gives them. Files and PIL images know their own.
        Returns `DensePoses` in pixels of the upright picture, for a list of pictures a list of them; no person is an empty result,
        not an error.
        Raises MissingFileError or UnreadableFileError for a file that cannot be used, InputError (a ValueError) for arguments.
        """
        limit = self._checked_threshold(threshold)
        if color not in get_args(ColorOrder):
            raise InputError(f"color must be 'rgb' or 'bgr', but got {color!r}")
        if not isinstance(image, list | tuple):
            rgb, boxes_xyxy = _checked(image, boxes, color)
            return self._model.predict(rgb, boxes_xyxy=boxes_xyxy, threshold=limit)
        pictures, all_boxes = _checked_list(image, boxes, color)
        if isinstance(self._model, BatchModel):
            return self._model.predict_many(pictures, boxes_xyxy=all_boxes, threshold=limit)
        return [
            self._model.predict(rgb, boxes_xyxy=boxes_xyxy, threshold=limit)
            for rgb, boxes_xyxy in zip(pictures, all_boxes, strict=True)
        ]

    def maps(self, image: object, boxes: object) -> list[CropMaps]:
        """What the network tells of the people in these boxes, before charts are drawn: for those who smooth or mix it.

        image, boxes: as above. Draw with `chart_map_from_crop`. Raises ModelError for models that have no such maps.
        """
        if not isinstance(self._model, MapsModel):
            raise ModelError("this model does not hand out its maps, so that they cannot be smoothed")
        rgb, boxes_xyxy = _checked(image, boxes, "rgb")
        return self._model.maps(rgb, boxes_xyxy=np.zeros((0, 4), np.float32) if boxes_xyxy is None else boxes_xyxy)

    def _checked_threshold(self, threshold: object) -> float:
        if threshold is None:
            threshold = self._model.threshold
        if isinstance(threshold, bool) or not isinstance(threshold, int | float | np.number) or not 0 <= threshold <= 1:
            raise InputError(f"threshold must be a number from 0 to 1, but got {threshold!r}")
        return float(threshold)


def _checked(image: object, boxes: object, color: ColorOrder) -> tuple[UInt8Array, Float32Array | None]:
    rgb = as_rgb(image)
    if color == "bgr" and isinstance(image, np.ndarray):
        rgb = rgb[:, :, ::-1]
    return rgb, None if boxes is None else _boxes_in_picture(boxes, (rgb.shape[0], rgb.shape[1]))


def _checked_list(images: Sequence[object], boxes: object, color: ColorOrder) -> tuple[list[UInt8Array], list[Float32Array | None]]:
    """Every picture and its boxes; what is wrong is said with the number of the picture."""
    if boxes is None:
        boxes = [None] * len(images)
    if not isinstance(boxes, Sequence) or len(boxes) != len(images):
        count = len(boxes) if isinstance(boxes, Sequence) else type(boxes).__name__
        raise InputError(f"boxes must be a list with an entry for each of the {len(images)} images, but got {count}")
    pairs = []
    for i, (image, some) in enumerate(zip(images, boxes, strict=True)):
        try:
            pairs.append(_checked(image, some, color))
        except InputError as error:
            raise InputError(f"image {i} of {len(images)}: {error}") from None
    return [rgb for rgb, _ in pairs], [boxes_xyxy for _, boxes_xyxy in pairs]


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
