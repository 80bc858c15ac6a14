"""The fully convolutional network of the paper's baseline and of its teacher: a chart and its U, V for every cell of a picture.

The paper (section 3.1) follows DenseReg: one softmax over 24 charts and the background, and for each chart a regression of U and
V of its own. Its exact trunk was never published; this one is the ResNet of the region networks, whose pyramid is merged into
one map of stride 4 as in Panoptic FPN.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from torch import Tensor, nn

from vitruv.networks.decoder import Decoder
from vitruv.networks.dense_head import V1ConvXHead
from vitruv.networks.fpn import FPN
from vitruv.networks.resnet import ResNet
from vitruv.networks.scratch import use_group_norm
from vitruv.surface.charts import NUM_LABELS

FCN_STRIDE = 4


class FCNOutput(NamedTuple):
    """fine_segm: (n, 25, h/4, w/4) logits, channel 0 = background. u, v: (n, 25, h/4, w/4), channel of each chart; 0 unused."""

    fine_segm: Tensor
    u: Tensor
    v: Tensor


class FCN(nn.Module):
    """images: (n, 3, h, w) float32 BGR minus the means, h and w multiples of 32 -> `FCNOutput`.

    Sizes as in `RCNNArchitecture`. from_scratch: group norm in the trunk instead of frozen batch norm.
    """

    def __init__(
        self,
        *,
        blocks: tuple[int, int, int, int] = (3, 4, 23, 3),
        stem_channels: int = 64,
        res2_mid: int = 64,
        res2_out: int = 256,
        fpn_channels: int = 256,
        head_channels: int = 512,
        head_layers: int = 8,
        from_scratch: bool = True,
    ) -> None:
        super().__init__()
        trunk = ResNet(blocks=blocks, stem_channels=stem_channels, mid=res2_mid, out=res2_out)
        self.backbone = FPN(trunk, inner=(res2_out, 2 * res2_out, 4 * res2_out, 8 * res2_out), channels=fpn_channels)
        self.decoder = Decoder(fpn_channels, fpn_channels)
        self.head = V1ConvXHead(fpn_channels, head_channels, head_layers)
        self.predictor = nn.Conv2d(head_channels, 3 * NUM_LABELS, 1)
        nn.init.normal_(self.predictor.weight, std=0.01)
        nn.init.constant_(cast(Tensor, self.predictor.bias), 0.0)
        if from_scratch:
            use_group_norm(self)

    def forward(self, images: Tensor) -> FCNOutput:
        levels = self.backbone(images)
        merged = self.decoder([levels[name] for name in ("p2", "p3", "p4", "p5")])
        return FCNOutput(*self.predictor(self.head(merged)).split(NUM_LABELS, dim=1))
