"""The compact regressor: a person crop in, chart and surface coordinates of every pixel out."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from vitruv.networks.compact_blocks import ConvNorm, GlobalContext, ResidualBlock
from vitruv.surface.charts import NUM_CHARTS, NUM_LABELS

NUM_KEYPOINTS = 17
STRIDE = 4  # of the output


class RegressorOutput(NamedTuple):
    """Maps at a quarter of the crop's height and width.

    logits: (n, 25, h / 4, w / 4), background and charts 1..24.
    uv: (n, 48, h / 4, w / 4), U of charts 1..24, then V of charts 1..24, in units of 0..1, not clamped.
    keypoints: (n, 17, h / 4, w / 4) logits over the cells of the map, one softmax for each of COCO's keypoints; an auxiliary
        task that teaches where hidden limbs are, and is left out of exported graphs.
    """

    logits: Tensor
    uv: Tensor
    keypoints: Tensor


class CompactRegressor(nn.Module):
    """Residual trunk to stride 16, global context there, fusion back to stride 4.

    Classification and per-chart regression are the paper's (section 3.1): c* = argmax P(c | pixel), [U, V] = R^c*(pixel).
    size_hw: height and width of the crop, multiples of 16 (the learned positions of the context are bound to it).
    widths: channels at strides 2, 4, 8, 16. blocks: residual blocks at strides 4, 8, 16. context: attention blocks.
    fused: channels of the fusion at strides 8 and 4.
    """

    def __init__(
        self,
        *,
        size_hw: tuple[int, int] = (192, 128),
        widths: tuple[int, int, int, int] = (32, 64, 128, 256),
        blocks: tuple[int, int, int] = (1, 2, 4),
        context: int = 2,
        fused: tuple[int, int] = (128, 96),
    ) -> None:
        super().__init__()
        self.size_hw, self.widths, self.fused = size_hw, widths, fused
        two, four, eight, sixteen = widths
        self.stem = ConvNorm(3, two, stride=2)
        self.stage4 = _stage(two, four, blocks[0])
        self.stage8 = _stage(four, eight, blocks[1])
        self.stage16 = _stage(eight, sixteen, blocks[2])
        self.context = GlobalContext(sixteen, (size_hw[0] // 16, size_hw[1] // 16), blocks=context, heads=sixteen // 32)
        self.down16 = ConvNorm(sixteen, fused[0], kernel=1)
        self.side8 = ConvNorm(eight, fused[0], kernel=1)
        self.fuse8 = ConvNorm(fused[0], fused[0])
        self.down8 = ConvNorm(fused[0], fused[1], kernel=1)
        self.side4 = ConvNorm(four, fused[1], kernel=1)
        self.fuse4 = ConvNorm(fused[1], fused[1])
        self.logits = nn.Conv2d(fused[1], NUM_LABELS, 1)
        self.uv = nn.Conv2d(fused[1], 2 * NUM_CHARTS, 1)
        self.keypoints = nn.Conv2d(fused[1], NUM_KEYPOINTS, 1)
        nn.init.constant_(self.uv.bias, 0.5)  # type: ignore[arg-type]

    def levels(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, h, w) normalised crops -> (n, widths[3], h / 16, w / 16), which has seen the whole crop, and
        (n, fused[1], h / 4, w / 4), which the outputs are read from."""
        at4 = self.stage4(self.stem(images))
        at8 = self.stage8(at4)
        at16 = self.context(self.stage16(at8))
        up8 = self.fuse8(self.side8(at8) + _double(self.down16(at16)))
        return at16, self.fuse4(self.side4(at4) + _double(self.down8(up8)))

    def features(self, images: Tensor) -> Tensor:
        """The finer of the two `levels`."""
        return self.levels(images)[1]

    def forward(self, images: Tensor) -> RegressorOutput:
        """images: (n, 3, *size_hw) float, see `normalise`."""
        features = self.features(images)
        return RegressorOutput(self.logits(features), self.uv(features), self.keypoints(features))


def person_first(logits: Tensor, at: float = 0.5) -> Tensor:
    """The same logits (n, 25, h, w), but for background, so that their largest says first whether there is a person at all.

    Background wins where it is likelier than all charts together, not already where it is likelier than each of them: a limb that
    could be the left or the right one is still a limb. at: the chance of a person, all charts together, from which there is one.
    """
    charts = logits[:, 1:]
    background = logits[:, :1] + charts.amax(1, keepdim=True) - torch.logsumexp(charts, 1, keepdim=True)
    return torch.cat([background + math.log(at / (1 - at)), charts], dim=1)


def _stage(in_channels: int, out_channels: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(ConvNorm(in_channels, out_channels, stride=2), *(ResidualBlock(out_channels) for _ in range(blocks)))


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")
