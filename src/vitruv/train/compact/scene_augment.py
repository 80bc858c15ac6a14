"""Random changes of whole batches of scenes (letterboxed already, bars included): mirror, scale and shift, colour."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from vitruv.networks import PIXEL_MEAN
from vitruv.train.crop_augment import AugmentConfig, recolour, uniform
from vitruv.train.engine.feed import Batch

SMALLEST_SIDE_PX = 8.0  # people smaller than this in the network's input need not be found
_SEEN = 0.35  # people of whose box less than this is left need not be found


def augment_scenes(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Batch:
    """A changed copy. batch: image (n, h, w, 3) uint8, boxes_xyxy (n, m, 4), valid (n, m) bool.

    Adds `ignored` (n, m) bool: people that are now too small or mostly cut off, and no longer `valid`.
    """
    image, boxes = batch["image"], batch["boxes_xyxy"]
    n, height, width = image.shape[:3]
    full = box_area(boxes)
    chosen = uniform(n, generator) < config.flip
    image = torch.where(chosen[:, None, None, None], image.flip(2), image)
    mirrored = torch.stack([width - boxes[..., 2], boxes[..., 1], width - boxes[..., 0], boxes[..., 3]], dim=-1)
    boxes = torch.where(chosen[:, None, None], mirrored, boxes)
    if config.zoom or config.shift:
        scale = torch.exp2(uniform(n, generator, -1, 1) * config.zoom)
        size = torch.tensor([width, height], device=image.device)
        shift = uniform(2 * n, generator, -1, 1).view(n, 2) * config.shift * size
        image = _move(image, scale, shift)
        offset = size / 2
        boxes = (boxes.view(n, -1, 2, 2) - offset) * scale[:, None, None, None] + offset + shift[:, None, None, :]
        boxes = boxes.flatten(2)
        full = full * scale[:, None] ** 2
    image = recolour(image, config, generator)
    low, high = boxes[..., :2].clamp(min=0), torch.minimum(boxes[..., 2:], torch.tensor([width, height], device=image.device))
    boxes = torch.cat([low, high], dim=-1)
    return {**batch, "image": image, "boxes_xyxy": boxes, **split_people(boxes, batch["valid"], full)}


def split_people(boxes_xyxy: Tensor, there: Tensor, full_area: Tensor) -> Batch:
    """Who is to be found (`valid`) and who may be (`ignored`), from what is left of the boxes."""
    large = ((boxes_xyxy[..., 2:] - boxes_xyxy[..., :2]) >= SMALLEST_SIDE_PX).all(-1)
    whole = box_area(boxes_xyxy) >= _SEEN * full_area
    return {"valid": there & large & whole, "ignored": there & ~(large & whole)}


def box_area(boxes_xyxy: Tensor) -> Tensor:
    return (boxes_xyxy[..., 2:] - boxes_xyxy[..., :2]).clamp(min=0).prod(-1)


def _move(image: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Scale about the middle, then shift (pixels); padding where the scene ends."""
    n, height, width = image.shape[:3]
    theta = torch.zeros(n, 2, 3, device=image.device)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 / scale
    theta[:, 0, 2] = -shift[:, 0] / scale / (width / 2)
    theta[:, 1, 2] = -shift[:, 1] / scale / (height / 2)
    grid = functional.affine_grid(theta, [n, 1, height, width], align_corners=False)
    pixels = functional.grid_sample(image.permute(0, 3, 1, 2).float() - PIXEL_MEAN, grid, mode="bilinear", align_corners=False)
    return (pixels + PIXEL_MEAN).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
