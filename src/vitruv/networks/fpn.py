"""Feature pyramid (Lin et al. 2017) over a ResNet trunk."""

from __future__ import annotations

from torch import Tensor, nn

from vitruv.networks.resnet import ResNet
from vitruv.rcnn_config import PYRAMID_LEVELS


class FPN(nn.Module):
    """Trunk and pyramid.

    image: (n, 3, h, w), h and w multiples of 32 -> {"p2": (n, channels, h/4, w/4), ..., "p5": .../32, "p6": every second
    cell of p5}.
    """

    def __init__(self, bottom_up: ResNet, *, inner: tuple[int, int, int, int], channels: int) -> None:
        super().__init__()
        self.bottom_up = bottom_up
        for level, width in zip(PYRAMID_LEVELS, inner, strict=True):
            setattr(self, f"fpn_lateral{level}", nn.Conv2d(width, channels, 1))
            setattr(self, f"fpn_output{level}", nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        trunk = self.bottom_up(image)
        pyramid: dict[str, Tensor] = {}
        above: Tensor | None = None
        for level in reversed(PYRAMID_LEVELS):
            merged = getattr(self, f"fpn_lateral{level}")(trunk[f"res{level}"])
            if above is not None:
                merged = merged + nn.functional.interpolate(above, scale_factor=2.0, mode="nearest")
            pyramid[f"p{level}"] = getattr(self, f"fpn_output{level}")(merged)
            above = merged
        levels = {f"p{level}": pyramid[f"p{level}"] for level in PYRAMID_LEVELS}
        levels["p6"] = nn.functional.max_pool2d(levels["p5"], 1, stride=2)
        return levels
