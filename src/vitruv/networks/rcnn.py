"""DensePose-RCNN: trunk, proposals, boxes and the dense branch, composed from plain modules.

The tree of modules carries the names of Detectron2's checkpoints, so that a checkpoint's tensors are this model's state.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from vitruv.geometry.proposals import propose, pyramid_anchors, select_detections
from vitruv.networks.box_head import BoxHead, BoxPredictor
from vitruv.networks.decoder import Decoder
from vitruv.networks.dense_head import DeepLabHead, V1ConvXHead
from vitruv.networks.fpn import FPN
from vitruv.networks.pooler import pool_from_pyramid
from vitruv.networks.predictors import DensePredictor, Embedder
from vitruv.networks.resnet import ResNet
from vitruv.networks.roi_align import roi_align
from vitruv.networks.rpn import RPNHead
from vitruv.rcnn_config import BOX_CELLS, DetectionRules, RCNNArchitecture
from vitruv.types import Float32Array, Int64Array

SIZE_DIVISOR = 32
"""Inputs are padded at the right and bottom to a multiple of this."""


class Detections(NamedTuple):
    """boxes_xyxy (n, 4) float32 in pixels of the input, scores (n,) falling, classes (n,)."""

    boxes_xyxy: Float32Array
    scores: Float32Array
    classes: Int64Array


class ProposalGenerator(nn.Module):
    """Holds the proposal head under its official name."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.rpn_head = RPNHead(channels)


class RoIHeads(nn.Module):
    """Everything that works on boxes."""

    def __init__(self, a: RCNNArchitecture) -> None:
        super().__init__()
        self.box_head = BoxHead(a.fpn_channels, a.box_fc)
        self.box_predictor = BoxPredictor(a.box_fc, a.num_classes)
        self.decoder = None if a.decoder_channels is None else Decoder(a.fpn_channels, a.decoder_channels)
        head = V1ConvXHead if a.head == "v1convx" else DeepLabHead
        self.densepose_head = head(a.fpn_channels, a.head_channels, a.head_layers)
        self.densepose_predictor = DensePredictor(a.head_channels, a.branches)
        if a.embed_channels is not None:
            self.embedder = Embedder(a.meshes, a.embed_channels)


class DensePoseRCNN(nn.Module):
    """The whole network, in stages that inference, training and tests call one by one.

    Frames: images are (n, 3, h, w) float32 BGR minus the channel means, padded with zeros to multiples of 32; boxes are xyxy
    in pixels of that input.
    """

    def __init__(self, architecture: RCNNArchitecture | None = None) -> None:
        super().__init__()
        self.architecture = a = architecture or RCNNArchitecture()
        trunk = ResNet(blocks=a.blocks, stem_channels=a.stem_channels, mid=a.res2_mid, out=a.res2_out)
        widths = (a.res2_out, 2 * a.res2_out, 4 * a.res2_out, 8 * a.res2_out)
        self.backbone = FPN(trunk, inner=widths, channels=a.fpn_channels)
        self.proposal_generator = ProposalGenerator(a.fpn_channels)
        self.roi_heads = RoIHeads(a)

    def features(self, images: Tensor) -> dict[str, Tensor]:
        """The pyramid: p2..p6."""
        levels: dict[str, Tensor] = self.backbone(images)
        return levels

    def pool_boxes(self, levels: dict[str, Tensor], boxes_xyxy: Tensor, picture: Tensor | None = None) -> Tensor:
        """(k, channels, 7, 7) features of boxes, for the box head."""
        aligned = self.architecture.box_pooler_aligned
        return pool_from_pyramid(
            _pooled_levels(levels), boxes_xyxy, picture, size=BOX_CELLS, sampling=0 if aligned else 2, aligned=aligned
        )

    def classify(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        """Class logits (k, classes + 1) and deltas (k, 4 * classes)."""
        logits, deltas = self.roi_heads.box_predictor(self.roi_heads.box_head(pooled))
        return logits, deltas

    def dense_features(self, levels: dict[str, Tensor]) -> Tensor | None:
        """The stride-4 map people are pooled from; None where the model pools them from the pyramid."""
        decoder = self.roi_heads.decoder
        return None if decoder is None else decoder(_pooled_levels(levels))

    def pool_people(
        self, levels: dict[str, Tensor], merged: Tensor | None, boxes_xyxy: Tensor, picture: Tensor | None = None
    ) -> Tensor:
        """(k, channels, s, s) features of people, for the dense branch."""
        size = self.architecture.pool_size
        if merged is None:
            return pool_from_pyramid(_pooled_levels(levels), boxes_xyxy, picture, size=size)
        return roi_align(merged, boxes_xyxy, picture, size=size, scale=1 / 4)

    def dense(self, pooled: Tensor) -> dict[str, Tensor]:
        """Raw maps of each person; see `DensePredictor`."""
        maps: dict[str, Tensor] = self.roi_heads.densepose_predictor(self.roi_heads.densepose_head(pooled))
        return maps

    @torch.inference_mode()
    def proposals(
        self, levels: dict[str, Tensor], size_hw: tuple[int, int], rules: DetectionRules | None = None
    ) -> tuple[Float32Array, Float32Array]:
        """Proposals of one picture (batch of 1) without gradient: boxes (k, 4) and logits (k,), falling."""
        rules = rules or DetectionRules()
        logits, deltas = self.proposal_generator.rpn_head(list(levels.values()))
        anchors = pyramid_anchors([(x.shape[-2], x.shape[-1]) for x in levels.values()])
        return propose(
            [x[0].float().cpu().numpy() for x in logits],
            [x[0].float().cpu().numpy() for x in deltas],
            anchors,
            size_hw,
            before=rules.proposals_before,
            limit=rules.proposals,
            threshold=rules.proposal_nms,
        )

    @torch.inference_mode()
    def detect(self, levels: dict[str, Tensor], size_hw: tuple[int, int], rules: DetectionRules | None = None) -> Detections:
        """Boxes of one picture (batch of 1). size_hw: the input without padding."""
        rules = rules or DetectionRules()
        boxes, _ = self.proposals(levels, size_hw, rules)
        pooled = self.pool_boxes(levels, torch.from_numpy(boxes).to(levels["p2"].device))
        logits, deltas = (np.asarray(x.float().cpu()) for x in self.classify(pooled))
        return Detections(
            *select_detections(
                boxes,
                logits,
                deltas,
                size_hw,
                score_threshold=rules.threshold,
                nms_threshold=rules.box_nms,
                limit=rules.people,
            )
        )

    @torch.inference_mode()
    def regress(self, levels: dict[str, Tensor], boxes_xyxy: Float32Array) -> dict[str, Tensor]:
        """Raw maps of the people in boxes (k, 4) of one picture, without gradient."""
        boxes = torch.from_numpy(boxes_xyxy).to(levels["p2"].device)
        return self.dense(self.pool_people(levels, self.dense_features(levels), boxes))


def _pooled_levels(levels: dict[str, Tensor]) -> list[Tensor]:
    return [levels[name] for name in ("p2", "p3", "p4", "p5")]
