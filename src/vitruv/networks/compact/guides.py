"""What is known of a person before their pixels are mapped, as maps: where the joints and limbs are, and where the box is.

The paper's cross-cascade (section 4.3) hands the outputs of the keypoint task to the dense task. Heat maps alone say where some
left knee is; drawn around the joints of one person they also say whose, which matters in crowds.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

# COCO's joints: nose, then eyes, ears, shoulders, elbows, wrists, hips, knees, ankles, left before right.
NUM_JOINTS = 17
LIMBS = (
    ((5,), (7,)), ((6,), (8,)), ((7,), (9,)), ((8,), (10,)),  # upper and lower arms
    ((11,), (13,)), ((12,), (14,)), ((13,), (15,)), ((14,), (16,)),  # upper and lower legs
    ((5,), (11,)), ((6,), (12,)), ((5,), (6,)), ((11,), (12,)),  # sides of the torso, shoulders, hips
    ((5, 6), (3, 4)), ((5, 6), (0,)),  # neck to ears, neck to nose
)  # fmt: skip
"""Each from the mean of some joints to the mean of others."""
BOX_MAPS = 3
GUIDE_CHANNELS = NUM_JOINTS + len(LIMBS) + BOX_MAPS

_JOINT_SIGMA = 1.5  # cells
_LIMB_SIGMA = 2.0
_LEAST_SIDE = 1e-3


class PersonGuides(nn.Module):
    """Joints (n, 17, 3) and boxes (n, 4) of a crop of side 1 -> maps (n, GUIDE_CHANNELS, h, w).

    joints: x, y, score in 0..1. boxes_xyxy: in the same frame. A joint's map is a Gaussian, a limb's falls off with the distance
    from the line between its joints; both are as high as the (lower) score. The box's maps are x and y from its middle, in half
    sides, cut at 2, and how far inside it a cell is, 1 inside to 0 outside.
    """

    cells: Tensor
    starts: Tensor
    ends: Tensor

    def __init__(self, size_hw: tuple[int, int]) -> None:
        super().__init__()
        height, width = size_hw
        self.size_hw = size_hw
        rows, columns = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
        self.register_buffer("cells", torch.stack([columns.flatten(), rows.flatten()], dim=-1), persistent=False)  # (h w, 2) x, y
        starts, ends = (_means([limb[end] for limb in LIMBS]) for end in (0, 1))
        self.register_buffer("starts", starts, persistent=False)
        self.register_buffer("ends", ends, persistent=False)

    def forward(self, joints: Tensor, boxes_xyxy: Tensor) -> Tensor:
        height, width = self.size_hw
        scale = torch.tensor([width, height], dtype=torch.float32, device=joints.device)
        places, scores = joints[..., :2] * scale, joints[..., 2:]
        maps = torch.cat([self._joints(places, scores), self._limbs(places, scores), self._box(boxes_xyxy)], dim=1)
        return maps.view(len(maps), GUIDE_CHANNELS, height, width)

    def _joints(self, places: Tensor, scores: Tensor) -> Tensor:
        distance = ((self.cells[None, None] - places[:, :, None]) ** 2).sum(-1)  # (n, 17, h w)
        return torch.exp(distance * (-0.5 / _JOINT_SIGMA**2)) * scores

    def _limbs(self, places: Tensor, scores: Tensor) -> Tensor:
        start, end = self.starts @ places, self.ends @ places  # (n, limbs, 2)
        score = torch.minimum(self.starts @ scores, self.ends @ scores)
        along = end - start
        length = (along**2).sum(-1, keepdim=True).clamp(min=_LEAST_SIDE)
        offset = self.cells[None, None] - start[:, :, None]  # (n, limbs, h w, 2)
        share = ((offset * along[:, :, None]).sum(-1) / length).clamp(0, 1)
        distance = ((offset - share[..., None] * along[:, :, None]) ** 2).sum(-1)
        return torch.exp(distance * (-0.5 / _LIMB_SIGMA**2)) * score

    def _box(self, boxes_xyxy: Tensor) -> Tensor:
        height, width = self.size_hw
        scale = torch.tensor([width, height], dtype=torch.float32, device=boxes_xyxy.device)
        low, high = boxes_xyxy[:, None, :2] * scale, boxes_xyxy[:, None, 2:] * scale
        half = ((high - low) / 2).clamp(min=_LEAST_SIDE)
        offset = ((self.cells[None] - (low + high) / 2) / half).clamp(-2, 2)  # (n, h w, 2)
        inside = (2 - offset.abs().amax(-1, keepdim=True)).clamp(0, 1)
        return torch.cat([offset, inside], dim=-1).transpose(1, 2)


def _means(groups: list[tuple[int, ...]]) -> Tensor:
    """(limbs, 17): the mean of each group of joints, as a matrix."""
    matrix = torch.zeros(len(groups), NUM_JOINTS)
    for row, group in zip(matrix, groups, strict=True):
        row[list(group)] = 1 / len(group)
    return matrix
