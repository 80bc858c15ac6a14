"""Models of kind "rcnn": DensePose-RCNN through ONNX Runtime, with the numbers of Detectron2.

A picture passes: `resize` -> `trunk` (pyramid) -> `find` (proposals, then boxes) -> `raw_maps` (decoder, dense head) ->
`chart_map`. What needs sorting is NumPy, everything else ONNX graphs; people go through the dense head together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from vitruv.errors import ModelError
from vitruv.geometry import clip, placement_xywh
from vitruv.geometry.proposals import propose, pyramid_anchors, pyramid_level, select_detections
from vitruv.rcnn_config import BOX_CELLS, PYRAMID_LEVELS, DetectionRules, RCNNArchitecture
from vitruv.results import ChartMap, DensePoses
from vitruv.runtime.devices import usable_threads
from vitruv.runtime.rcnn.graph import Graph, Value, array
from vitruv.runtime.rcnn.input import network_input, rescale_boxes, resize, resized_size
from vitruv.runtime.rcnn.maps import body_mask, chart_map, embeddings_in
from vitruv.runtime.rcnn.merge import TiledMerge
from vitruv.runtime.rcnn.pool import pool
from vitruv.runtime.rcnn.tiles import windows_on_people
from vitruv.types import Float32Array, Int32Array, Int64Array, UInt8Array

_PEOPLE_AT_ONCE = 8
_PIXELS_AT_ONCE = 2048  # compared with every vertex at a time

Pyramid = dict[str, Value]
"""p2..p5 (1, h, w, c) and, per level 2..6, logits (1, 3, h, w) and deltas (1, 12, h, w)."""

Stage = Callable[[Mapping[str, Value]], dict[str, Value]]
"""A graph, or what stands for it on a processor."""


@dataclass(frozen=True)
class RCNNModel:
    """Finds people, then maps each of them. The methods are the stages of `predict`, in order.

    boxes, people: take boxes, or on a processor what was pooled from them.
    """

    architecture: RCNNArchitecture
    rules: DetectionRules
    min_size: int
    max_size: int
    trunk: Stage
    boxes: Graph
    people: Graph
    merge: Graph | TiledMerge | None
    vertices: Graph | None

    @property
    def threshold(self) -> float:
        """Least score, where the caller names none."""
        return self.rules.threshold

    def predict(self, rgb: UInt8Array, *, boxes_xyxy: Float32Array | None, threshold: float) -> DensePoses:
        """Dense pose of people; see `vitruv.runtime.Model`."""
        size_hw = (rgb.shape[0], rgb.shape[1])
        input_hw = resized_size(size_hw, min_size=self.min_size, max_size=self.max_size)
        pyramid = self.trunk({"image": network_input(resize(rgb, input_hw))})
        if boxes_xyxy is None:
            # The official rule is "above"; a caller's own threshold is reached by what equals it.
            above = threshold if threshold == self.threshold else float(np.nextafter(np.float32(threshold), np.float32(-1)))
            inner, scores = self.find(pyramid, input_hw, above)
            boxes_xyxy = clip(rescale_boxes(inner, input_hw, size_hw), size_hw)
            kept = (boxes_xyxy[:, 2:] > boxes_xyxy[:, :2]).all(axis=1)
            inner, scores, boxes_xyxy = inner[kept], scores[kept], boxes_xyxy[kept]
        else:
            inner, scores = rescale_boxes(boxes_xyxy, size_hw, input_hw), np.ones(len(boxes_xyxy), np.float32)
        return self.results(boxes_xyxy, scores, self.raw_maps(pyramid, inner), size_hw)

    def results(
        self, boxes_xyxy: Float32Array, scores: Float32Array, people: Iterable[dict[str, Float32Array]], size_hw: tuple[int, int]
    ) -> DensePoses:
        """From raw maps of people to their pixels. boxes_xyxy: (n, 4) in pixels of the picture, of `size_hw`."""
        sizes = [(int(place[3]), int(place[2])) for place in placement_xywh(boxes_xyxy)]
        # While the next people go through the network, threads resample those who are done.
        with ThreadPoolExecutor(usable_threads()) as threads:
            running = [threads.submit(self._pixels, maps, size) for maps, size in zip(people, sizes, strict=True)]
            done = [one.result() for one in running]
        charts = [chart for chart, _, _ in done]
        confidences = [confidence for _, confidence, _ in done if confidence]
        closest = [vertices for _, _, vertices in done if vertices is not None]
        return DensePoses(boxes_xyxy, scores, charts, size_hw, confidences, closest)

    def _pixels(
        self, maps: dict[str, Float32Array], box_hw: tuple[int, int]
    ) -> tuple[ChartMap, dict[str, Float32Array], Int32Array | None]:
        """Chart, confidences and closest vertices of one person, at the pixels of the box."""
        if self.vertices is not None:
            return ChartMap.empty(box_hw), {}, self.closest_vertices(maps, box_hw)
        return *chart_map(maps, box_hw), None

    def find(self, pyramid: Pyramid, input_hw: tuple[int, int], above: float) -> tuple[Float32Array, Float32Array]:
        """Boxes of people (n, 4) in pixels of the input and scores (n,), falling, all above a score."""
        proposals, _ = self.proposals(pyramid, input_hw)
        if not len(proposals):
            return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        class_logits, deltas = self.classify(pyramid, proposals)
        found, scores, _ = select_detections(
            proposals,
            class_logits,
            deltas,
            input_hw,
            score_threshold=above,
            nms_threshold=self.rules.box_nms,
            limit=self.rules.people,
        )
        return found, scores

    def proposals(self, pyramid: Pyramid, input_hw: tuple[int, int]) -> tuple[Float32Array, Float32Array]:
        """Boxes (n, 4) that may hold people, and their logits (n,), falling."""
        levels = range(PYRAMID_LEVELS[0], PYRAMID_LEVELS[-1] + 2)
        logits = [array(pyramid[f"logits{level}"])[0] for level in levels]
        deltas = [array(pyramid[f"deltas{level}"])[0] for level in levels]
        return propose(
            logits,
            deltas,
            pyramid_anchors([(x.shape[1], x.shape[2]) for x in logits]),
            input_hw,
            before=self.rules.proposals_before,
            limit=self.rules.proposals,
            threshold=self.rules.proposal_nms,
        )

    def classify(self, pyramid: Pyramid, proposals: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Class logits (n, classes + 1) and deltas (n, 4 * classes) of boxes."""
        if "pooled" in self.boxes.inputs:
            maps = {level: array(pyramid[f"p{level}"])[0] for level in PYRAMID_LEVELS}
            outputs = self.boxes({"pooled": pool(maps, proposals, pyramid_level(proposals), size=BOX_CELLS)})
            return array(outputs["class_logits"]), array(outputs["deltas"])
        per_level, order = _by_level(proposals)
        outputs = self.boxes(pyramid | per_level)
        back = np.argsort(order)
        return array(outputs["class_logits"])[back], array(outputs["deltas"])[back]

    def raw_maps(self, pyramid: Pyramid, boxes_xyxy: Float32Array) -> Iterator[dict[str, Float32Array]]:
        """Raw maps (c, s, s) by name of each person, in the order of the boxes (n, 4), which are in pixels of the input."""
        if not len(boxes_xyxy):
            return
        on_map: dict[str, Value] = {}
        if isinstance(self.merge, TiledMerge):
            on_map = {"map": self.merge(pyramid, boxes_xyxy)}
        elif self.merge is not None:
            on_map = self.merge(pyramid)
        for start in range(0, len(boxes_xyxy), _PEOPLE_AT_ONCE):
            part = boxes_xyxy[start : start + _PEOPLE_AT_ONCE]
            order = np.arange(len(part))
            if self.merge is None:
                per_level, order = _by_level(part)
                outputs = self.people(pyramid | per_level)
            elif "map" in on_map:
                outputs = self.people(self._pooled_people(on_map["map"], part))
            else:
                outputs = self.people({**on_map, "boxes": part})
            maps = {name: array(value) for name, value in outputs.items()}
            for i in np.argsort(order):
                yield {name: value[i] for name, value in maps.items()}

    def _pooled_people(self, merged: Float32Array, boxes_xyxy: Float32Array) -> dict[str, Value]:
        """Features of people (n, s, s, c) from the map of `TiledMerge`, and where tiles of such features read."""
        size = self.architecture.pool_size
        pooled = pool({2: merged}, boxes_xyxy, np.full(len(boxes_xyxy), 2), size=size)
        return {"pooled": pooled, **windows_on_people(len(boxes_xyxy), size)}

    def closest_vertices(self, maps: dict[str, Float32Array], box_hw: tuple[int, int]) -> Int32Array:
        """(h, w) int32: the vertex of the mesh that each pixel shows; -1 outside the body."""
        mask = body_mask(maps["coarse_segm"], box_hw)
        pixels = embeddings_in(mask, maps["embedding"])
        closest = np.zeros(len(pixels), np.int32)
        if self.vertices is None:
            raise ModelError("this model maps people to charts, not to vertices")
        for start in range(0, len(pixels), _PIXELS_AT_ONCE):
            part = pixels[start : start + _PIXELS_AT_ONCE]
            closest[start : start + len(part)] = array(self.vertices({"embedding": part})["closest"])
        result = np.full(box_hw, -1, np.int32)
        result[mask] = closest
        return result


def _by_level(boxes_xyxy: Float32Array) -> tuple[dict[str, Float32Array], Int64Array]:
    """Boxes for each pyramid level, as the graphs take them, and their numbers in that order."""
    levels = pyramid_level(boxes_xyxy)
    per_level = {f"boxes{level}": boxes_xyxy[levels == level] for level in PYRAMID_LEVELS}
    return per_level, np.argsort(levels, kind="stable")
