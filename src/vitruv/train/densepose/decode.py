"""From raw maps to the chart map of a box, in torch: the plain form of what the runtime does cleverly."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from vitruv.results import ChartMap
from vitruv.types import AnyArray


@torch.inference_mode()
def read_maps(maps: dict[str, Tensor], window_xyxy: AnyArray, placement_xywh: AnyArray, *, body_only: bool = False) -> ChartMap:
    """The maps are resampled bilinearly to the pixels of a box, then the best chart is taken, with the U and V of that chart.

    maps: fine_segm, u, v (25, h, w) and optionally coarse_segm (k, h, w). window_xyxy: what they cover, in pixels of the picture.
    placement_xywh: the box's pixels there. body_only: never background (for the teacher, inside a known silhouette).
    """
    x, y, w, h = (int(value) for value in placement_xywh)
    x1, y1, x2, y2 = (float(value) for value in window_xyxy)
    device = maps["fine_segm"].device
    across = 2 * (torch.arange(w, device=device) + 0.5 + x - x1) / (x2 - x1) - 1
    down = 2 * (torch.arange(h, device=device) + 0.5 + y - y1) / (y2 - y1) - 1
    grid = torch.stack([across.expand(h, w), down[:, None].expand(h, w)], dim=-1)[None].float()

    def at(values: Tensor) -> Tensor:
        return grid_sample(values[None].float(), grid, mode="bilinear", padding_mode="border", align_corners=False)[0]

    fine = at(maps["fine_segm"])
    labels = fine[1:].argmax(0) + 1 if body_only else fine.argmax(0)
    if "coarse_segm" in maps:
        labels = labels * (at(maps["coarse_segm"]).argmax(0) > 0)
    uv = torch.stack([at(maps[name]).gather(0, labels[None])[0] for name in ("u", "v")]).clamp(0, 1) * (labels > 0)
    return ChartMap(labels.to(torch.uint8).cpu().numpy(), np.ascontiguousarray(uv.cpu().numpy(), np.float32))
