"""Trunks that learn from nothing: group norm where checkpoints have frozen batch statistics."""

from __future__ import annotations

import math

from torch import nn

from vitruv.networks.resnet import ConvFrozenNorm
from vitruv.rcnn_config import GROUPS, NORM_EPSILON


def use_group_norm(network: nn.Module) -> nn.Module:
    """Replace every frozen batch norm by a trained group norm (Wu and He 2018), in place; returns the network.

    Frozen statistics of 0 and 1 normalise nothing: a deep trunk does not start to learn with them. The names of parameters stay
    (`norm.weight`, `norm.bias`), the running statistics go. Groups: 32, or the largest common divisor with the channels.
    """
    for module in network.modules():
        if isinstance(module, ConvFrozenNorm):
            channels = module.out_channels
            module.norm = nn.GroupNorm(math.gcd(GROUPS, channels), channels, eps=NORM_EPSILON)  # type: ignore[assignment]
    return network
