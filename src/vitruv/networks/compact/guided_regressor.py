"""The regressor of the compact model: a trunk that knows people's joints from photos, a decoder that maps pixels to the body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vitruv.networks.compact.dense_decoder import DenseDecoder, DenseMaps
from vitruv.networks.compact.guides import PersonGuides
from vitruv.networks.compact.pose import CentralPose
from vitruv.networks.trunks import MoveNet, normalised
from vitruv.networks.trunks.movenet import PYRAMID_CHANNELS

STRIDE = 4
"""Of the maps, in pixels of the crop."""


class PersonFeatures(NamedTuple):
    """What the decoder reads of a crop of h x w pixels.

    fine, middle, coarse, coarsest: features at strides 4, 8, 16, 32. heat: (n, 17, h / 4, w / 4), probabilities of joints.
    joints: (n, 17, 3): x, y in a crop of side 1, score, of the person in the middle.
    """

    fine: Tensor
    middle: Tensor
    coarse: Tensor
    coarsest: Tensor
    heat: Tensor
    joints: Tensor


class PoseTrunk(nn.Module):
    """Crops (n, h, w, 3) uint8 RGB -> `PersonFeatures`, by a released MoveNet (SinglePose)."""

    def __init__(self, network: MoveNet, *, size_hw: tuple[int, int]) -> None:
        super().__init__()
        self.network = network
        self.pose = CentralPose((size_hw[0] // STRIDE, size_hw[1] // STRIDE))
        self.size_hw = size_hw

    @property
    def channels(self) -> tuple[int, int, int, int]:
        """Of the features at strides 4, 8, 16, 32."""
        stride4, stride8, _, deep16, stride32 = self.network.trunk.channels
        return stride4 + PYRAMID_CHANNELS[0], stride8, deep16, stride32

    def forward(self, crops: Tensor) -> PersonFeatures:
        features, pyramid, heads = self.network(normalised(crops))
        fine = torch.cat([features.stride4, pyramid], dim=1)
        heat = heads["joint_heat"].sigmoid()
        return PersonFeatures(fine, features.stride8, features.deep16, features.stride32, heat, self.pose(heads))


class GuidedDecoder(nn.Module):
    """`PersonFeatures` and the person's boxes (n, 4) xyxy in a crop of side 1 -> `DenseMaps`. All that is trained."""

    def __init__(
        self,
        inputs: Sequence[int],
        *,
        map_hw: tuple[int, int],
        channels: tuple[int, int, int] = (64, 96, 160),
        blocks: tuple[int, int, int] = (1, 2, 3),
    ) -> None:
        super().__init__()
        self.decoder = DenseDecoder(inputs, channels=channels, blocks=blocks)
        self.guides = PersonGuides(map_hw)

    def forward(self, features: PersonFeatures, boxes_xyxy: Tensor) -> DenseMaps:
        hints = torch.cat([features.heat, self.guides(features.joints, boxes_xyxy)], dim=1)
        return self.decoder(features[:4], hints)  # type: ignore[no-any-return]


class GuidedRegressor(nn.Module):
    """Crops (n, h, w, 3) uint8 and boxes (n, 4) -> logits (n, 25, h / 4, w / 4), uv (n, 48, ...), joints (n, 17, 3)."""

    def __init__(self, trunk: PoseTrunk, decoder: GuidedDecoder) -> None:
        super().__init__()
        self.trunk, self.decoder = trunk, decoder

    def forward(self, crops: Tensor, boxes_xyxy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.trunk(crops)
        maps = self.decoder(features, boxes_xyxy)
        return maps.logits, maps.uv, features.joints
