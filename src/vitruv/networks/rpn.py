"""The head of the region proposal network (Ren et al. 2015), shared by all pyramid levels."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from vitruv.geometry.proposals import ANCHOR_RATIOS


class RPNHead(nn.Module):
    """Per cell and anchor: how likely an object, and how to move the anchor onto it.

    levels: maps (n, channels, h, w) -> logits (n, 3, h, w) and deltas (n, 12, h, w) per level; in the deltas, the four values
    of an anchor lie together.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        anchors = len(ANCHOR_RATIOS)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.objectness_logits = nn.Conv2d(channels, anchors, 1)
        self.anchor_deltas = nn.Conv2d(channels, 4 * anchors, 1)
        for layer in (self.conv, self.objectness_logits, self.anchor_deltas):
            nn.init.normal_(layer.weight, std=0.01)

    def forward(self, levels: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        hidden = [self.conv(level).relu() for level in levels]
        return [self.objectness_logits(x) for x in hidden], [self.anchor_deltas(x) for x in hidden]
