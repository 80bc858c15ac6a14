"""The keypoint branch of Mask R-CNN (He et al. 2017): for each of 17 joints, a softmax over the cells of a person's box."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate

from vitruv.networks.dense_head import V1ConvXHead

NUM_KEYPOINTS = 17


class KeypointHead(V1ConvXHead):
    """The convolutions of the dense branch, under the names of Detectron2's keypoint branch."""

    prefix = "conv_fcn"


class KeypointPredictor(nn.Module):
    """(n, inner, s, s) -> logits (n, 17, 4s, 4s): a transposed convolution, then bilinear doubling."""

    def __init__(self, inner: int) -> None:
        super().__init__()
        self.score_lowres = nn.ConvTranspose2d(inner, NUM_KEYPOINTS, 4, stride=2, padding=1)
        nn.init.kaiming_normal_(self.score_lowres.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.score_lowres.bias)  # type: ignore[arg-type]

    def forward(self, features: Tensor) -> Tensor:
        return interpolate(self.score_lowres(features), scale_factor=2.0, mode="bilinear", align_corners=False)
