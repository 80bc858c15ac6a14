"""The few building blocks of the compact networks: dense convolutions only, which matrix units run fastest."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vitruv.geometry import PAD_VALUE

# The padding value, so that padding and the zeros around a convolution are the same to the network.
PIXEL_MEAN = float(PAD_VALUE)
PIXEL_SCALE = 64.0

Network = TypeVar("Network", bound=nn.Module)


def normalise(images: Tensor) -> Tensor:
    """(n, h, w, 3) uint8 RGB -> (n, 3, h, w) float32, what the compact networks take; `PIXEL_MEAN` becomes 0."""
    return (images.permute(0, 3, 1, 2).float() - PIXEL_MEAN) * (1 / PIXEL_SCALE)


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


class AttentionBlock(nn.Module):
    """Self-attention over all cells of a small map, then a two-layer perceptron; both residual, normalised beforehand.

    Which arm is the left one is often told by the other end of the picture: this is where the network sees all of it.
    """

    def __init__(self, channels: int, *, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.LayerNorm(channels)
        self.query_key_value = nn.Linear(channels, 3 * channels)
        self.project = nn.Linear(channels, channels)
        self.norm_perceptron = nn.LayerNorm(channels)
        self.perceptron = nn.Sequential(nn.Linear(channels, 2 * channels), nn.ReLU(), nn.Linear(2 * channels, channels))
        for last in (self.project, self.perceptron[2]):  # a new block is the identity
            nn.init.zeros_(last.weight)  # type: ignore[arg-type]
            nn.init.zeros_(last.bias)  # type: ignore[arg-type]

    def forward(self, cells: Tensor) -> Tensor:
        """cells: (n, length, channels); the same out."""
        n, length, channels = cells.shape
        parts = self.query_key_value(self.norm_attention(cells)).view(n, length, 3, self.heads, channels // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)  # (n, heads, length, channels / heads)
        weights = torch.softmax(query @ key.transpose(-2, -1) * (channels // self.heads) ** -0.5, dim=-1)
        mixed = (weights @ value).transpose(1, 2).reshape(n, length, channels)
        cells = cells + self.project(mixed)
        return cells + self.perceptron(self.norm_perceptron(cells))  # type: ignore[no-any-return]


class GlobalContext(nn.Module):
    """A few attention blocks over a map of fixed size, with learned positions."""

    def __init__(self, channels: int, size_hw: tuple[int, int], *, blocks: int, heads: int) -> None:
        super().__init__()
        self.size_hw = size_hw
        self.position = nn.Parameter(torch.zeros(1, size_hw[0] * size_hw[1], channels))
        self.blocks = nn.Sequential(*(AttentionBlock(channels, heads=heads) for _ in range(blocks)))
        nn.init.trunc_normal_(self.position, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, channels, *size_hw); the same out."""
        cells = self.blocks(x.flatten(2).transpose(1, 2) + self.position)
        return cells.transpose(1, 2).reshape(x.shape)  # type: ignore[no-any-return]


def fold_normalisation(network: Network) -> Network:
    """A copy for inference, in which every `ConvNorm` is one convolution with a bias: the same function in eval mode."""
    network = copy.deepcopy(network).eval()
    for module in network.modules():
        if isinstance(module, ConvNorm) and isinstance(module.conv, nn.Conv2d) and isinstance(module.norm, nn.BatchNorm2d):
            module.conv = fuse_conv_bn_eval(module.conv, module.norm)
            module.norm = nn.Identity()
    return network
