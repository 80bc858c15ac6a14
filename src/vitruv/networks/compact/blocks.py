"""The few building blocks of the compact networks: dense convolutions only, which matrix units run fastest."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)


class ConvNorm(nn.Module):
    """k x k convolution without bias, batch normalisation, and ReLU unless `relu` is False."""

    def __init__(self, in_channels: int, out_channels: int, *, kernel: int = 3, stride: int = 1, relu: bool = True) -> None:
        super().__init__()
        self.conv: nn.Module = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(out_channels)
        self.relu: nn.Module = nn.ReLU(inplace=True) if relu else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.norm(self.conv(x)))  # type: ignore[no-any-return]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut; the last normalisation starts at 0, so that a new block is the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvNorm(channels, channels)
        self.second = ConvNorm(channels, channels, relu=False)
        self.relu = nn.ReLU(inplace=True)
        nn.init.zeros_(self.second.norm.weight)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(x + self.second(self.first(x)))  # type: ignore[no-any-return]


class FusedSum(nn.Module):
    """The sum of 1x1 convolutions of several inputs, batch normalisation, ReLU; the first input is doubled in size beforehand.

    inputs: channels of each.
    """

    def __init__(self, inputs: Sequence[int], channels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(c, channels, 1, bias=False) for c in inputs)
        self.norm: nn.Module = nn.BatchNorm2d(channels)

    def forward(self, *inputs: Tensor) -> Tensor:
        below, *others = (conv(x) for conv, x in zip(self.convs, inputs, strict=True))
        total = functional.interpolate(below, scale_factor=2.0, mode="bilinear", align_corners=False)
        for other in others:
            total = total + other
        return functional.relu(self.norm(total))

    def fold(self) -> None:
        """Move the normalisation into the convolutions; the last one gets the bias."""
        norm = self.norm
        if not isinstance(norm, nn.BatchNorm2d) or norm.running_var is None or norm.running_mean is None:
            return
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        with torch.no_grad():
            for conv in self.convs:
                conv.weight.mul_(scale[:, None, None, None])  # type: ignore[operator]
            self.convs[-1].bias = nn.Parameter(norm.bias - norm.running_mean * scale)
        self.norm = nn.Identity()


def fold_normalisation(network: Network) -> Network:
    """A copy for inference, in which biases stand for the normalisation of `ConvNorm` and `FusedSum`: the same in eval mode."""
    network = copy.deepcopy(network).eval()
    for module in network.modules():
        if isinstance(module, FusedSum):
            module.fold()
        elif isinstance(module, ConvNorm) and isinstance(module.conv, nn.Conv2d) and isinstance(module.norm, nn.BatchNorm2d):
            module.conv = fuse_conv_bn_eval(module.conv, module.norm)
            module.norm = nn.Identity()
    return network
