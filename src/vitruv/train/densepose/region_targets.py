"""Targets of regions, from the annotation of the person each is matched to; the official rules."""

from __future__ import annotations

import torch
from torch import Tensor

from vitruv.train.densepose.people import SILHOUETTE
from vitruv.train.densepose.point_losses import Points


def points_in_regions(points: Tensor, boxes_xyxy: Tensor, side: int) -> Points:
    """Annotated points in cells of their regions' maps. points: (r, 196, 5) x, y, chart, U, V of the matched person; chart 0 is
    none. boxes_xyxy: (r, 4). Kept are those inside the box, its right and lower edge excluded."""
    low, sides = boxes_xyxy[:, None, :2], (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2])[:, None]
    cell = (points[..., :2] - low) * (side / sides)
    kept = (points[..., 2] > 0) & (cell >= 0).all(-1) & (cell < side).all(-1)
    region = kept.nonzero()[:, 0]
    return Points(region, cell[kept][:, 0], cell[kept][:, 1], points[kept][:, 2].long(), points[kept][:, 3:])


def left_edges(boxes_xyxy: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """x (r, 1, side) and y (r, side, 1) of the left and upper edges of the cells of a region, where targets are read."""
    steps = torch.arange(side, device=boxes_xyxy.device, dtype=boxes_xyxy.dtype) / side
    x = boxes_xyxy[:, None, 0, None] + steps * (boxes_xyxy[:, 2] - boxes_xyxy[:, 0])[:, None, None]
    y = boxes_xyxy[:, 1, None, None] + steps[:, None] * (boxes_xyxy[:, 3] - boxes_xyxy[:, 1])[:, None, None]
    return x, y


def grid_in_regions(grid: Tensor, people_xyxy: Tensor, boxes_xyxy: Tensor, side: int, *, last: int = 255) -> Tensor:
    """Cells (r, side, side) uint8 of the matched people's grids (r, 256, 256) over their boxes, nearest; 0 outside.

    last: 255 stretches the grid so that its outermost cells meet the box's edges (Detectron2), 256 does not (the original).
    """
    x, y = left_edges(boxes_xyxy, side)
    sides = (people_xyxy[:, 2:] - people_xyxy[:, :2]).clamp(min=1e-6)
    column = ((x - people_xyxy[:, 0, None, None]) / sides[:, 0, None, None] * last).round().long()
    row = ((y - people_xyxy[:, 1, None, None]) / sides[:, 1, None, None] * last).round().long()
    size = grid.shape[-1]
    inside = (column >= 0) & (column < size) & (row >= 0) & (row < size)
    which = torch.arange(len(grid), device=grid.device)[:, None, None]
    return torch.where(inside, grid[which, row.clamp(0, size - 1), column.clamp(0, size - 1)], 0)


def parts_of(grid: Tensor) -> Tensor:
    """Part 0..14 of grid cells, int64."""
    return (grid % SILHOUETTE).long()


def inside_of(grid: Tensor) -> Tensor:
    """Which grid cells lie in the silhouette."""
    return grid >= SILHOUETTE


def dense_in_regions(iuv: Tensor, seen: Tensor, picture: Tensor, person: Tensor, boxes_xyxy: Tensor, side: int) -> Points:
    """Every cell of every region as a point, from dense targets; what is not the region's person is background (chart 0).

    iuv: (b, h, w, 3) uint8 codes. seen: (b, h, w) uint8, slot + 1. picture, person: (r,) of each region.
    """
    x, y = left_edges(boxes_xyxy, side)
    height, width = seen.shape[1:]
    column, row = x.floor().long().clamp(0, width - 1), y.floor().long().clamp(0, height - 1)
    which = picture[:, None, None]
    codes = iuv[which, row, column]  # (r, side, side, 3)
    own = seen[which, row, column] == (person + 1)[:, None, None]
    chart = torch.where(own, codes[..., 0].long(), 0)
    cells = torch.arange(side, device=iuv.device, dtype=boxes_xyxy.dtype)
    region = torch.arange(len(boxes_xyxy), device=iuv.device)[:, None, None].expand_as(chart)
    return Points(
        region.reshape(-1),
        cells[None, None, :].expand(chart.shape).reshape(-1),
        cells[None, :, None].expand(chart.shape).reshape(-1),
        chart.reshape(-1),
        codes[..., 1:].reshape(-1, 2).float() / 255,
    )
