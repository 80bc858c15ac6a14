"""The mask branch of Mask R-CNN (He et al. 2017): is a cell of a person's box the person, or not."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn


class MaskHead(nn.Module):
    """`layers` 3x3 convolutions with ReLU: (n, channels, s, s) -> (n, width, s, s)."""

    def __init__(self, channels: int, width: int, layers: int) -> None:
        super().__init__()
        self.layers = layers
        for i in range(layers):
            conv = nn.Conv2d(channels if i == 0 else width, width, 3, padding=1)
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
            self.add_module(f"mask_fcn{i + 1}", conv)

    def forward(self, x: Tensor) -> Tensor:
        for i in range(self.layers):
            x = getattr(self, f"mask_fcn{i + 1}")(x).relu()
        return x


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
