"""Test-time augmentation of DensePose-RCNN: a picture at several sizes and mirrored, the raw maps of each person averaged.

The official procedure: boxes found in all views are joined by non-maximum suppression, then every view maps these boxes, and
logits and coordinates are averaged before the best chart is taken. Confidences are those of the first view.

U and V of the mirrored picture are turned by the rule of `vitruv.runtime.compact.mirrored`. It is exact for Vitruv's own charts.
The two sides of the official surface are not cut alike, so for models of it the rule is an approximation, where Detectron2 looks
coordinates up in tables that may not be shipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vitruv.errors import ModelError
from vitruv.geometry import clip, nms
from vitruv.results import DensePoses
from vitruv.runtime.compact.mirrored import mirror_uv
from vitruv.runtime.rcnn.input import network_input, rescale_boxes, resize, resized_size
from vitruv.runtime.rcnn.model import Pyramid, RCNNModel
from vitruv.surface import MIRROR_CHART, MIRROR_PART
from vitruv.types import Float32Array, UInt8Array

SIZES = tuple(range(400, 1201, 100))
LARGEST = 4000
_AVERAGED = ("coarse_segm", "fine_segm", "u", "v")
Maps = dict[str, Float32Array]


@dataclass(frozen=True)
class _View:
    """A picture as the network sees it."""

    pyramid: Pyramid
    input_hw: tuple[int, int]
    size_hw: tuple[int, int]
    mirrored: bool

    def to_input(self, boxes_xyxy: Float32Array) -> Float32Array:
        return rescale_boxes(self._mirror(boxes_xyxy), self.size_hw, self.input_hw)

    def to_picture(self, boxes_xyxy: Float32Array) -> Float32Array:
        return self._mirror(rescale_boxes(boxes_xyxy, self.input_hw, self.size_hw))

    def _mirror(self, boxes_xyxy: Float32Array) -> Float32Array:
        if not self.mirrored:
            return boxes_xyxy
        flipped = boxes_xyxy.copy()
        flipped[:, [0, 2]] = self.size_hw[1] - boxes_xyxy[:, [2, 0]]
        return flipped


@dataclass(frozen=True)
class AugmentedModel:
    """A chart model that looks at every picture many times."""

    model: RCNNModel
    sizes: tuple[int, ...] = SIZES
    flip: bool = True

    @property
    def threshold(self) -> float:
        return self.model.threshold

    def predict(self, rgb: UInt8Array, *, boxes_xyxy: Float32Array | None, threshold: float) -> DensePoses:
        """See `vitruv.runtime.Model`."""
        size_hw = (rgb.shape[0], rgb.shape[1])
        if boxes_xyxy is None:
            boxes_xyxy, scores = self._find(rgb, threshold)
        else:
            scores = np.ones(len(boxes_xyxy), np.float32)
        means: list[Maps] = [{} for _ in boxes_xyxy]
        for seen, view in enumerate(self._views(rgb), start=1):
            people = self.model.raw_maps(view.pyramid, view.to_input(boxes_xyxy))
            for mean, maps in zip(means, people, strict=True):
                _include(mean, mirror_maps(maps) if view.mirrored else maps, seen)
        return self.model.results(boxes_xyxy, scores, means, size_hw)

    def _find(self, rgb: UInt8Array, threshold: float) -> tuple[Float32Array, Float32Array]:
        size_hw, rules = (rgb.shape[0], rgb.shape[1]), self.model.rules
        boxes, scores = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)]
        for view in self._views(rgb):
            found, found_scores = self.model.find(view.pyramid, view.input_hw, threshold)
            boxes.append(clip(view.to_picture(found), size_hw))
            scores.append(found_scores)
        joined, joined_scores = np.concatenate(boxes), np.concatenate(scores)
        some = (joined[:, 2:] > joined[:, :2]).all(axis=1)
        joined, joined_scores = joined[some], joined_scores[some]
        kept = nms(joined, joined_scores, rules.box_nms)[: rules.people]
        return joined[kept], joined_scores[kept]

    def _views(self, rgb: UInt8Array) -> Iterator[_View]:
        """One at a time, and anew for each pass: all pyramids together would take gigabytes."""
        size_hw = (rgb.shape[0], rgb.shape[1])
        for size in self.sizes:
            input_hw = resized_size(size_hw, min_size=size, max_size=LARGEST)
            smaller = resize(rgb, input_hw)
            for mirrored in (False, True) if self.flip else (False,):
                view = np.ascontiguousarray(smaller[:, ::-1]) if mirrored else smaller
                yield _View(self.model.trunk({"image": network_input(view)}), input_hw, size_hw, mirrored)


def augmented(model: RCNNModel) -> AugmentedModel:
    """A model with augmentation. Raises ModelError for models that cannot be averaged."""
    if model.vertices is not None:
        raise ModelError("augmentation is for models that predict charts; leave it out for this one, which predicts vertices")
    return AugmentedModel(model)


def mirror_maps(maps: Maps) -> Maps:
    """Raw maps of a person in the mirrored picture as those of the person in the picture.

    Left and right change places, pixels, charts and parts; U and V become those of the same place on the other side.
    """
    flipped = {name: np.ascontiguousarray(value[..., ::-1]) for name, value in maps.items()}
    if len(flipped["coarse_segm"]) == len(MIRROR_PART):
        flipped["coarse_segm"] = flipped["coarse_segm"][MIRROR_PART]
    flipped["fine_segm"] = flipped["fine_segm"][MIRROR_CHART]
    flipped["u"], flipped["v"] = mirror_uv(maps["u"], maps["v"])
    return flipped


def _include(mean: Maps, maps: Maps, seen: int) -> None:
    """Update running means with the maps of view number `seen` (from 1)."""
    for name, value in maps.items():
        if seen == 1:
            mean[name] = value.copy()
        elif name in _AVERAGED:
            mean[name] += (value - mean[name]) / seen
