"""Detections of a result file as `DensePoses`."""

from __future__ import annotations

import numpy as np

from vitruv.errors import FormatError, InputError
from vitruv.formats.result_json import dequantize
from vitruv.formats.results import Detections
from vitruv.formats.rle import decode_rle
from vitruv.geometry import placement_xywh
from vitruv.results import ChartMap, DensePoses
from vitruv.types import BoolArray, Float32Array, Int64Array


def detected_people(detections: Detections, chosen: Int64Array, size_hw: tuple[int, int]) -> DensePoses:
    """Some detections of one picture, in the order of `chosen`, with U and V as their 8 bits give them.

    chosen: (n,) indices, such as an entry of `detections.indices_of_image()`. size_hw: height and width of the picture.
    Keypoints, track ids and masks are kept where all chosen detections have them. Raises FormatError.
    """
    charts: list[ChartMap] = []
    boxes = np.zeros((len(chosen), 4), np.float32)
    for i, index in enumerate(chosen.tolist()):
        charts.append(dequantize(detections.iuv(index)))
        height, width = charts[-1].size_hw
        left, top = detections.boxes_xywh[index, :2].astype(np.float32)
        boxes[i] = left, top, _end(left, width), _end(top, height)
    keypoints = None if detections.keypoints is None else detections.keypoints[chosen]
    track_ids = None if detections.track_ids is None else detections.track_ids[chosen]
    return DensePoses(
        boxes,
        detections.scores[chosen].astype(np.float32),
        tuple(charts),
        size_hw,
        keypoints=None if keypoints is None or np.isnan(keypoints).any() else keypoints,
        masks=_masks(detections, chosen, boxes, size_hw),
        track_ids=None if track_ids is None or (track_ids < 0).any() else track_ids,
    )


def _masks(detections: Detections, chosen: Int64Array, boxes: Float32Array, size_hw: tuple[int, int]) -> list[BoolArray]:
    """Masks over the picture, cut to the place of each chart map; empty unless all are given."""
    found: list[BoolArray] = []
    for index, (x, y, w, h) in zip(chosen.tolist(), placement_xywh(boxes).tolist(), strict=True):
        runs = detections.segmentations[index] if len(detections.segmentations) else None
        if runs is None:
            return []
        try:
            whole = decode_rle(runs, size_hw=size_hw)
        except InputError as error:
            raise FormatError(detections.path, f"result {index}: segmentation: {error}") from None
        mask = np.zeros((h, w), bool)
        inside = whole[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)]
        top, left = max(-y, 0), max(-x, 0)
        mask[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
        found.append(mask)
    return found


def _end(start: np.float32, length: int) -> np.float32:
    """The float32 from which `start` can be taken away without losing a pixel to rounding."""
    end = np.float32(start + np.float32(length))
    while int(np.float32(end - start)) < length:
        end = np.nextafter(end, np.float32(np.inf))
    return np.float32(end)
