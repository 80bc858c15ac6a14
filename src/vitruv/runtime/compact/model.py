"""Models of kind "compact": a person detector, then a regressor on people's crops, both ONNX graphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from vitruv.errors import ModelError
from vitruv.geometry import placement_xywh
from vitruv.results import ChartMap, DensePoses
from vitruv.runtime.chart_maps import CropMaps, chart_map_from_crop
from vitruv.runtime.compact.detector import Detector, DetectorConfig
from vitruv.runtime.compact.manifest import ManifestReader
from vitruv.runtime.compact.people import LookPolicy, PeopleMapper
from vitruv.runtime.compact.regressor import Regressor, RegressorMaps
from vitruv.types import Float32Array, UInt8Array


@dataclass(frozen=True)
class CompactModel:
    """Finds people, then maps each of them. The people of several pictures share the regressor's batches."""

    detector: Detector
    mapper: PeopleMapper
    threshold: float = 0.5

    def predict(self, rgb: UInt8Array, *, boxes_xyxy: Float32Array | None, threshold: float) -> DensePoses:
        return self.predict_many([rgb], boxes_xyxy=[boxes_xyxy], threshold=threshold)[0]

    def predict_many(
        self, pictures: Sequence[UInt8Array], *, boxes_xyxy: Sequence[Float32Array | None], threshold: float
    ) -> list[DensePoses]:
        people = [self._people(rgb, given, threshold) for rgb, given in zip(pictures, boxes_xyxy, strict=True)]
        windows, maps = self.mapper.map(pictures, [boxes for boxes, _ in people])
        ends = np.cumsum([0, *(len(boxes) for boxes, _ in people)])
        results = []
        for rgb, (boxes, scores), (start, stop) in zip(pictures, people, pairwise(ends.tolist()), strict=True):
            own = RegressorMaps(*(part[start:stop] for part in maps))
            results.append(
                DensePoses(
                    boxes_xyxy=boxes,
                    scores=scores,
                    charts=_charts(own, windows[start:stop], boxes),
                    size_hw=(rgb.shape[0], rgb.shape[1]),
                    keypoints=_keypoints(own.joints, windows[start:stop]),
                )
            )
        return results

    def maps(self, rgb: UInt8Array, *, boxes_xyxy: Float32Array) -> list[CropMaps]:
        windows, maps = self.mapper.map([rgb], [boxes_xyxy])
        return [CropMaps(*own) for own in zip(windows, maps.logits, maps.uv, strict=True)]

    def _people(self, rgb: UInt8Array, given: Float32Array | None, threshold: float) -> tuple[Float32Array, Float32Array]:
        if given is not None:
            return given, np.ones(len(given), np.float32)
        boxes, scores = self.detector.find(rgb)
        return boxes[scores >= threshold], scores[scores >= threshold]


def open_model(
    folder: Path, manifest: dict[str, Any], *, device: str, precision: str = "auto", augment: bool = False
) -> CompactModel:
    """Open the two graphs that a manifest of kind "compact" names.

    augment: average everybody's maps with those of the mirror image, whatever the manifest says.
    Raises ModelError naming the entry of the manifest, or the file, that cannot be used, or for a precision other than fp32.
    """
    if precision == "fp16":
        raise ModelError(f"{folder}: a model of this kind computes in fp32 only; fp16 is for official checkpoints")
    read = ManifestReader(folder, manifest)
    detector = Detector(read.file("detector"), _detector_config(read), device=device)
    regressor = Regressor(
        read.file("regressor"),
        size_hw=read.size_hw("regressor", "size_hw"),
        output_size_hw=read.size_hw("regressor", "output_size_hw"),
        device=device,
    )
    mapper = PeopleMapper(
        regressor,
        LookPolicy(
            mirror=augment or read.flag("regressor", "mirror"),
            upright_score=read.number("regressor", "upright_score", 0, 1) if read.has("regressor", "upright_score") else None,
        ),
        box_scale=read.number("regressor", "box_scale", 1, 4),
        pad_value=int(read.number("regressor", "pad_value", 0, 255)),
    )
    return CompactModel(detector, mapper)


def _detector_config(read: ManifestReader) -> DetectorConfig:
    part = "detector"
    looks_finely = read.has(part, "fine_px")
    return DetectorConfig(
        coarse_px=int(read.number(part, "coarse_px", 32, 4096)),
        fine_px=int(read.number(part, "fine_px", 32, 4096)) if looks_finely else None,
        fine_below=read.number(part, "fine_below", 0, 1) if looks_finely else 0.0,
        fine_max=read.number(part, "fine_max", 0, 1) if looks_finely else 0.0,
        min_side_px=read.number(part, "min_side_px", 0, 4096) if read.has(part, "min_side_px") else 0.0,
        min_score=read.number(part, "min_score", 0, 1),
        nms_iou=read.number(part, "nms_iou", 0, 1),
        pad_value=int(read.number(part, "pad_value", 0, 255)),
    )


def _charts(maps: RegressorMaps, windows_xyxy: Float32Array, boxes_xyxy: Float32Array) -> list[ChartMap]:
    """The map of each person at the picture's resolution, in its box of (n, 4)."""
    charts = []
    for logits, uv, window, place in zip(maps.logits, maps.uv, windows_xyxy, placement_xywh(boxes_xyxy), strict=True):
        x, y, w, h = (int(v) for v in place)
        charts.append(chart_map_from_crop(logits, uv, window_xyxy=window, placement_xywh=(x, y, w, h)))
    return charts


def _keypoints(joints: Float32Array, windows_xyxy: Float32Array) -> Float32Array:
    """Joints (n, 17, 3) of crops of side 1, in pixels of the picture."""
    sides = windows_xyxy[:, None, 2:] - windows_xyxy[:, None, :2]
    places = joints[..., :2] * sides + windows_xyxy[:, None, :2]
    return np.concatenate([places, joints[..., 2:]], axis=2).astype(np.float32)
