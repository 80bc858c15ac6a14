"""Pooling boxes from a feature pyramid: each box from the level that fits its size."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vitruv.geometry.proposals import pyramid_level
from vitruv.networks.roi_align import roi_align


def pool_from_pyramid(
    levels: Sequence[Tensor],
    boxes_xyxy: Tensor,
    picture: Tensor | None = None,
    *,
    size: int,
    sampling: int = 2,
    aligned: bool = False,
) -> Tensor:
    """Pool boxes from p2..p5.

    levels: (b, c, h, w) of strides 4, 8, 16, 32. boxes_xyxy: (n, 4) image pixels; picture: (n,), see `roi_align`.
    Returns (n, c, size, size).
    """
    chosen = torch.from_numpy(pyramid_level(boxes_xyxy.detach().cpu().numpy())).to(boxes_xyxy.device)
    pooled = levels[0].new_zeros(len(boxes_xyxy), levels[0].shape[1], size, size)
    for level, features in enumerate(levels, start=2):
        rows = (chosen == level).nonzero()[:, 0]
        if len(rows):
            part = roi_align(
                features,
                boxes_xyxy[rows],
                None if picture is None else picture[rows],
                size=size,
                scale=1 / 2**level,
                sampling=sampling,
                aligned=aligned,
            )
            pooled = pooled.index_copy(0, rows, part)
    return pooled
