"""From a trunk's features, its joint heat maps and what is known of the person to charts, U and V."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from vitruv.networks.compact.blocks import ConvNorm, FusedSum, ResidualBlock
from vitruv.networks.compact.guides import GUIDE_CHANNELS, NUM_JOINTS
from vitruv.surface.charts import NUM_CHARTS, NUM_LABELS

HINT_CHANNELS = NUM_JOINTS + GUIDE_CHANNELS
"""Heat maps of the trunk (probabilities), then the maps of `PersonGuides`."""


class DenseMaps(NamedTuple):
    """Maps at a quarter of the crop's height and width.

    logits: (n, 25, h / 4, w / 4), background and charts 1..24. uv: (n, 48, h / 4, w / 4), U of charts 1..24, then V of charts
    1..24, in units of 0..1, not clamped.
    """

    logits: Tensor
    uv: Tensor


class Level(nn.Module):
    """One stride: what comes from below (doubled), the trunk's features and the hints are added up, then refined."""

    def __init__(self, below: int, features: int, channels: int, *, blocks: int) -> None:
        super().__init__()
        self.merge = FusedSum((below, features, HINT_CHANNELS), channels)
        self.refine = nn.Sequential(*(ResidualBlock(channels) for _ in range(blocks)))

    def forward(self, below: Tensor, features: Tensor, hints: Tensor) -> Tensor:
        return self.refine(self.merge(below, features, hints))  # type: ignore[no-any-return]


class DenseDecoder(nn.Module):
    """features: trunk features at strides 4, 8, 16 and 32; hints (n, HINT_CHANNELS, h / 4, w / 4) -> `DenseMaps` at stride 4.

    inputs: channels of those features, finest first. channels: at strides 4, 8, 16. blocks: refinements there.
    """

    def __init__(
        self,
        inputs: Sequence[int],
        *,
        channels: tuple[int, int, int] = (64, 96, 160),
        blocks: tuple[int, int, int] = (1, 2, 3),
    ) -> None:
        super().__init__()
        fine, middle, coarse = channels
        self.coarse = Level(inputs[3], inputs[2], coarse, blocks=blocks[2])
        self.middle = Level(coarse, inputs[1], middle, blocks=blocks[1])
        self.fine = Level(middle, inputs[0], fine, blocks=blocks[0])
        self.head = ConvNorm(fine, 2 * fine)
        self.outputs = nn.Conv2d(2 * fine, NUM_LABELS + 2 * NUM_CHARTS, 1)
        nn.init.constant_(self.outputs.bias[NUM_LABELS:], 0.5)  # type: ignore[index]

    def forward(self, features: Sequence[Tensor], hints: Tensor) -> DenseMaps:
        half = functional.max_pool2d(hints, 2)
        quarter = functional.max_pool2d(half, 2)
        x = self.coarse(features[3], features[2], quarter)
        x = self.middle(x, features[1], half)
        x = self.fine(x, features[0], hints)
        maps = self.outputs(self.head(x))
        return DenseMaps(maps[:, :NUM_LABELS], maps[:, NUM_LABELS:])


def person_first(logits: Tensor, foreground_threshold: float = 0.5) -> Tensor:
    """The same logits (n, 25, h, w), but for background, so that their largest says first whether there is a person at all.

    Background wins where it is likelier than all charts together, not already where it is likelier than each of them: a limb that
    could be the left or the right one is still a limb. foreground_threshold: the chance of a person, all charts together, from
    which there is one.
    """
    charts = logits[:, 1:]
    background = logits[:, :1] + charts.amax(1, keepdim=True) - torch.logsumexp(charts, 1, keepdim=True)
    return torch.cat([background + math.log(foreground_threshold / (1 - foreground_threshold)), charts], dim=1)
