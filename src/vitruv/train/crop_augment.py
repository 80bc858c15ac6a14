"""Random changes of whole batches of crops, on whatever device they lie: mirror, turn and shift, colour.

Rendering is what limits a training run; with these a rendered crop can be used more than once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from vitruv.errors import InputError
from vitruv.networks import PIXEL_MEAN
from vitruv.surface.charts import MIRROR_CHART
from vitruv.train.engine.feed import Batch

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


def augment_crops(batch: Batch, config: AugmentConfig, generator: torch.Generator, mirror_uv: Tensor | None) -> Batch:
    """A changed copy of a batch of crops.

    batch: image (n, h, w, 3) uint8, labels (n, h, w) uint8, uv (n, 2, h, w) uint8, keypoints (n, 17, 3).
    mirror_uv: (25, 256, 256, 2) uint8, indexed by chart, U code, V code: the codes of the mirrored place on the mirrored chart.
        None: nothing is mirrored.
    """
    if not len(batch["image"]):
        return batch
    if mirror_uv is not None and config.flip:
        batch = flip(batch, uniform(len(batch["image"]), generator) < config.flip, mirror_uv)
    if config.turn_deg or config.zoom or config.shift:
        batch = _move(batch, config, generator)
    return {**batch, "image": recolour(batch["image"], config, generator)}


def flip(batch: Batch, chosen: Tensor, mirror_uv: Tensor) -> Batch:
    """Mirror the crops where `chosen` (n,) is true: pixels, charts, U, V and joints."""
    device = chosen.device
    image, labels, uv = batch["image"], batch["labels"].long(), batch["uv"].long()
    flipped_uv = mirror_uv[labels, uv[:, 0], uv[:, 1]].permute(0, 3, 1, 2).flip(3)
    flipped_labels = torch.as_tensor(MIRROR_CHART.copy(), device=device)[labels].flip(2)
    joints = batch["keypoints"][:, torch.as_tensor(MIRROR_KEYPOINT, device=device)]
    there = joints[..., 2] > 0
    flipped_joints = torch.stack([torch.where(there, image.shape[2] - joints[..., 0], 0.0), joints[..., 1], joints[..., 2]], dim=-1)
    return {
        **batch,
        "image": _where(chosen, image.flip(2), image),
        "labels": _where(chosen, flipped_labels, batch["labels"]),
        "uv": _where(chosen, flipped_uv, batch["uv"]),
        "keypoints": _where(chosen, flipped_joints, batch["keypoints"]),
    }


def _where(chosen: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    return torch.where(chosen.view(-1, *[1] * (no.ndim - 1)), yes, no)


def uniform(n: int, generator: torch.Generator, low: float = 0.0, high: float = 1.0) -> Tensor:
    return torch.rand(n, generator=generator, device=generator.device) * (high - low) + low


def _move(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Batch:
    """Turn, scale and shift about the middle of the crop; what comes in from outside is padding and background."""
    image, labels, uv = batch["image"], batch["labels"], batch["uv"]
    n, height, width = labels.shape
    angle = uniform(n, generator, -1, 1) * math.radians(config.turn_deg)
    scale = torch.exp2(uniform(n, generator, -1, 1) * config.zoom)
    shift = torch.stack([uniform(n, generator, -1, 1) * width, uniform(n, generator, -1, 1) * height], dim=1) * config.shift
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    forward = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], dim=1)  # old offset -> new offset, pixels
    middle = torch.tensor([width / 2, height / 2], device=labels.device)
    # grid_sample asks the other way round, in units of half a crop: old = R^-1 (new - shift).
    units = middle[None, :, None]
    back = torch.linalg.inv(forward)
    theta = torch.cat([back * middle[None, None, :] / units, -(back @ shift[:, :, None]) / units], dim=2)
    grid = functional.affine_grid(theta, [n, 1, height, width], align_corners=False)
    pixels = functional.grid_sample(image.permute(0, 3, 1, 2).float() - PIXEL_MEAN, grid, mode="bilinear", align_corners=False)
    codes = torch.cat([labels[:, None], uv], dim=1).float()
    codes = functional.grid_sample(codes, grid, mode="nearest", align_corners=False).to(torch.uint8)
    joints = batch["keypoints"]
    places = (joints[..., :2] - middle) @ forward.transpose(1, 2) + middle + shift[:, None, :]
    inside = (places >= 0).all(-1) & (places[..., 0] < width) & (places[..., 1] < height) & (joints[..., 2] > 0)
    return {
        **batch,
        "image": (pixels + PIXEL_MEAN).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1),
        "labels": codes[:, 0],
        "uv": codes[:, 1:],
        "keypoints": torch.cat([places, joints[..., 2:]], dim=-1) * inside[..., None],
    }


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
