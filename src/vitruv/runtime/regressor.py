"""The embedded regressor: people's boxes in, their chart maps out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vitruv.geometry import box_in_window, crop_window, placement_xywh
from vitruv.results import ChartMap
from vitruv.runtime.chart_maps import chart_map_from_crop
from vitruv.runtime.crops import cut_crop
from vitruv.runtime.mirrored import mirror_uv
from vitruv.runtime.sessions import Session, Shape
from vitruv.surface import MIRROR_CHART, NUM_CHARTS, NUM_LABELS
from vitruv.types import AnyArray, Float32Array, Int64Array, UInt8Array

_CROPS_AT_ONCE = 16  # a crowd goes through in groups of this size, which bounds memory


class Regressor:
    """A graph `crops` (n, h, w, 3) uint8 -> `logits` (n, 25, ho, wo), `uv` (n, 48, ho, wo) float32.

    mirror: every crop is also looked at in the mirror, and both views are averaged. judges: the graph also takes `places_xyxy`
    (n, 4), the boxes in their crops, and `found_scores` (n,), and tells `scores` (n,): how sure it is, having seen them large.
    """

    def __init__(
        self,
        path: Path,
        *,
        size_hw: tuple[int, int],
        output_size_hw: tuple[int, int],
        box_scale: float,
        pad_value: int,
        device: str,
        mirror: bool = False,
        judges: bool = False,
    ) -> None:
        inputs: dict[str, Shape] = {"crops": (None, *size_hw, 3)}
        outputs: dict[str, Shape] = {"logits": (None, NUM_LABELS, *output_size_hw), "uv": (None, 2 * NUM_CHARTS, *output_size_hw)}
        if judges:
            inputs |= {"places_xyxy": (None, 4), "found_scores": (None,)}
            outputs["scores"] = (None,)
        self._session = Session(path, inputs=inputs, outputs=outputs, device=device)
        self._judges = judges
        self._size_hw = size_hw
        self._box_scale = box_scale
        self._pad_value = pad_value
        self._mirror = mirror
        self._fixed_batch = self._session.fixed_size("crops", 0)

    def map_people(self, rgb: UInt8Array, boxes_xyxy: Float32Array) -> list[ChartMap]:
        """One `ChartMap` for each of (n, 4) boxes in pixels of the picture, in their order."""
        return [chart for _, _, chart in self._look(rgb, boxes_xyxy, np.ones(len(boxes_xyxy), np.float32), 0.0)]

    def judge_people(
        self, rgb: UInt8Array, boxes_xyxy: Float32Array, scores: Float32Array, threshold: float
    ) -> tuple[Int64Array, Float32Array, list[ChartMap]]:
        """Of (n, 4) boxes that a detector found with scores (n,): which are people with at least `threshold` after a second look,
        by falling score, (k,); those scores (k,); and their maps. For a graph that judges."""
        seen = list(self._look(rgb, boxes_xyxy, scores, threshold))
        order = sorted(range(len(seen)), key=lambda i: -seen[i][1])
        kept = np.array([seen[i][0] for i in order], np.int64)
        return kept, np.array([seen[i][1] for i in order], np.float32), [seen[i][2] for i in order]

    def cut(self, rgb: UInt8Array, boxes_xyxy: Float32Array) -> tuple[UInt8Array, Float32Array]:
        """What the network sees of (n, 4) boxes: crops (n, h, w, 3) uint8, and the boxes (n, 4) in crops of side 1."""
        windows = crop_window(boxes_xyxy, self._size_hw, self._box_scale)
        crops = [cut_crop(rgb, window, self._size_hw, self._pad_value) for window in windows]
        return np.stack(crops) if crops else np.zeros((0, *self._size_hw, 3), np.uint8), box_in_window(boxes_xyxy, windows)

    def _look(
        self, rgb: UInt8Array, boxes_xyxy: Float32Array, scores: Float32Array, threshold: float
    ) -> Iterator[tuple[int, float, ChartMap]]:
        """Number, score (1 from a graph that does not judge) and map of the boxes with a score of at least `threshold`."""
        windows = crop_window(boxes_xyxy, self._size_hw, self._box_scale)
        placements = placement_xywh(boxes_xyxy)
        step = self._fixed_batch or _CROPS_AT_ONCE
        for start in range(0, len(windows), step):
            some = slice(start, start + step)
            crops, places = self.cut(rgb, boxes_xyxy[some])
            logits, uv, sure = self._run(crops, places, scores[some])
            if self._mirror:
                flipped = np.stack([1 - places[:, 2], places[:, 1], 1 - places[:, 0], places[:, 3]], axis=1)
                other_logits, other_uv, other_sure = self._run(np.ascontiguousarray(crops[:, :, ::-1]), flipped, scores[some])
                other_logits, other_uv = mirror_maps(other_logits, other_uv)
                logits += other_logits  # a sum has the same winners as a mean
                uv, sure = np.float32(0.5) * (uv + other_uv), np.float32(0.5) * (sure + other_sure)
            for i in np.flatnonzero(sure >= threshold):
                x, y, w, h = (int(v) for v in placements[start + i])
                window = windows[start + i]
                chart = chart_map_from_crop(logits[i], uv[i], window_xyxy=window, placement_xywh=(x, y, w, h))
                yield start + int(i), float(sure[i]), chart

    def _run(
        self, crops: UInt8Array, places_xyxy: Float32Array, scores: Float32Array
    ) -> tuple[Float32Array, Float32Array, Float32Array]:
        """Logits, U, V and scores of the crops; a graph with a fixed batch gets it filled up."""
        n = len(crops)
        inputs: dict[str, AnyArray] = {"crops": crops}
        if self._judges:
            inputs |= {"places_xyxy": places_xyxy, "found_scores": scores}
        missing = (self._fixed_batch or 0) - n
        if missing > 0:
            inputs = {name: np.concatenate([v, np.zeros((missing, *v.shape[1:]), v.dtype)]) for name, v in inputs.items()}
        logits, uv, *sure = self._session.run(**inputs)
        return logits[:n], uv[:n], sure[0][:n] if sure else np.ones(n, np.float32)


def mirror_maps(logits: Float32Array, uv: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Maps of mirrored crops as those of the crops: logits (n, 25, h, w) and uv (n, 48, h, w), U of charts 1..24, then V."""
    both = uv.reshape(len(uv), 2, NUM_CHARTS, *uv.shape[2:])
    with_background = np.pad(both, [(0, 0), (0, 0), (1, 0), (0, 0), (0, 0)])
    u, v = mirror_uv(with_background[:, 0], with_background[:, 1])
    return logits[:, MIRROR_CHART, :, ::-1], np.concatenate([u[:, 1:], v[:, 1:]], axis=1)
