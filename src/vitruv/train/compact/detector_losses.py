"""Losses of the compact detector."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from vitruv.networks import DetectorOutput
from vitruv.train.compact.assign import assign


def detector_losses(
    outputs: DetectorOutput, centres: Tensor, people_xyxy: Tensor, valid: Tensor, ignored: Tensor
) -> tuple[Tensor, Tensor]:
    """Score and box losses, both divided by the summed target scores of the batch.

    people_xyxy (n, m, 4), padded; valid (n, m) bool: people to find; ignored (n, m) bool: people that may be found or not.
    """
    logits, boxes = outputs.logits.float(), outputs.boxes_xyxy.float()
    person, target = assign(logits.sigmoid(), boxes, centres, people_xyxy, valid)
    total = target.sum().clamp(min=1)
    unasked = _any_inside(centres, people_xyxy, ignored) & (person < 0)
    # The further off a score is, the more it counts (quality focal loss, Li et al. 2020): the easy cells do not drown the rest.
    terms = functional.binary_cross_entropy_with_logits(logits, target, reduction="none") * (logits.sigmoid() - target).abs() ** 2
    score = (terms * ~unasked).sum() / total
    image, cell = (person >= 0).nonzero(as_tuple=True)
    wanted = people_xyxy[image, person[image, cell]]
    box = ((1 - generalised_iou(boxes[image, cell], wanted)) * target[image, cell]).sum() / total
    return score, box


def generalised_iou(a_xyxy: Tensor, b_xyxy: Tensor) -> Tensor:
    """(k, 4) and (k, 4) -> (k,): IoU minus the part of the common hull that neither covers (Rezatofighi et al. 2019); -1..1."""
    common = (torch.minimum(a_xyxy[:, 2:], b_xyxy[:, 2:]) - torch.maximum(a_xyxy[:, :2], b_xyxy[:, :2])).clamp(min=0).prod(-1)
    hull = (torch.maximum(a_xyxy[:, 2:], b_xyxy[:, 2:]) - torch.minimum(a_xyxy[:, :2], b_xyxy[:, :2])).prod(-1).clamp(min=1e-6)
    union = (a_xyxy[:, 2:] - a_xyxy[:, :2]).prod(-1) + (b_xyxy[:, 2:] - b_xyxy[:, :2]).prod(-1) - common
    return common / union.clamp(min=1e-6) - (hull - union) / hull


def _any_inside(centres: Tensor, boxes_xyxy: Tensor, chosen: Tensor) -> Tensor:
    """(n, a) bool: centre in any of the chosen boxes."""
    if boxes_xyxy.shape[1] == 0:
        return torch.zeros(len(boxes_xyxy), len(centres), dtype=torch.bool, device=centres.device)
    inside = (centres > boxes_xyxy[:, :, None, :2]).all(-1) & (centres < boxes_xyxy[:, :, None, 2:]).all(-1)
    return (inside & chosen[:, :, None]).any(dim=1)
