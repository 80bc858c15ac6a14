"""MobileNetV2 (Sandler et al., CVPR 2018) without its classifier, batch normalisation folded into the convolutions.

Padding is TensorFlow's SAME: a strided convolution of an even size pads nothing before and one pixel after.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

# Expansion, channels at width 1, repeats, stride of the first of each group of blocks (table 2 of the paper).
_GROUPS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
_LAST_CHANNELS = 1280


class TrunkFeatures(NamedTuple):
    """Features at strides 4, 8, 16 and 32: (n, c, h / stride, w / stride). deep16 are the last ones at stride 16."""

    stride4: Tensor
    stride8: Tensor
    stride16: Tensor
    deep16: Tensor
    stride32: Tensor


def scaled_channels(channels: int, width: float) -> int:
    """Channels at a width: the nearest multiple of 8 that is not more than a tenth below."""
    scaled = max(8, int(channels * width + 4) // 8 * 8)
    return scaled + 8 if scaled < 0.9 * channels * width else scaled


class SameConv(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding, for inputs whose size its stride divides."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1, bias: bool = True) -> None:
        symmetric = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride=stride, padding=symmetric, groups=groups, bias=bias)
        self.pads_after = kernel > 1 and stride == 2

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(functional.pad(input, (0, 1, 0, 1)) if self.pads_after else input)


class InvertedResidual(nn.Module):
    """1x1 to more channels, depthwise 3x3, 1x1 back; added to its input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, *, expansion: int, stride: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = SameConv(inputs, inner, 1) if expansion > 1 else None
        self.depthwise = SameConv(inner, inner, 3, stride=stride, groups=inner)
        self.project = SameConv(inner, outputs, 1)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        inner = features if self.expand is None else functional.relu6(self.expand(features))
        outputs: Tensor = self.project(functional.relu6(self.depthwise(inner)))
        return features + outputs if self.adds else outputs


class MobileNetV2(nn.Module):
    """Image (n, 3, h, w) float, -1..1, h and w multiples of 32 -> `TrunkFeatures`.

    width: factor on the number of channels. The features are the outputs of blocks 2, 5 and 9, which MoveNet's pyramid reads, of
    block 12, and of the last convolution. channels: of each of them.
    """

    def __init__(self, *, width: float) -> None:
        super().__init__()
        channels = scaled_channels(32, width)
        self.stem = SameConv(3, channels, 3, stride=2)
        blocks = []
        for expansion, outputs, repeats, stride in _GROUPS:
            for repeat in range(repeats):
                after = scaled_channels(outputs, width)
                blocks.append(InvertedResidual(channels, after, expansion=expansion, stride=stride if repeat == 0 else 1))
                channels = after
        self.blocks = nn.ModuleList(blocks)
        self.last = SameConv(channels, _LAST_CHANNELS, 1)
        self.channels = (
            scaled_channels(24, width),
            scaled_channels(32, width),
            scaled_channels(64, width),
            scaled_channels(96, width),
            _LAST_CHANNELS,
        )

    def forward(self, image: Tensor) -> TrunkFeatures:
        features = functional.relu6(self.stem(image))
        kept = {}
        for number, block in enumerate(self.blocks):
            features = block(features)
            if number in (2, 5, 9, 12):
                kept[number] = features
        return TrunkFeatures(kept[2], kept[5], kept[9], kept[12], functional.relu6(self.last(features)))
