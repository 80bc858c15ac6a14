"""The embedded regressor: people's boxes in, their chart maps out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vitruv.geometry import box_in_window, crop_window
from vitruv.results import ChartMap
from vitruv.runtime.compact.crops import cut_crop
from vitruv.runtime.compact.mirrored import mirror_uv
from vitruv.runtime.compact.turned import ADVANTAGE, QUARTERS, confidence, cut_turned, turned_back
from vitruv.runtime.compact.views import View, draw_charts
from vitruv.runtime.sessions import Session, Shape
from vitruv.surface import MIRROR_CHART, NUM_CHARTS, NUM_LABELS
from vitruv.types import AnyArray, Float32Array, Int64Array, UInt8Array

_CROPS_AT_ONCE = 16  # a crowd goes through in groups of this size, which bounds memory


class Regressor:
    """A graph `crops` (n, h, w, 3) uint8 -> `logits` (n, 25, ho, wo), `uv` (n, 48, ho, wo) float32.

    mirror: everybody kept is also looked at in the mirror, and both views are averaged. judges: the graph also takes `places_xyxy`
    (n, 4), the boxes in their crops, and `found_scores` (n,), and tells `scores` (n,): how sure it is, having seen them large.
    turned_from: boxes whose width is more than so many times their height are also looked at turned (see `turned`).
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
        turned_from: float | None = None,
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
        self._turned_from = turned_from
        self._fixed_batch = self._session.fixed_size("crops", 0)

    def map_people(self, rgb: UInt8Array, boxes_xyxy: Float32Array) -> list[ChartMap]:
        """One `ChartMap` for each of (n, 4) boxes in pixels of the picture, in their order."""
        return draw_charts(self.views(rgb, boxes_xyxy), boxes_xyxy)

    def views(self, rgb: UInt8Array, boxes_xyxy: Float32Array) -> list[View]:
        """What the network tells of each of (n, 4) boxes, before charts are drawn."""
        ones = np.ones(len(boxes_xyxy), np.float32)
        return [view for _, _, view in self._look(rgb, boxes_xyxy, ones, 0.0, brief=False)]

    def judge_people(
        self, rgb: UInt8Array, boxes_xyxy: Float32Array, scores: Float32Array, threshold: float, *, brief: bool = False
    ) -> tuple[Int64Array, Float32Array, list[View]]:
        """Of (n, 4) boxes that a detector found with scores (n,): which are people with at least `threshold` after a second look,
        by falling score, (k,); those scores (k,); and what was seen of them. For a graph that judges.

        brief: neither in the mirror nor turned, which is enough to see how far people reach, and for the same scores.
        """
        seen = list(self._look(rgb, boxes_xyxy, scores, threshold, brief=brief))
        order = sorted(range(len(seen)), key=lambda i: -seen[i][1])
        kept = np.array([seen[i][0] for i in order], np.int64)
        return kept, np.array([seen[i][1] for i in order], np.float32), [seen[i][2] for i in order]

    def cut(self, rgb: UInt8Array, boxes_xyxy: Float32Array) -> tuple[UInt8Array, Float32Array]:
        """What the network sees of (n, 4) boxes: crops (n, h, w, 3) uint8, and the boxes (n, 4) in crops of side 1."""
        windows = crop_window(boxes_xyxy, self._size_hw, self._box_scale)
        crops = [cut_crop(rgb, window, self._size_hw, self._pad_value) for window in windows]
        return np.stack(crops) if crops else np.zeros((0, *self._size_hw, 3), np.uint8), box_in_window(boxes_xyxy, windows)

    def _look(
        self, rgb: UInt8Array, boxes_xyxy: Float32Array, scores: Float32Array, threshold: float, *, brief: bool
    ) -> Iterator[tuple[int, float, View]]:
        """Number, score (1 from a graph that does not judge) and view of the boxes with a score of at least `threshold`."""
        windows = crop_window(boxes_xyxy, self._size_hw, self._box_scale)
        step = self._fixed_batch or _CROPS_AT_ONCE
        for start in range(0, len(windows), step):
            crops, places = self.cut(rgb, boxes_xyxy[start : start + step])
            logits, uv, sure = self._run(crops, places, scores[start : start + step])
            kept = np.flatnonzero(sure >= threshold)
            if len(kept) == 0:
                continue
            logits, uv = logits[kept], uv[kept]
            if not brief:
                logits, uv = self._averaged(crops[kept], logits, uv)
            views = {int(i): View(windows[start + i], logits[k], uv[k]) for k, i in enumerate(kept)}
            if not brief:
                self._turn(rgb, boxes_xyxy[start : start + step], views)
            for i, view in views.items():
                yield start + i, float(sure[i]), view

    def _turn(self, rgb: UInt8Array, boxes_xyxy: Float32Array, views: dict[int, View]) -> None:
        """Replace the views of wide boxes by turned ones where those are told with more confidence."""
        sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
        wide = [i for i in views if self._turned_from is not None and sides[i, 0] > self._turned_from * sides[i, 1]]
        if not wide:
            return
        best = confidence(np.stack([views[i].logits for i in wide])) + ADVANTAGE
        for quarters in QUARTERS:
            crops, windows = cut_turned(
                rgb, boxes_xyxy[wide], quarters, size_hw=self._size_hw, box_scale=self._box_scale, pad_value=self._pad_value
            )
            logits, uv, _ = self._run(crops)
            logits, uv = self._averaged(crops, logits, uv)
            sure = confidence(logits)
            for k in np.flatnonzero(sure > best):
                views[wide[k]] = View(windows[k], turned_back(logits[k], quarters), turned_back(uv[k], quarters))
            best = np.maximum(best, sure)

    def _averaged(self, crops: UInt8Array, logits: Float32Array, uv: Float32Array) -> tuple[Float32Array, Float32Array]:
        """The maps of crops averaged with those of their mirror images, if that is asked for."""
        if not self._mirror:
            return logits, uv
        others = mirror_maps(*self._run(np.ascontiguousarray(crops[:, :, ::-1]))[:2])
        return np.float32(0.5) * (logits + others[0]), np.float32(0.5) * (uv + others[1])

    def _run(
        self, crops: UInt8Array, places_xyxy: Float32Array | None = None, scores: Float32Array | None = None
    ) -> tuple[Float32Array, Float32Array, Float32Array]:
        """Logits, U, V and scores of the crops; a graph with a fixed batch gets it filled up.

        places_xyxy, scores: left out where nothing is to be judged.
        """
        n = len(crops)
        inputs: dict[str, AnyArray] = {"crops": crops}
        if self._judges:
            whole = np.tile(np.array([0, 0, 1, 1], np.float32), (n, 1))
            inputs["places_xyxy"] = whole if places_xyxy is None else places_xyxy
            inputs["found_scores"] = np.ones(n, np.float32) if scores is None else scores
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
