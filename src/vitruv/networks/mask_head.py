"""The mask branch of Mask R-CNN (He et al. 2017): is a cell of a person's box the person, or not."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from vitruv.networks.dense_head import V1ConvXHead


class MaskHead(V1ConvXHead):
    """The convolutions of the dense branch, under the names of Detectron2's mask branch."""

    prefix = "mask_fcn"


class MaskPredictor(nn.Module):
    """(n, inner, s, s) -> logits (n, 1, 2s, 2s)."""

    def __init__(self, inner: int, width: int) -> None:
        super().__init__()
        self.deconv = nn.ConvTranspose2d(inner, width, 2, stride=2)
        self.predictor = nn.Conv2d(width, 1, 1)
        nn.init.kaiming_normal_(self.deconv.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.predictor.weight, std=0.001)
        nn.init.constant_(cast(Tensor, self.predictor.bias), 0.0)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.predictor(self.deconv(features).relu())
        return logits
