"""Models of kind "embedded": a person detector, then a regressor on people's crops, both ONNX graphs of fixed size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vitruv.errors import ModelError
from vitruv.geometry import nms, without_doubles
from vitruv.results import ChartMap, DensePoses
from vitruv.runtime.chart_maps import CropMaps
from vitruv.runtime.compact.detector import Detector
from vitruv.runtime.compact.regressor import Regressor
from vitruv.runtime.compact.views import draw_charts, seen_boxes
from vitruv.types import Float32Array, UInt8Array


@dataclass(frozen=True)
class SecondLook:
    """The regressor judges what the detector gave at least `least_score`: the `most` best of a picture, and however many more the
    detector by itself would have called people. Of two boxes one of which lies in the other to more than `most_shared`, the one
    it believes more is kept.

    refit_iou: people are then mapped anew, in boxes around what was seen of them; of those boxes that overlap by more than this IoU
    the one with the better score is kept. None keeps the detector's boxes, and the maps of the second look.
    """

    least_score: float
    most: int
    most_shared: float
    refit_iou: float | None = None


@dataclass(frozen=True)
class EmbeddedModel:
    """Finds people, then maps each of them. second_look: None believes the detector."""

    detector: Detector
    regressor: Regressor
    second_look: SecondLook | None = None
    threshold: float = 0.5

    def predict(self, rgb: UInt8Array, *, boxes_xyxy: Float32Array | None, threshold: float) -> DensePoses:
        look = self.second_look
        if boxes_xyxy is not None:
            scores = np.ones(len(boxes_xyxy), np.float32)
            charts = self.regressor.map_people(rgb, boxes_xyxy)
        elif look is None:
            boxes_xyxy, scores = self.detector.find(rgb, threshold=threshold)
            charts = self.regressor.map_people(rgb, boxes_xyxy)
        else:
            boxes_xyxy, scores, charts = self._look_twice(rgb, look, threshold)
        return DensePoses(boxes_xyxy=boxes_xyxy, scores=scores, charts=charts, size_hw=(rgb.shape[0], rgb.shape[1]))

    def maps(self, rgb: UInt8Array, *, boxes_xyxy: Float32Array) -> list[CropMaps]:
        return [CropMaps(*view) for view in self.regressor.views(rgb, boxes_xyxy)]

    def _look_twice(self, rgb: UInt8Array, look: SecondLook, threshold: float) -> tuple[Float32Array, Float32Array, list[ChartMap]]:
        found, found_scores = self.detector.find(rgb, threshold=min(look.least_score, threshold))
        looked_at = max(look.most, int((found_scores >= self.threshold).sum()))
        found, found_scores = found[:looked_at], found_scores[:looked_at]
        fitted = look.refit_iou is not None
        kept, scores, views = self.regressor.judge_people(rgb, found, found_scores, threshold, brief=fitted)
        single = without_doubles(found[kept], scores, look.most_shared)
        boxes, scores, views = found[kept][single], scores[single], [views[i] for i in single]
        if look.refit_iou is None:
            return boxes, scores, draw_charts(views, boxes)
        boxes = seen_boxes(views, boxes, (rgb.shape[0], rgb.shape[1]))
        single = nms(boxes, scores, look.refit_iou)
        return boxes[single], scores[single], self.regressor.map_people(rgb, boxes[single])


def open_model(
    folder: Path, manifest: dict[str, Any], *, device: str, precision: str = "auto", augment: bool = False
) -> EmbeddedModel:
    """Open the two graphs that a manifest of kind "embedded" names.

    augment: look at every person in the mirror too, whatever the manifest says.
    Raises ModelError naming the entry of the manifest, or the file, that cannot be used, or for a precision other than fp32.
    """
    if precision == "fp16":
        raise ModelError(f"{folder}: a model of this kind computes in fp32 only; fp16 is for official checkpoints")
    read = _Reader(folder, manifest)
    judges = read.has("regressor", "second_look")
    return EmbeddedModel(
        detector=Detector(
            read.file("detector"),
            size_hw=read.size_hw("detector", "size_hw"),
            pad_value=int(read.number("detector", "pad_value", 0, 255)),
            nms_iou=read.number("detector", "nms_iou", 0, 1),
            device=device,
        ),
        regressor=Regressor(
            read.file("regressor"),
            size_hw=read.size_hw("regressor", "size_hw"),
            output_size_hw=read.size_hw("regressor", "output_size_hw"),
            box_scale=read.number("regressor", "box_scale", 1, 4),
            pad_value=int(read.number("regressor", "pad_value", 0, 255)),
            device=device,
            mirror=augment or read.flag("regressor", "mirror"),
            judges=judges,
            turned_from=read.number("regressor", "turned_from", 0, 100) if read.has("regressor", "turned_from") else None,
        ),
        second_look=read.second_look() if judges else None,
    )


@dataclass(frozen=True)
class _Reader:
    """Entries of a manifest, checked one by one."""

    folder: Path
    manifest: dict[str, Any]

    def _value(self, part: str, name: str) -> Any:
        if not self.has(part, name):
            raise ModelError(f"{self.folder}: model.json lacks {part}.{name}")
        return self.manifest[part][name]

    def has(self, part: str, name: str) -> bool:
        section = self.manifest.get(part)
        return isinstance(section, dict) and name in section

    def _wrong(self, part: str, name: str, expected: str) -> ModelError:
        return ModelError(f"{self.folder}: model.json: {part}.{name} must be {expected}, but is {self._value(part, name)!r}")

    def file(self, part: str) -> Path:
        name = self._value(part, "file")
        if not isinstance(name, str) or Path(name).name != name:
            raise self._wrong(part, "file", "the name of a file beside it")
        return self.folder / name

    def number(self, part: str, name: str, low: float, high: float) -> float:
        value = self._value(part, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self._wrong(part, name, f"a number from {low:g} to {high:g}")
        return float(value)

    def flag(self, part: str, name: str) -> bool:
        """False where it is not there."""
        if not self.has(part, name):
            return False
        value = self._value(part, name)
        if not isinstance(value, bool):
            raise self._wrong(part, name, "true or false")
        return value

    def second_look(self) -> SecondLook | None:
        """None where the manifest asks for no looks: then the detector is believed, although the graph could judge."""
        value = self._value("regressor", "second_look")
        if not isinstance(value, dict) or set(value) | {"refit_iou"} != {"least_score", "most", "most_shared", "refit_iou"}:
            raise self._wrong("regressor", "second_look", "an object with least_score, most, most_shared and perhaps refit_iou")
        name, inner = "regressor.second_look", _Reader(self.folder, {"regressor.second_look": value})
        most = int(inner.number(name, "most", 0, 200))
        look = SecondLook(
            least_score=inner.number(name, "least_score", 0, 1),
            most=most,
            most_shared=inner.number(name, "most_shared", 0, 1),
            refit_iou=inner.number(name, "refit_iou", 0, 1) if inner.has(name, "refit_iou") else None,
        )
        return look if most else None

    def size_hw(self, part: str, name: str) -> tuple[int, int]:
        value = self._value(part, name)
        if not isinstance(value, list) or len(value) != 2 or not all(type(side) is int and side > 0 for side in value):
            raise self._wrong(part, name, "two positive integers, height and width")
        return value[0], value[1]
