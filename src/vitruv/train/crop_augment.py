"""How strongly pictures are changed at random, and random colours of whole batches, on whatever device they lie."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitruv.errors import InputError

# COCO's joints: nose, then eyes, ears, shoulders, elbows, wrists, hips, knees, ankles, left before right.
MIRROR_KEYPOINT = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)


@dataclass(frozen=True)
class AugmentConfig:
    """How strong. flip: share of mirrored crops. turn_deg, zoom, shift: largest rotation, log2 of scale, and part of the crop.

    brightness, contrast, tint: largest change, as a part. noise: largest standard deviation in grey levels.
    """

    flip: float = 0.5
    turn_deg: float = 15.0
    zoom: float = 0.2
    shift: float = 0.04
    brightness: float = 0.15
    contrast: float = 0.2
    tint: float = 0.08
    noise: float = 6.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value >= 0:
                raise InputError(f"{name} must not be negative, but got {value}")


def uniform(n: int, generator: torch.Generator, low: float = 0.0, high: float = 1.0) -> Tensor:
    return torch.rand(n, generator=generator, device=generator.device) * (high - low) + low


def recolour(image: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    n = len(image)
    pixels = image.float()
    gain = 1 + config.contrast * uniform(n, generator, -1, 1)[:, None] + config.tint * uniform(3 * n, generator, -1, 1).view(n, 3)
    offset = 128 * (1 - gain) + 255 * config.brightness * uniform(n, generator, -1, 1)[:, None]
    pixels = pixels * gain[:, None, None, :] + offset[:, None, None, :]
    if config.noise:
        spread = config.noise * uniform(n, generator) ** 2
        pixels += torch.randn(pixels.shape, generator=generator, device=pixels.device) * spread[:, None, None, None]
    return pixels.round().clamp(0, 255).to(torch.uint8)
