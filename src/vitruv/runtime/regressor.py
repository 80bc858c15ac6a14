"""The embedded regressor: people's boxes in, their chart maps out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vitruv.geometry import crop_window, placement_xywh
from vitruv.results import ChartMap
from vitruv.runtime.chart_maps import chart_map_from_crop
from vitruv.runtime.crops import cut_crop
from vitruv.runtime.mirrored import mirror_uv
from vitruv.runtime.sessions import Session
from vitruv.surface import MIRROR_CHART, NUM_CHARTS, NUM_LABELS
from vitruv.types import Float32Array, UInt8Array

_CROPS_AT_ONCE = 16  # a crowd goes through in groups of this size, which bounds memory


class Regressor:
    """A graph `crops` (n, h, w, 3) uint8 -> `logits` (n, 25, ho, wo), `uv` (n, 48, ho, wo) float32.

    mirror: every crop is also looked at in the mirror, and both views are averaged.
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
    ) -> None:
        self._session = Session(
            path,
            inputs={"crops": (None, *size_hw, 3)},
            outputs={"logits": (None, NUM_LABELS, *output_size_hw), "uv": (None, 2 * NUM_CHARTS, *output_size_hw)},
            device=device,
        )
        self._size_hw = size_hw
        self._box_scale = box_scale
        self._pad_value = pad_value
        self._mirror = mirror
        self._fixed_batch = self._session.fixed_size("crops", 0)

    def map_people(self, rgb: UInt8Array, boxes_xyxy: Float32Array) -> list[ChartMap]:
        """One `ChartMap` for each of (n, 4) boxes in pixels of the picture, in their order."""
        windows = crop_window(boxes_xyxy, self._size_hw, self._box_scale)
        places = placement_xywh(boxes_xyxy)
        charts: list[ChartMap] = []
        step = self._fixed_batch or _CROPS_AT_ONCE
        for start in range(0, len(windows), step):
            crops = np.stack([cut_crop(rgb, window, self._size_hw, self._pad_value) for window in windows[start : start + step]])
            logits, uv = self._run(crops)
            if self._mirror:
                other_logits, other_uv = mirror_maps(*self._run(np.ascontiguousarray(crops[:, :, ::-1])))
                logits += other_logits  # a sum has the same winners as a mean
                uv = np.float32(0.5) * (uv + other_uv)
            for i in range(len(crops)):
                x, y, w, h = (int(v) for v in places[start + i])
                charts.append(chart_map_from_crop(logits[i], uv[i], window_xyxy=windows[start + i], placement_xywh=(x, y, w, h)))
        return charts

    def _run(self, crops: UInt8Array) -> tuple[Float32Array, Float32Array]:
        """Logits and U, V of the crops; a graph with a fixed batch gets it filled up."""
        missing = (self._fixed_batch or 0) - len(crops)
        if missing > 0:
            crops = np.concatenate([crops, np.zeros((missing, *crops.shape[1:]), np.uint8)])
        logits, uv = self._session.run(crops=crops)
        return logits, uv


def mirror_maps(logits: Float32Array, uv: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Maps of mirrored crops as those of the crops: logits (n, 25, h, w) and uv (n, 48, h, w), U of charts 1..24, then V."""
    both = uv.reshape(len(uv), 2, NUM_CHARTS, *uv.shape[2:])
    with_background = np.pad(both, [(0, 0), (0, 0), (1, 0), (0, 0), (0, 0)])
    u, v = mirror_uv(with_background[:, 0], with_background[:, 1])
    return logits[:, MIRROR_CHART, :, ::-1], np.concatenate([u[:, 1:], v[:, 1:]], axis=1)
