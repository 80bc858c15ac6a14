"""Heads that turn the pooled features of a person into dense features: plain convolutions, or DeepLab's."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vitruv.rcnn_config import ASPP_DILATIONS, GROUPS, NORM_EPSILON


class V1ConvXHead(nn.Module):
    """`layers` 3x3 convolutions with ReLU: (n, channels, s, s) -> (n, width, s, s). prefix: of their names."""

    prefix = "body_conv_fcn"

    def __init__(self, channels: int, width: int, layers: int) -> None:
        super().__init__()
        self.layers = layers
        for i in range(layers):
            conv = nn.Conv2d(channels if i == 0 else width, width, 3, padding=1)
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
            self.add_module(f"{self.prefix}{i + 1}", conv)

    def forward(self, x: Tensor) -> Tensor:
        for i in range(self.layers):
            x = getattr(self, f"{self.prefix}{i + 1}")(x).relu()
        return x


class ConvGroupNorm(nn.Conv2d):
    """3x3 convolution without bias, group norm, ReLU."""

    def __init__(self, inner: int, out: int) -> None:
        super().__init__(inner, out, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")
        self.norm = nn.GroupNorm(GROUPS, out, eps=NORM_EPSILON)

    def forward(self, input: Tensor) -> Tensor:
        normed: Tensor = self.norm(super().forward(input))
        return normed.relu()


class ImagePooling(nn.Sequential):
    """The branch of the atrous pyramid that sees the mean of the whole map, spread back over it."""

    def forward(self, input: Tensor) -> Tensor:
        # One value per channel: enlarging it by any interpolation is to repeat it.
        pooled = input
        for layer in self:
            pooled = layer(pooled)
        return pooled.expand(-1, -1, *input.shape[-2:])


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling (Chen et al. 2017): five branches with group norm, joined by a 1x1 convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()

        def branch(kernel: int, dilation: int) -> list[nn.Module]:
            conv = nn.Conv2d(channels, channels, kernel, padding=dilation * (kernel // 2), dilation=dilation, bias=False)
            return [conv, nn.GroupNorm(GROUPS, channels, eps=NORM_EPSILON), nn.ReLU()]

        branches: list[nn.Module] = [nn.Sequential(*branch(1, 1))]
        branches += [nn.Sequential(*branch(3, dilation)) for dilation in ASPP_DILATIONS]
        branches.append(ImagePooling(nn.AdaptiveAvgPool2d(1), *branch(1, 1)))
        self.convs = nn.ModuleList(branches)
        self.project = nn.Sequential(nn.Conv2d(len(branches) * channels, channels, 1, bias=False), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        joined: Tensor = self.project(torch.cat([branch(x) for branch in self.convs], dim=1))
        return joined


class DeepLabHead(nn.Module):
    """`ASPP`, then `layers` convolutions with group norm: (n, channels, s, s) -> (n, width, s, s)."""

    def __init__(self, channels: int, width: int, layers: int) -> None:
        super().__init__()
        self.layers = layers
        self.ASPP = ASPP(channels)
        for i in range(layers):
            self.add_module(f"body_conv_fcn{i + 1}", ConvGroupNorm(channels if i == 0 else width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = self.ASPP(x)
        for i in range(self.layers):
            x = getattr(self, f"body_conv_fcn{i + 1}")(x)
        return x
