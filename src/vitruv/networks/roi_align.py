"""RoIAlign (He et al. 2017): average of bilinear samples in every cell of a grid over a box."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


def roi_align(
    features: Tensor,
    boxes_xyxy: Tensor,
    picture: Tensor | None = None,
    *,
    size: int,
    scale: float,
    sampling: int = 2,
    aligned: bool = False,
) -> Tensor:
    """Pool every box to a grid of size x size cells; differentiable in `features`.

    features: (b, c, h, w). boxes_xyxy: (n, 4), image pixels. picture: (n,) index of each box's picture, all 0 when None.
    scale: cells per image pixel. sampling: samples per side of a cell; 0 chooses ceil(box side / size).
    aligned: shift by half a cell, as the pixel convention asks; the older models were trained without, and with boxes of at
    least one cell. Samples more than one cell outside the map are 0, those nearer take the border's value.
    Returns (n, c, size, size).
    """
    count, channels = len(boxes_xyxy), features.shape[1]
    if count == 0:
        return features.new_zeros(0, channels, size, size) + 0 * features.sum()
    corner = boxes_xyxy * scale - (0.5 if aligned else 0.0)
    sides = corner[:, 2:] - corner[:, :2]
    if not aligned:
        sides = sides.clamp(min=1)
    if picture is None:
        picture = torch.zeros(count, dtype=torch.long, device=features.device)
    if sampling > 0:
        return _pool(features, corner[:, :2], sides, picture, size, (sampling, sampling))
    per_cell = (sides / size).ceil().clamp(min=1).long()  # (n, 2) samples along x and y
    pooled = features.new_zeros(count, channels, size, size)
    for nx, ny in torch.unique(per_cell, dim=0).tolist():
        chosen = ((per_cell[:, 0] == nx) & (per_cell[:, 1] == ny)).nonzero()[:, 0]
        part = _pool(features, corner[chosen, :2], sides[chosen], picture[chosen], size, (nx, ny))
        pooled = pooled.index_copy(0, chosen, part)
    return pooled


def _pool(features: Tensor, corner: Tensor, sides: Tensor, picture: Tensor, size: int, samples_xy: tuple[int, int]) -> Tensor:
    """A cell is a weighted sum of rows of the map: an embedding bag, which never builds the gathered samples."""
    batch, channels, height, width = features.shape
    count = len(corner)
    x_index, x_weight = _taps(corner[:, 0], sides[:, 0], size, samples_xy[0], width)  # (n, size, 2 * samples)
    y_index, y_weight = _taps(corner[:, 1], sides[:, 1], size, samples_xy[1], height)
    rows = picture[:, None, None, None, None] * (height * width) + y_index[:, :, None, :, None] * width
    index = rows + x_index[:, None, :, None, :]  # (n, size, size, taps y, taps x)
    weight = y_weight[:, :, None, :, None] * x_weight[:, None, :, None, :]
    table = features.permute(0, 2, 3, 1).reshape(batch * height * width, channels)
    taps = index.shape[-1] * index.shape[-2]
    pooled = embedding_bag(index.reshape(-1, taps), table, per_sample_weights=weight.reshape(-1, taps).to(table.dtype), mode="sum")
    return pooled.view(count, size, size, channels).permute(0, 3, 1, 2).contiguous()


def _taps(start: Tensor, side: Tensor, size: int, samples: int, length: int) -> tuple[Tensor, Tensor]:
    """Along one axis, for each box and cell: indices (n, size, 2 * samples) of map cells and their weights (mean of samples)."""
    steps = (torch.arange(size * samples, device=start.device, dtype=start.dtype) + 0.5) / samples
    position = start[:, None] + steps * (side / size)[:, None]
    inside = (position >= -1) & (position <= length)
    position = position.clamp(0, length - 1)
    low = position.floor()
    upper = position - low
    high = (low + 1).clamp(max=length - 1)
    index = torch.stack([low, high], dim=-1).long()
    weight = torch.stack([1 - upper, upper], dim=-1) * inside[..., None] / samples
    return index.view(-1, size, 2 * samples), weight.view(-1, size, 2 * samples)
