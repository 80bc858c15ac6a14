"""Semantic decoder of Panoptic FPN (Kirillov et al. 2019): p2..p5 merged into one stride-4 map, from which people are pooled."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class Upsample(nn.Module):
    """Twice as large, bilinear, edges on edges."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class ConvReLU(nn.Conv2d):
    """3x3 convolution and ReLU."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).relu()


class Decoder(nn.Module):
    """levels: p2..p5, (n, channels, h, w) of strides 4..32, each exactly half the one before -> (n, channels, h/4, w/4).

    A level of stride 4 * 2**k passes k times through convolution and doubling (p2: one convolution).
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        for level in (2, 3, 4, 5):
            layers: list[nn.Module] = []
            for step in range(max(level - 2, 1)):
                layers.append(ConvReLU(channels if step == 0 else width, width, 3, padding=1))
                if level > 2:
                    layers.append(Upsample())
            setattr(self, f"p{level}", nn.Sequential(*layers))
        self.predictor = nn.Conv2d(width, channels, 1)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        first, *rest = (getattr(self, f"p{level}")(x) for level, x in enumerate(levels, start=2))
        merged = sum(rest, start=first)
        fused: Tensor = self.predictor(merged)
        return fused
