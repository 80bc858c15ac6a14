"""MoveNet: MobileNetV2, a feature pyramid down to stride 4, and heads for people's centres, joints and boxes.

The layers of Google's releases (Apache-2.0): SinglePose Lightning and Thunder, MultiPose Lightning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from vitruv.convert.movenet import MoveNetWeights
from vitruv.errors import ModelError
from vitruv.networks.trunks.mobilenet_v2 import MobileNetV2, SameConv, TrunkFeatures

PYRAMID_CHANNELS = (24, 32, 64, 64)
"""Of the pyramid's levels at strides 4, 8, 16 and 32."""

HEAD_CHANNELS = {"centre": 1, "joint_heat": 17, "joint_regress": 34, "joint_offset": 34, "box_scale": 2, "box_offset": 2}
"""Outputs of every head there is; offsets and scales are y, x."""

SINGLE_POSE_HEADS = ("centre", "joint_heat", "joint_regress", "joint_offset")
MULTI_POSE_HEADS = tuple(HEAD_CHANNELS)


class Separable(nn.Module):
    """Depthwise 3x3 without bias, then 1x1, then ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.depthwise = SameConv(inputs, inputs, 3, groups=inputs, bias=False)
        self.pointwise = SameConv(inputs, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(self.pointwise(self.depthwise(features)))


class Head(nn.Module):
    """Features of stride 4 -> one of `HEAD_CHANNELS`, without a final activation."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.inner = Separable(PYRAMID_CHANNELS[0], 96)
        self.outer = SameConv(96, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        outputs: Tensor = self.outer(self.inner(features))
        return outputs


class Pyramid(nn.Module):
    """`TrunkFeatures` -> (n, 24, h / 4, w / 4). channels: of strides 4, 8, 16 and 32."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        finest, fine, coarse, _ = PYRAMID_CHANNELS
        self.laterals = nn.ModuleList(SameConv(c, out, 1) for c, out in zip(channels, PYRAMID_CHANNELS, strict=True))
        self.merges = nn.ModuleList([Separable(finest, finest), Separable(fine, finest), Separable(coarse, fine)])

    def forward(self, features: TrunkFeatures) -> Tensor:
        merged: Tensor = self.laterals[3](features.stride32)
        for level, finer in zip((2, 1, 0), (features.stride16, features.stride8, features.stride4), strict=True):
            doubled = functional.interpolate(merged, scale_factor=2.0, mode="bilinear", align_corners=False)
            merged = self.merges[level](doubled + self.laterals[level](finer))
        return merged


class MoveNetOutput(NamedTuple):
    """features: of the trunk. pyramid: (n, 24, h / 4, w / 4). heads: name -> (n, `HEAD_CHANNELS`, h / 4, w / 4)."""

    features: TrunkFeatures
    pyramid: Tensor
    heads: dict[str, Tensor]


class MoveNet(nn.Module):
    """Image (n, 3, h, w) in -1..1, h and w multiples of 32 -> `MoveNetOutput`.

    width: of the MobileNetV2 (Lightning 1.0, MultiPose 1.5, Thunder 1.75).
    """

    def __init__(self, *, width: float, heads: Sequence[str] = SINGLE_POSE_HEADS) -> None:
        super().__init__()
        self.trunk = MobileNetV2(width=width)
        self.pyramid = Pyramid([*self.trunk.channels[:3], self.trunk.channels[4]])
        self.heads = nn.ModuleDict({name: Head(HEAD_CHANNELS[name]) for name in heads})

    def forward(self, image: Tensor) -> MoveNetOutput:
        features = self.trunk(image)
        merged = self.pyramid(features)
        return MoveNetOutput(features, merged, {name: head(merged) for name, head in self.heads.items()})


def normalised(image_u8: Tensor) -> Tensor:
    """RGB (n, h, w, 3) uint8 -> (n, 3, h, w) float32 in -1..1, as MoveNet takes it."""
    return image_u8.permute(0, 3, 1, 2).to(torch.float32) * (1 / 127.5) - 1


def movenet_from(weights: MoveNetWeights) -> MoveNet:
    """The network of a release, ready for inference.

    Raises ModelError when the weights lack a layer of the network, or have one of another shape.
    """
    network = MoveNet(width=weights.width, heads=weights.heads)
    try:
        network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.arrays.items()})
    except RuntimeError as error:
        raise ModelError(
            f"the weights do not fit MoveNet at width {weights.width:g}: {' '.join(str(error).split())[:300]}"
        ) from None
    return network.eval().requires_grad_(False)
