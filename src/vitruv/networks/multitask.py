"""DensePose-RCNN with its relatives: mask and keypoint branches on the same trunk, alone or in a cross-cascade."""

from __future__ import annotations

from typing import Literal, cast

import torch
from torch import Tensor, nn

from vitruv.networks.cascade import CrossCascade
from vitruv.networks.keypoint_head import NUM_KEYPOINTS, KeypointHead, KeypointPredictor
from vitruv.networks.mask_head import MaskHead, MaskPredictor
from vitruv.networks.predictors import DensePredictor
from vitruv.networks.rcnn import DensePoseRCNN
from vitruv.networks.scratch import use_group_norm
from vitruv.rcnn_config import RCNNArchitecture

RegionTask = Literal["mask", "keypoints"]
Maps = dict[str, Tensor]

_FIGURE_MAPS = ("fine_segm", "u", "v")  # the 75 channels that enter the cascade


class MultiTaskRCNN(DensePoseRCNN):
    """A `DensePoseRCNN` whose regions also tell masks and keypoints.

    others: which branches there are besides dense pose. cascade: a second stage for every task, see `CrossCascade`.
    from_scratch: group norm in the trunk. The modules of the parent keep their names, so that its checkpoints fit; the branches
    have the names of Mask R-CNN's in Detectron2.
    """

    def __init__(
        self,
        architecture: RCNNArchitecture | None = None,
        *,
        others: tuple[RegionTask, ...] = (),
        cascade: bool = False,
        from_scratch: bool = True,
    ) -> None:
        super().__init__(architecture)
        a = self.architecture
        heads = self.roi_heads
        width, layers = a.head_channels, a.head_layers
        self.others = others
        if "mask" in others:
            heads.mask_head = MaskHead(a.fpn_channels, width, min(layers, 4))
            heads.mask_predictor = MaskPredictor(width, width)
        if "keypoints" in others:
            heads.keypoint_head = KeypointHead(a.fpn_channels, width, layers)
            heads.keypoint_predictor = KeypointPredictor(width)
        self.cascade: CrossCascade | None = None
        if cascade:
            channels = {"dense": 25 * len(_FIGURE_MAPS), "mask": 1, "keypoints": NUM_KEYPOINTS}
            self.cascade = CrossCascade({task: (width, channels[task]) for task in ("dense", *others)}, width)
            refined: dict[str, nn.Module] = {"dense": DensePredictor(width, a.branches)}
            if "mask" in others:
                refined["mask"] = MaskPredictor(width, width)
            if "keypoints" in others:
                refined["keypoints"] = KeypointPredictor(width)
            self.refined = nn.ModuleDict(refined)
        if from_scratch:
            use_group_norm(self.backbone)

    def regions(self, pooled: Tensor) -> list[Maps]:
        """What all branches say of people, stage by stage (one or two; the last is the answer).

        pooled: (n, channels, s, s) -> maps of `DensePredictor`, and where there is such a branch `mask` (n, 1, 2s, 2s) and
        `keypoints` (n, 17, 4s, 4s), all logits.
        """
        heads = self.roi_heads
        features: Maps = {"dense": heads.densepose_head(pooled)}
        first: Maps = dict(heads.densepose_predictor(features["dense"]))
        for task in self.others:
            head = "mask" if task == "mask" else "keypoint"
            features[task] = cast(nn.Module, getattr(heads, f"{head}_head"))(pooled)
            first[task] = cast(nn.Module, getattr(heads, f"{head}_predictor"))(features[task])
        if self.cascade is None:
            return [first]
        outputs = {"dense": torch.cat([first[name] for name in _FIGURE_MAPS], dim=1)} | {task: first[task] for task in self.others}
        joined = self.cascade(features, outputs)
        second: Maps = dict(self.refined["dense"](joined["dense"]))
        for task in self.others:
            second[task] = self.refined[task](joined[task])
        return [first, second]

    def dense(self, pooled: Tensor) -> Maps:
        """Raw maps of each person, of the last stage."""
        return self.regions(pooled)[-1]
