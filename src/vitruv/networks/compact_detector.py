"""The compact person detector: one class, no anchors, a box from every cell of three maps."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from vitruv.networks.compact_blocks import ConvNorm, GlobalContext, ResidualBlock

STRIDES = (8, 16, 32)
_UNIT = 2.0  # a distance of 1 in the network is so many strides


class DetectorOutput(NamedTuple):
    """One candidate per cell, all cells of stride 8, then 16, then 32, each map row by row.

    logits: (n, a) of "a person whose box this cell tells well". boxes_xyxy: (n, a, 4) pixels of the input, not clipped.
    """

    logits: Tensor
    boxes_xyxy: Tensor


class CompactDetector(nn.Module):
    """Residual trunk to stride 32, global context there, fusion back to stride 8, and at each of the three strides a score and the
    distances from the cell's centre to the four sides of the box.

    size_hw: height and width of the input, multiples of 32. widths: channels at strides 2, 4, 8, 16, 32. blocks: residual blocks
    at strides 4, 8, 16, 32. context: attention blocks. fused: channels of the maps that the outputs are read from.
    """

    def __init__(
        self,
        *,
        size_hw: tuple[int, int] = (320, 320),
        widths: tuple[int, int, int, int, int] = (16, 32, 64, 128, 192),
        blocks: tuple[int, int, int, int] = (0, 0, 2, 1),
        context: int = 2,
        fused: int = 64,
    ) -> None:
        super().__init__()
        self.size_hw = size_hw
        self.stem = ConvNorm(3, widths[0], stride=2)
        self.stages = nn.ModuleList(
            nn.Sequential(ConvNorm(widths[i], widths[i + 1], stride=2), *(ResidualBlock(widths[i + 1]) for _ in range(blocks[i])))
            for i in range(4)
        )
        self.context = GlobalContext(widths[4], (size_hw[0] // 32, size_hw[1] // 32), blocks=context, heads=widths[4] // 32)
        self.sides = nn.ModuleList(ConvNorm(width, fused, kernel=1) for width in widths[2:])
        self.fuse = nn.ModuleList(ConvNorm(fused, fused) for _ in STRIDES)
        self.outputs = nn.ModuleList(nn.Conv2d(fused, 5, 1) for _ in STRIDES)
        for layer in self.outputs:
            nn.init.normal_(layer.weight, std=0.01)  # type: ignore[arg-type]
            # Scores start low, as most cells see nobody; distances at about two strides.
            layer.bias.data = torch.tensor([-4.6, 0.5, 0.5, 0.5, 0.5])
        self.register_buffer("centres", cell_centres(size_hw), persistent=False)
        self.register_buffer("strides", cell_strides(size_hw), persistent=False)
        self.centres: Tensor
        self.strides: Tensor

    def forward(self, images: Tensor) -> DetectorOutput:
        """images: (n, 3, *size_hw) float, see `normalise`."""
        x = self.stem(images)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        top = self.sides[2](self.context(maps[3]))
        middle = self.sides[1](maps[2]) + functional.interpolate(top, scale_factor=2.0, mode="nearest")
        middle = self.fuse[1](middle)
        low = self.fuse[0](self.sides[0](maps[1]) + functional.interpolate(middle, scale_factor=2.0, mode="nearest"))
        fused = (low, middle, self.fuse[2](top))
        raw = torch.cat([output(x).flatten(2) for output, x in zip(self.outputs, fused, strict=True)], dim=2).float()  # (n, 5, a)
        distances = functional.softplus(raw[:, 1:]).transpose(1, 2) * (_UNIT * self.strides[:, None])  # (n, a, 4)
        boxes = torch.cat([self.centres - distances[..., :2], self.centres + distances[..., 2:]], dim=2)
        return DetectorOutput(raw[:, 0], boxes)


def cell_centres(size_hw: tuple[int, int]) -> Tensor:
    """(a, 2) float32: x, y of the centre of every cell, in the order of `DetectorOutput`."""
    maps = []
    for stride in STRIDES:
        y = (torch.arange(size_hw[0] // stride) + 0.5) * stride
        x = (torch.arange(size_hw[1] // stride) + 0.5) * stride
        maps.append(torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).reshape(-1, 2))
    return torch.cat(maps)


def cell_strides(size_hw: tuple[int, int]) -> Tensor:
    """(a,) float32: the stride of every cell."""
    return torch.cat([torch.full(((size_hw[0] // s) * (size_hw[1] // s),), float(s)) for s in STRIDES])
