"""From boxes in pictures to what the regressor says of the people in them: crops are cut, mapped, and mapped again where it pays.

What is looked at twice is said by a `LookPolicy`; the regressor itself looks once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vitruv.geometry import box_in_window, crop_window
from vitruv.runtime.compact.crops import cut_crop
from vitruv.runtime.compact.mirrored import mirror_boxes, mirror_joints, mirror_maps
from vitruv.runtime.compact.regressor import Regressor, RegressorMaps
from vitruv.runtime.compact.upright import quarters_to_upright, turn_boxes, turn_crop, turn_maps, turn_points
from vitruv.types import Float32Array, UInt8Array


@dataclass(frozen=True)
class LookPolicy:
    """mirror: average the maps with those of the mirrored crop. upright_score: people whose joints, all at least this sure, say
    that they are not upright are looked at again in a turned crop; None never turns."""

    mirror: bool = False
    upright_score: float | None = 0.3


class PeopleMapper:
    """Cuts people out and maps them. box_scale: how much larger than the box a crop is. pad_value: grey outside the picture."""

    def __init__(self, regressor: Regressor, policy: LookPolicy, *, box_scale: float, pad_value: int) -> None:
        self._regressor, self._policy = regressor, policy
        self._box_scale, self._pad_value = box_scale, pad_value

    def map(self, pictures: Sequence[UInt8Array], boxes_xyxy: Sequence[Float32Array]) -> tuple[Float32Array, RegressorMaps]:
        """Windows (n, 4) float32 xyxy, in pixels of the pictures, and the maps of what they show, for n people of all pictures,
        picture after picture. boxes_xyxy: (m, 4) of each picture."""
        windows, crops, places = self._cut(pictures, boxes_xyxy)
        maps = self._look(crops, places)
        if self._policy.upright_score is not None and len(crops):
            maps = self._look_upright(crops, places, maps, self._policy.upright_score)
        return windows, maps

    def _cut(
        self, pictures: Sequence[UInt8Array], boxes_xyxy: Sequence[Float32Array]
    ) -> tuple[Float32Array, UInt8Array, Float32Array]:
        """Windows (n, 4), crops (n, h, w, 3), and boxes (n, 4) in crops of side 1."""
        size_hw = self._regressor.size_hw
        boxes = np.concatenate([np.zeros((0, 4), np.float32), *boxes_xyxy])
        windows = crop_window(boxes, size_hw, self._box_scale)
        owners = [rgb for rgb, some in zip(pictures, boxes_xyxy, strict=True) for _ in range(len(some))]
        crops = np.zeros((len(boxes), *size_hw, 3), np.uint8)
        for crop, rgb, window in zip(crops, owners, windows, strict=True):
            crop[:] = cut_crop(rgb, window, size_hw, self._pad_value)
        return windows, crops, box_in_window(boxes, windows)

    def _look(self, crops: UInt8Array, places_xyxy: Float32Array) -> RegressorMaps:
        maps = self._regressor.run(crops, places_xyxy)
        if not self._policy.mirror:
            return maps
        other = self._regressor.run(np.ascontiguousarray(crops[:, :, ::-1]), mirror_boxes(places_xyxy))
        logits, uv = mirror_maps(other.logits, other.uv)
        half = np.float32(0.5)
        return RegressorMaps(
            half * (maps.logits + logits), half * (maps.uv + uv), half * (maps.joints + mirror_joints(other.joints))
        )

    def _look_upright(self, crops: UInt8Array, places_xyxy: Float32Array, maps: RegressorMaps, min_score: float) -> RegressorMaps:
        """Replaces the maps of people who are not upright by those of their turned crops. Crops must be square."""
        quarters = quarters_to_upright(maps.joints, size_hw=self._regressor.size_hw, min_score=min_score)
        turned = np.flatnonzero(quarters)
        if len(turned) == 0:
            return maps
        seen = self._look(
            np.stack([turn_crop(crops[i], int(quarters[i])) for i in turned]),
            np.stack([turn_boxes(places_xyxy[i], int(quarters[i])) for i in turned]),
        )
        logits, uv, joints = (np.array(part) for part in maps)
        for k, i in enumerate(turned):
            back = -int(quarters[i])
            logits[i], uv[i] = turn_maps(seen.logits[k], back), turn_maps(seen.uv[k], back)
            joints[i] = np.concatenate([turn_points(seen.joints[k, :, :2], back), seen.joints[k, :, 2:]], axis=1)
        return RegressorMaps(logits, uv, joints)
