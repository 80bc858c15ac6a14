"""Losses of proposals, boxes, masks and keypoints: the rules of Faster and Mask R-CNN, as Detectron2 has them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from vitruv.train.engine.distributed import mean_over_team


def proposal_losses(logits: Tensor, deltas: Tensor, labels: Tensor, targets: Tensor, *, per_image: int) -> dict[str, Tensor]:
    """`objectness` and `proposals`, both divided by `per_image` times the number of pictures.

    logits: (n, a). deltas: (n, a, 4). labels: (n, a) int8, 1 person, 0 background, -1 not sampled. targets: (n, a, 4).
    """
    sampled, positive = labels >= 0, labels > 0
    objectness = functional.binary_cross_entropy_with_logits(logits[sampled].float(), positive[sampled].float(), reduction="sum")
    moves = (deltas[positive].float() - targets[positive]).abs().sum()
    count = float(per_image * len(logits))
    return {"objectness": mean_over_team(objectness, count), "proposals": mean_over_team(moves, count)}


def box_losses(logits: Tensor, deltas: Tensor, labels: Tensor, targets: Tensor) -> dict[str, Tensor]:
    """`person`: cross-entropy, and `box`: L1 of the deltas of people, both divided by the number of sampled boxes.

    logits: (k, 2), people 0, background 1. deltas: (k, 4). labels: (k,) int64. targets: (k, 4).
    """
    people = labels == 0
    cross = functional.cross_entropy(logits.float(), labels, reduction="sum")
    moves = (deltas[people].float() - targets[people]).abs().sum()
    return {"person": mean_over_team(cross, float(len(labels))), "box": mean_over_team(moves, float(len(labels)))}


def mask_loss(logits: Tensor, inside: Tensor) -> Tensor:
    """Binary cross-entropy, mean over cells and regions. logits: (r, 1, s, s). inside: (r, s, s) bool."""
    total = functional.binary_cross_entropy_with_logits(logits[:, 0].float(), inside.float(), reduction="sum")
    return mean_over_team(total, float(inside.numel()))


def region_keypoint_loss(logits: Tensor, xy: Tensor, there: Tensor) -> Tensor:
    """Cross-entropy over the s * s cells, mean over the joints that are in their region.

    logits: (r, 17, s, s). xy: (r, 17, 2) in cells of the map. there: (r, 17) bool. A joint on the right or lower edge belongs to
    the last cell.
    """
    side = logits.shape[-1]
    on_map = there & (xy >= 0).all(-1) & (xy <= side).all(-1)
    cell = xy.floor().long().clamp(0, side - 1)
    wanted = (cell[..., 1] * side + cell[..., 0])[on_map]
    total = functional.cross_entropy(logits.flatten(2)[on_map].float(), wanted, reduction="sum")
    return mean_over_team(total, torch.as_tensor(float(on_map.sum())))
