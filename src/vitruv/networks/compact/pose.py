"""The joints of the person in the middle of a crop, from MoveNet's heads: MoveNet's own post-processing, as tensor operations.

A person's centre is chosen first, then each joint near to where that centre's regression puts it, so that joints of bystanders are
left alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_REACH = 1.8  # cells; a heat this far from where it is expected counts half


class CentralPose(nn.Module):
    """MoveNet's heads (n, ., h, w) -> joints (n, 17, 3): x, y in a crop of side 1, and the score 0..1."""

    rows: Tensor
    columns: Tensor
    central: Tensor

    def __init__(self, size_hw: tuple[int, int]) -> None:
        super().__init__()
        height, width = size_hw
        self.size_hw = size_hw
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        self.register_buffer("rows", rows.flatten().float(), persistent=False)
        self.register_buffer("columns", columns.flatten().float(), persistent=False)
        distance = torch.hypot(self.rows - (height - 1) / 2, self.columns - (width - 1) / 2)
        self.register_buffer("central", _REACH / (distance + _REACH), persistent=False)

    def forward(self, heads: dict[str, Tensor]) -> Tensor:
        height, width = self.size_hw
        heat = heads["joint_heat"].sigmoid().flatten(2)  # (n, 17, cells)
        centre = (heads["centre"].sigmoid().flatten(1) * self.central).argmax(1)  # (n,)
        regressed = heads["joint_regress"].flatten(2).gather(2, centre[:, None, None].expand(-1, 34, 1))  # (n, 34, 1)
        expected = regressed.view(-1, 17, 2)  # y, x from the centre's cell
        expected_y = expected[..., 0] + (centre // width)[:, None]
        expected_x = expected[..., 1] + (centre % width)[:, None]
        distance = torch.sqrt((self.rows - expected_y[..., None]) ** 2 + (self.columns - expected_x[..., None]) ** 2)
        cell = (heat * (_REACH / (distance + _REACH))).argmax(2)  # (n, 17)
        offset = heads["joint_offset"].view(-1, 17, 2, height * width).gather(3, cell[:, :, None, None].expand(-1, -1, 2, 1))
        y = ((cell // width) + offset[:, :, 0, 0]) / height
        x = ((cell % width) + offset[:, :, 1, 0]) / width
        return torch.stack([x, y, heat.gather(2, cell[:, :, None])[..., 0]], dim=-1)
