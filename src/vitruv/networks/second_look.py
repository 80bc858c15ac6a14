"""The regressor's second look: is there a person in this crop, and does the box tell them well?

A detector sees the whole picture at once, small; the regressor sees each candidate large, and what it has learnt in order to tell
the parts of people also tells whether there is one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_LEAST_CHANCE = 1e-4  # scores of exactly 0 or 1 have no logit


class SecondLook(nn.Module):
    """A small perceptron on the regressor's features inside and around the box, and on the detector's score.

    coarse, fine: channels of the regressor's maps at strides 16 and 4. hidden: units. The layers take features as they are: what
    makes them comparable is folded into the first (`fold_scale`).
    """

    def __init__(self, coarse: int, fine: int, *, hidden: int = 64) -> None:
        super().__init__()
        self.inner = nn.Linear(3 * coarse + 2 * fine + 1, hidden)
        self.outer = nn.Linear(hidden, 1)

    def features(self, coarse: Tensor, fine: Tensor, places_xyxy: Tensor, scores: Tensor) -> Tensor:
        """(n, f): means and maxima over the cells of the box, means over the cells around it, and the logit of the score.

        coarse (n, c, h, w) and fine (n, d, 4h, 4w): the regressor's maps. places_xyxy: (n, 4) the box in the crop, whose sides
        are 1 long. scores: (n,) the detector's, 0..1.
        """
        inside, inside_fine = _cells_of(places_xyxy, coarse), _cells_of(places_xyxy, fine)
        chance = scores.clamp(_LEAST_CHANCE, 1 - _LEAST_CHANCE)
        return torch.cat(
            [
                _mean(coarse, inside),
                torch.where(inside > 0, coarse, -1e4).amax((2, 3)),
                _mean(coarse, 1 - inside),
                _mean(fine, inside_fine),
                _mean(fine, 1 - inside_fine),
                torch.log(chance / (1 - chance))[:, None],
            ],
            dim=1,
        )

    def judge(self, features: Tensor) -> Tensor:
        """(n, f) -> (n,) logits."""
        return self.outer(self.inner(features).relu())[:, 0]  # type: ignore[no-any-return]

    def forward(self, coarse: Tensor, fine: Tensor, places_xyxy: Tensor, scores: Tensor) -> Tensor:
        """(n,) logits; arguments as of `features`."""
        return self.judge(self.features(coarse, fine, places_xyxy, scores))

    @torch.no_grad()
    def fold_scale(self, mean: Tensor, deviation: Tensor) -> None:
        """From layers that were trained on (features - mean) / deviation to layers for plain features; in place."""
        self.inner.weight.div_(deviation)
        self.inner.bias.sub_(self.inner.weight @ mean)


def _cells_of(places_xyxy: Tensor, maps: Tensor) -> Tensor:
    """(n, 1, h, w) 1 for cells that touch the box about their centre, else 0: at least one."""
    height, width = maps.shape[2:]
    x = (torch.arange(width, device=maps.device, dtype=torch.float32) + 0.5) / width
    y = (torch.arange(height, device=maps.device, dtype=torch.float32) + 0.5) / height
    x1, y1, x2, y2 = (side[:, None] for side in places_xyxy.unbind(1))
    column = ((x - (x1 + x2) / 2).abs() <= ((x2 - x1) / 2).clamp(min=0.51 / width)).float()
    row = ((y - (y1 + y2) / 2).abs() <= ((y2 - y1) / 2).clamp(min=0.51 / height)).float()
    return (row[:, :, None] * column[:, None, :])[:, None]


def _mean(maps: Tensor, weight: Tensor) -> Tensor:
    return (maps * weight).sum((2, 3)) / weight.sum((2, 3)).clamp(min=1)
