"""Which cells of the detector shall tell which person: decided anew at every step by what the cells tell already.

The rule of task-aligned detection (Feng et al., "TOOD", ICCV 2021): a cell inside a person's box suits it by score^a * IoU^b; the
best `top` cells of every person are its own, and their scores shall become as large as their boxes are good.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

_SCORE_POWER, _IOU_POWER = 0.5, 6.0


class Assignment(NamedTuple):
    """person: (n, a) int64, index of the person a cell belongs to, -1 for none. score: (n, a) float32, what its score shall be."""

    person: Tensor
    score: Tensor


def pairwise_iou(a_xyxy: Tensor, b_xyxy: Tensor) -> Tensor:
    """(..., m, 4) and (..., k, 4) -> (..., m, k)."""
    low = torch.maximum(a_xyxy[..., :, None, :2], b_xyxy[..., None, :, :2])
    high = torch.minimum(a_xyxy[..., :, None, 2:], b_xyxy[..., None, :, 2:])
    common = (high - low).clamp(min=0).prod(-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1) for boxes in (a_xyxy, b_xyxy)]
    return common / (areas[0][..., :, None] + areas[1][..., None, :] - common).clamp(min=1e-6)


@torch.no_grad()
def assign(scores: Tensor, boxes_xyxy: Tensor, centres: Tensor, people_xyxy: Tensor, valid: Tensor, *, top: int = 10) -> Assignment:
    """scores (n, a) in 0..1 and boxes_xyxy (n, a, 4) as predicted; centres (a, 2) of the cells; people_xyxy (n, m, 4), padded;
    valid (n, m) bool: which of them are people."""
    people = valid.shape[1]
    if people == 0:
        return Assignment(torch.full(scores.shape, -1, device=scores.device), torch.zeros_like(scores))
    inside = (centres > people_xyxy[:, :, None, :2]).all(-1) & (centres < people_xyxy[:, :, None, 2:]).all(-1) & valid[:, :, None]
    iou = pairwise_iou(people_xyxy, boxes_xyxy) * inside  # (n, m, a)
    # The small constant keeps an order among cells whose boxes do not yet touch the person.
    suits = (scores.clamp(min=1e-6)[:, None, :] ** _SCORE_POWER * (iou + 1e-3) ** _IOU_POWER) * inside
    best = suits.topk(min(top, suits.shape[2]), dim=2).indices
    chosen = torch.zeros_like(inside).scatter_(2, best, True) & inside
    # A cell that several people chose goes to the one whose box it tells best.
    owner = torch.where(chosen, iou, -1.0).argmax(dim=1)  # (n, a)
    taken = chosen.any(dim=1)
    mine = chosen & (owner[:, None, :] == torch.arange(people, device=owner.device)[None, :, None])
    suits, iou = suits * mine, iou * mine
    share = suits / suits.amax(dim=2, keepdim=True).clamp(min=1e-30) * iou.amax(dim=2, keepdim=True)
    return Assignment(torch.where(taken, owner, -1), share.amax(dim=1))
