"""The regressor: crops of people in, their charts, U, V and joints out. One pass over a network and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from vitruv.runtime.sessions import Session
from vitruv.surface import NUM_CHARTS, NUM_LABELS
from vitruv.types import Float32Array, UInt8Array

NUM_JOINTS = 17
_CROPS_AT_ONCE = 16  # a crowd goes through in groups of this size, which bounds memory


class RegressorMaps(NamedTuple):
    """What a network says of n crops.

    logits: (n, 25, ho, wo) float32, channel 0 = background. uv: (n, 48, ho, wo), U of charts 1..24, then V of charts 1..24.
    joints: (n, 17, 3), COCO's order: x, y in a crop of side 1, and a score 0..1.
    """

    logits: Float32Array
    uv: Float32Array
    joints: Float32Array


class Regressor:
    """A graph `crops` (n, h, w, 3) uint8 and `boxes_xyxy` (n, 4), the people's boxes in a crop of side 1 -> `RegressorMaps`."""

    def __init__(self, path: Path, *, size_hw: tuple[int, int], output_size_hw: tuple[int, int], device: str) -> None:
        self._session = Session(
            path,
            inputs={"crops": (None, *size_hw, 3), "boxes_xyxy": (None, 4)},
            outputs={
                "logits": (None, NUM_LABELS, *output_size_hw),
                "uv": (None, 2 * NUM_CHARTS, *output_size_hw),
                "joints": (None, NUM_JOINTS, 3),
            },
            device=device,
        )
        self.size_hw = size_hw
        self._output_size_hw = output_size_hw
        self._fixed_batch = self._session.fixed_size("crops", 0)

    def run(self, crops: UInt8Array, boxes_xyxy: Float32Array) -> RegressorMaps:
        """Maps of n crops, n = 0 included. A graph with a fixed batch gets it filled up."""
        step = self._fixed_batch or _CROPS_AT_ONCE
        parts = [self._run(crops[i : i + step], boxes_xyxy[i : i + step]) for i in range(0, len(crops), step)]
        if not parts:
            maps_hw = self._output_size_hw
            return RegressorMaps(
                np.zeros((0, NUM_LABELS, *maps_hw), np.float32),
                np.zeros((0, 2 * NUM_CHARTS, *maps_hw), np.float32),
                np.zeros((0, NUM_JOINTS, 3), np.float32),
            )
        return RegressorMaps(*(np.concatenate(arrays) if len(parts) > 1 else arrays[0] for arrays in zip(*parts, strict=True)))

    def _run(self, crops: UInt8Array, boxes_xyxy: Float32Array) -> RegressorMaps:
        n = len(crops)
        missing = (self._fixed_batch or n) - n
        if missing > 0:
            crops = np.concatenate([crops, np.zeros((missing, *crops.shape[1:]), np.uint8)])
            boxes_xyxy = np.concatenate([boxes_xyxy, np.zeros((missing, 4), np.float32)])
        return RegressorMaps(*(output[:n] for output in self._session.run(crops=crops, boxes_xyxy=boxes_xyxy)))
