"""Losses of the compact regressor: which chart, where on it, and where the joints are."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from vitruv.surface.charts import NUM_CHARTS, NUM_LABELS


def label_loss(logits: Tensor, labels: Tensor, *, class_weights: Tensor, smoothing: float = 0.0) -> Tensor:
    """Weighted softmax cross-entropy over all pixels of the maps, doubled in size by bilinear interpolation.

    logits: (n, 25, h, w). labels: (n, 2h, 2w) integers. class_weights: (25,).
    """
    maps = functional.interpolate(logits.float(), scale_factor=2.0, mode="bilinear")
    # Rows of 25 are a third faster than (n, 25, h, w) on a CPU.
    rows = maps.permute(0, 2, 3, 1).reshape(-1, NUM_LABELS)
    return functional.cross_entropy(rows, labels.reshape(-1).long(), weight=class_weights, label_smoothing=smoothing)


def uv_loss(uv: Tensor, labels: Tensor, target: Tensor, *, beta: float) -> Tensor:
    """Smooth-L1 of U and V on the maps of the true chart, at every pixel of the person; summed over U and V, mean over pixels.

    The paper's loss (section 3.1) with a small `beta`: beyond it the loss is linear, so that an uncertain network answers with the
    median of what is possible, which stays on one side where the mean would shrink to the middle of the chart.
    uv: (n, 48, h, w). labels: (n, 2h, 2w) integers. target: (n, 2, 2h, 2w) in 0..1.
    """
    inside = labels.reshape(-1).nonzero()[:, 0]
    if not len(inside):
        return uv.sum() * 0.0
    predicted = sample_true_chart(uv, labels, inside)
    wanted = target.permute(0, 2, 3, 1).reshape(-1, 2)[inside]
    return 2 * functional.smooth_l1_loss(predicted, wanted, beta=beta)


def sample_true_chart(uv: Tensor, labels: Tensor, inside: Tensor) -> Tensor:
    """U and V of the labelled chart at some pixels of a grid twice as fine as the maps, by bilinear interpolation.

    Gathers the four neighbours instead of doubling all 48 maps, which takes four times as long.
    uv: (n, 48, h, w). labels: (n, 2h, 2w), not 0 at `inside`: (m,) flat pixel indices. Returns (m, 2) float32.
    """
    height, width = uv.shape[-2:]
    values = uv.float().permute(0, 2, 3, 1).reshape(-1)  # pixel after pixel, 48 each
    chart = labels.reshape(-1)[inside].long() - 1
    image, pixel = inside // (4 * height * width), inside % (4 * height * width)
    y, x = pixel // (2 * width), pixel % (2 * width)
    # Fine pixel y has its centre at coarse position (y + 0.5) / 2 - 0.5: a quarter before or behind a coarse centre.
    top, left = (y - 1).div(2, rounding_mode="floor"), (x - 1).div(2, rounding_mode="floor")
    down = torch.where(y % 2 == 1, 0.25, 0.75)[:, None]
    across = torch.where(x % 2 == 1, 0.25, 0.75)[:, None]

    def at(row: Tensor, column: Tensor) -> Tensor:
        cell = (image * height + row.clamp(0, height - 1)) * width + column.clamp(0, width - 1)
        start = cell * (2 * NUM_CHARTS) + chart
        return torch.stack([values[start], values[start + NUM_CHARTS]], dim=1)

    above = at(top, left) * (1 - across) + at(top, left + 1) * across
    below = at(top + 1, left) * (1 - across) + at(top + 1, left + 1) * across
    return above * (1 - down) + below * down
