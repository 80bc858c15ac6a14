"""ResNet trunks as Detectron2's checkpoints have them: stride in the first 1x1 convolution, batch statistics frozen."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from vitruv.rcnn_config import NORM_EPSILON


class FrozenBatchNorm(nn.Module):
    """Batch norm whose statistics and affine values are constants: buffers, never parameters.

    x: (n, channels, h, w) -> same shape.
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        if not x.requires_grad:
            # One pass over the map instead of two; its gradient would cost more, which is then not asked for.
            return batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=NORM_EPSILON)
        scale = self.weight * (self.running_var + NORM_EPSILON).rsqrt()
        shift = self.bias - self.running_mean * scale
        return x * scale.to(x.dtype)[:, None, None] + shift.to(x.dtype)[:, None, None]


class ConvFrozenNorm(nn.Conv2d):
    """A convolution without bias, then `FrozenBatchNorm`."""

    def __init__(self, inner: int, out: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__(inner, out, kernel, stride=stride, padding=kernel // 2, bias=False)
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")
        self.norm = FrozenBatchNorm(out)

    def forward(self, input: Tensor) -> Tensor:
        normed: Tensor = self.norm(super().forward(input))
        return normed


class Bottleneck(nn.Module):
    """1x1 (with the stride), 3x3, 1x1, and a projected shortcut in the first block of a stage."""

    def __init__(self, inner: int, mid: int, out: int, *, stride: int, project: bool) -> None:
        super().__init__()
        self.shortcut = ConvFrozenNorm(inner, out, 1, stride=stride) if project else None
        self.conv1 = ConvFrozenNorm(inner, mid, 1, stride=stride)
        self.conv2 = ConvFrozenNorm(mid, mid, 3)
        self.conv3 = ConvFrozenNorm(mid, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv3(self.conv2(self.conv1(x).relu()).relu())
        joined: Tensor = y + (x if self.shortcut is None else self.shortcut(x))
        return joined.relu()


class Stem(nn.Module):
    """7x7 stride 2, then max-pool stride 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ConvFrozenNorm(3, channels, 7, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        pooled: Tensor = nn.functional.max_pool2d(self.conv1(x).relu(), 3, stride=2, padding=1)
        return pooled


class ResNet(nn.Module):
    """A trunk of bottlenecks.

    image: (n, 3, h, w) -> {"res2": (n, c, h/4, w/4), ..., "res5": (n, 8c, h/32, w/32)}.
    blocks: bottlenecks of res2..res5. mid, out: widths in res2; both double at every later stage.
    """

    def __init__(self, *, blocks: tuple[int, int, int, int], stem_channels: int, mid: int, out: int) -> None:
        super().__init__()
        self.stem = Stem(stem_channels)
        inner = stem_channels
        for stage, count in enumerate(blocks):
            layers = []
            for block in range(count):
                stride = 2 if block == 0 and stage > 0 else 1
                layers.append(Bottleneck(inner, mid << stage, out << stage, stride=stride, project=block == 0))
                inner = out << stage
            setattr(self, f"res{stage + 2}", nn.Sequential(*layers))

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        x = self.stem(image)
        levels = {}
        for name in ("res2", "res3", "res4", "res5"):
            x = levels[name] = getattr(self, name)(x)
        return levels

    def freeze(self, stages: int = 2) -> None:
        """Stop training the stem (1) and res2 (2) and so on, as fine-tuning from ImageNet does (two stages officially)."""
        parts = ["stem", "res2", "res3", "res4", "res5"][:stages]
        for part in parts:
            getattr(self, part).requires_grad_(False)
