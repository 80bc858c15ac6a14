"""The second stage of detection: classify a proposal and move its box."""

from __future__ import annotations

from torch import Tensor, nn

from vitruv.rcnn_config import BOX_CELLS


class BoxHead(nn.Module):
    """Two fully connected layers: pooled (n, channels, 7, 7) -> (n, width)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels * BOX_CELLS**2, width)
        self.fc2 = nn.Linear(width, width)

    def forward(self, pooled: Tensor) -> Tensor:
        hidden: Tensor = self.fc2(self.fc1(pooled.flatten(1)).relu()).relu()
        return hidden


class BoxPredictor(nn.Module):
    """(n, width) -> class logits (n, classes + 1), background last, and deltas (n, 4 * classes)."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(width, classes + 1)
        self.bbox_pred = nn.Linear(width, 4 * classes)
        nn.init.normal_(self.cls_score.weight, std=0.01)
        nn.init.normal_(self.bbox_pred.weight, std=0.001)
        nn.init.zeros_(self.cls_score.bias)
        nn.init.zeros_(self.bbox_pred.bias)

    def forward(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        return self.cls_score(hidden), self.bbox_pred(hidden)
