"""Losses at sparse annotated points, and at dense targets, inside regions.

Maps of a region are sampled at (x, y) in cells of the map by bilinear interpolation, where the coordinate is the index: a point on
the region's left edge reads the first cell. (There is no half-cell shift: the official rule, kept since checkpoints learnt it.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from vitruv.errors import InputError
from vitruv.rcnn_config import CONFIDENCE_FLOOR
from vitruv.train.engine.distributed import mean_over_team

PADDED_POINTS = 196
UVConfidence = Literal["iid_iso", "indep_aniso"]


class Points(NamedTuple):
    """p points of all regions, packed. region: (p,) int64. x, y: (p,) in cells of the region's map. chart: (p,) int64, 0..24.
    uv: (p, 2), 0..1."""

    region: Tensor
    x: Tensor
    y: Tensor
    chart: Tensor
    uv: Tensor


@dataclass(frozen=True)
class PointRule:
    """How the terms are reduced and weighed. chart, uv, coarse: weights.

    reduction: "caffe2" pads every region to 196 points of chart 0 at its first cell, averages the classification over all rows,
    and sums U and V; "detectron2" averages the classification over the points, and sums U and V; "mean" averages everything over
    points, so that weights do not depend on how many there are.
    """

    reduction: Literal["caffe2", "detectron2", "mean"] = "mean"
    chart: float = 1.0
    uv: float = 20.0
    coarse: float = 2.0

    def __post_init__(self) -> None:
        for name in ("chart", "uv", "coarse"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name} must not be negative, but got {getattr(self, name)}")


CAFFE2 = PointRule("caffe2", chart=0.3, uv=0.1, coarse=2.0)
"""The released original (2018): weights of all its configurations."""
DETECTRON2 = PointRule("detectron2", chart=1.0, uv=0.01, coarse=5.0)
"""Detectron2's s1x and DL models. Its legacy models have the weights of CAFFE2, its WC models 0.0005 for U and V together."""
DETECTRON2_CONFIDENCE = PointRule("detectron2", chart=1.0, uv=0.0005, coarse=5.0)
RULES = {"caffe2": CAFFE2, "detectron2": DETECTRON2, "detectron2_confidence": DETECTRON2_CONFIDENCE, "mean": PointRule()}


def sample_points(maps: Tensor, points: Points, *, channel: Tensor | None = None) -> Tensor:
    """maps: (r, c, h, w) -> (p, c), or with channel (p,) only that one: (p,)."""
    height, width = maps.shape[-2:]
    low_x, low_y = points.x.floor().long().clamp(0, width - 1), points.y.floor().long().clamp(0, height - 1)
    high_x, high_y = (low_x + 1).clamp(max=width - 1), (low_y + 1).clamp(max=height - 1)
    right = (torch.minimum(points.x, high_x.to(points.x.dtype)) - low_x).clamp(min=0)
    down = (torch.minimum(points.y, high_y.to(points.y.dtype)) - low_y).clamp(min=0)

    # All four neighbours in one look-up: the gradient of every look-up is a tensor as large as the maps. It lies in memory as what
    # is looked up in, and layers before want channels last.
    cells = maps.permute(0, 2, 3, 1)  # (r, h, w, c)
    region = points.region.repeat(4)
    y, x = torch.cat([low_y, low_y, high_y, high_y]), torch.cat([low_x, high_x, low_x, high_x])
    if channel is None:
        right, down = right[:, None], down[:, None]
        found = cells[region, y, x]
    else:
        found = cells[region, y, x, channel.repeat(4)]
    upper_left, upper_right, lower_left, lower_right = found.float().chunk(4)
    top = upper_left * (1 - right) + upper_right * right
    bottom = lower_left * (1 - right) + lower_right * right
    return top * (1 - down) + bottom * down


def point_losses(
    maps: dict[str, Tensor], points: Points, rule: PointRule, confidence: UVConfidence | None = None
) -> dict[str, Tensor]:
    """Weighted terms `chart` and `uv` (U and V together).

    maps: fine_segm, u, v (r, 25, s, s), and for confidence models sigma_2 (and kappa_u, kappa_v) raw. Points of chart 0 are
    background: they have no U, V.
    """
    regions = len(maps["fine_segm"])
    logits = sample_points(maps["fine_segm"], points)
    cross = functional.cross_entropy(logits, points.chart, reduction="sum")
    rows: Tensor | float = float(len(points.chart))
    if rule.reduction == "caffe2":
        # Rows that fill up to 196: background at cell (0, 0), the only background these points ever show.
        padding = PADDED_POINTS - torch.bincount(points.region, minlength=regions)[:regions].float()
        corner = functional.cross_entropy(
            maps["fine_segm"][:, :, 0, 0].float(), torch.zeros(regions, dtype=torch.long, device=logits.device), reduction="none"
        )
        cross, rows = cross + (corner * padding).sum(), float(PADDED_POINTS * regions)
    inside = points.chart > 0
    body = Points(*(values[inside] for values in points))
    total = uv_terms(maps, body, confidence)
    if rule.reduction == "mean":
        uv = mean_over_team(total, float(len(body.chart)))
    else:
        uv = total  # summed in every process and averaged over them: the official weight depends on their number
    return {"chart": rule.chart * mean_over_team(cross, rows), "uv": rule.uv * uv}


def uv_terms(maps: dict[str, Tensor], body: Points, confidence: UVConfidence | None) -> Tensor:
    """Sum over points of smooth-L1 (beta 1) of U and V on the maps of the true chart; of minus log likelihood with confidence.

    With d = (u - u*, v - v*) and s = softplus(sigma_2) + 0.01 (Neverova et al. 2019):
    iid_iso (WC1): (log 2 pi + 2 log s + |d|^2 / s) / 2.
    indep_aniso (WC2), r = (kappa_u, kappa_v), D = s (s + |r|^2): (log 2 pi + log D + |d|^2 / s - <d, r>^2 / D) / 2.
    """
    found = torch.stack([sample_points(maps[name], body, channel=body.chart) for name in ("u", "v")], dim=1)
    if confidence is None:
        return functional.smooth_l1_loss(found, body.uv, reduction="sum")
    apart = found - body.uv
    s = functional.softplus(sample_points(maps["sigma_2"], body, channel=body.chart)) + CONFIDENCE_FLOOR
    square = (apart**2).sum(1)
    if confidence == "iid_iso":
        return 0.5 * (math.log(2 * math.pi) + 2 * s.log() + square / s).sum()
    r = torch.stack([sample_points(maps[name], body, channel=body.chart) for name in ("kappa_u", "kappa_v")], dim=1)
    spread = s * (s + (r**2).sum(1))
    return 0.5 * (math.log(2 * math.pi) + spread.log() + square / s - (apart * r).sum(1) ** 2 / spread).sum()


def coarse_loss(logits: Tensor, parts: Tensor, weight: float) -> Tensor:
    """Cross-entropy over all cells of all regions. logits: (r, k, s, s), k = 2 (body or not) or 15. parts: (r, s, s), 0..14."""
    wanted = (parts > 0).long() if logits.shape[1] == 2 else parts
    return weight * mean_over_team(functional.cross_entropy(logits.float(), wanted, reduction="sum"), float(wanted.numel()))
