"""Photos of an annotation file, found in a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vitruv.errors import MissingFileError
from vitruv.formats import Detections, ImageInfo, dequantize
from vitruv.media import read_image
from vitruv.results import ChartMap, DensePoses
from vitruv.types import Int64Array, UInt8Array


def photo_of(image: ImageInfo, folder: Path) -> UInt8Array:
    """The photo of an image, by its file name or the last part of it. Raises MissingFileError, UnreadableFileError."""
    for name in (image.file_name, Path(image.file_name).name):
        if name and (folder / name).is_file():
            return read_image(folder / name)
    raise MissingFileError(folder / (image.file_name or str(image.id)), f"no photo for image {image.id} in this folder")


def poses_of(detections: Detections, chosen: Int64Array, size_hw: tuple[int, int]) -> DensePoses:
    """Some detections of one image as `DensePoses`. Raises FormatError."""
    charts: list[ChartMap] = []
    boxes = np.zeros((len(chosen), 4), np.float32)
    for i, index in enumerate(chosen.tolist()):
        charts.append(dequantize(detections.iuv(index)))
        height, width = charts[-1].size_hw
        left, top = detections.boxes_xywh[index, :2].astype(np.float32)
        boxes[i] = left, top, _end(left, width), _end(top, height)
    return DensePoses(boxes, detections.scores[chosen].astype(np.float32), tuple(charts), size_hw)


def _end(start: np.float32, length: int) -> np.float32:
    """The float32 from which `start` can be taken away without losing a pixel to rounding."""
    end = np.float32(start + np.float32(length))
    while int(np.float32(end - start)) < length:
        end = np.nextafter(end, np.float32(np.inf))
    return np.float32(end)
