"""Training task of DensePose-RCNN, its multi-task relatives and the cross-cascade."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from vitruv.geometry.proposals import propose, pyramid_anchors
from vitruv.networks.multitask import MultiTaskRCNN
from vitruv.results import DensePoses
from vitruv.train.densepose.config import RCNNConfig, build_rcnn
from vitruv.train.densepose.evaluation import HeldOut, PredictImage
from vitruv.train.densepose.input import network_images, stack
from vitruv.train.densepose.people import HAS_KEYPOINTS, HAS_PARTS, HAS_POINTS, HAS_SILHOUETTE
from vitruv.train.densepose.photos import PhotoSample, PhotoSource
from vitruv.train.densepose.point_losses import coarse_loss, point_losses
from vitruv.train.densepose.predict import predict_rcnn
from vitruv.train.densepose.region_losses import box_losses, mask_loss, proposal_losses, region_keypoint_loss
from vitruv.train.densepose.region_targets import dense_in_regions, grid_in_regions, inside_of, parts_of, points_in_regions
from vitruv.train.densepose.regions import DENSE_IOU, anchor_targets, sample_regions
from vitruv.train.engine.feed import Batch
from vitruv.types import Float32Array, UInt8Array

_CHANCE_STREAM = 5_103

Outputs = dict[str, Any]


class RCNNTask:
    """Pictures in; proposals, boxes, and for the regions that are people their dense maps (and masks, and keypoints).

    held_out: for evaluation and sample pictures; None without.
    """

    has_idle_branches = True

    def __init__(self, config: RCNNConfig, held_out: HeldOut | None = None) -> None:
        self.config = config
        self.network: nn.Module = build_rcnn(config)
        self._held_out = held_out

    def collate(self, samples: Sequence[PhotoSample]) -> Batch:
        return stack(samples)

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        return batch

    def forward(self, network: nn.Module, batch: Batch) -> Outputs:
        """All that the losses need: maps of proposals, boxes and regions, with their targets."""
        rcnn = cast(MultiTaskRCNN, network)
        images = network_images(batch["image"])
        levels = {name: values.float() for name, values in rcnn.features(images).items()}
        raw_logits, raw_deltas = rcnn.proposal_generator.rpn_head(list(levels.values()))
        raw_logits, raw_deltas = [x.float() for x in raw_logits], [x.float() for x in raw_deltas]
        anchors = pyramid_anchors([(x.shape[-2], x.shape[-1]) for x in levels.values()])
        outputs: Outputs = {
            "logits": torch.cat([x.permute(0, 2, 3, 1).flatten(1) for x in raw_logits], dim=1),
            "deltas": torch.cat([per_anchor(x) for x in raw_deltas], dim=1),
        }
        outputs |= self._sampled(batch, anchors, raw_logits, raw_deltas)
        boxes, picture = outputs["boxes_xyxy"], outputs["picture"]
        class_logits, class_deltas = rcnn.classify(rcnn.pool_boxes(levels, boxes, picture))
        outputs |= {"class_logits": class_logits, "class_deltas": class_deltas}
        chosen = self._region_rows(batch, outputs)
        outputs["chosen"] = chosen
        pooled = rcnn.pool_people(levels, rcnn.dense_features(levels), boxes[chosen], picture[chosen])
        outputs["stages"] = rcnn.regions(pooled)
        return outputs

    def _sampled(self, batch: Batch, anchors: list[Float32Array], logits: list[Tensor], deltas: list[Tensor]) -> Outputs:
        """Anchors and boxes to train on, with their targets; all chance comes from the samples' numbers."""
        device = batch["image"].device
        size_hw = (batch["image"].shape[1], batch["image"].shape[2])
        maps = [[x.detach().cpu().numpy() for x in values] for values in (logits, deltas)]
        people = (batch["valid"] & ~batch["crowd"]).cpu().numpy()
        boxes_of = batch["boxes_xyxy"].cpu().numpy()
        flat = np.concatenate(anchors)
        of_anchors, of_boxes, pictures = [], [], []
        for i, number in enumerate(batch["number"].tolist()):
            rng = np.random.default_rng((number, _CHANCE_STREAM))
            slots = np.flatnonzero(people[i])
            true = boxes_of[i, slots]
            of_anchors.append(anchor_targets(flat, true, rng, sampled=self.config.proposals))
            logits_of, deltas_of = [x[i] for x in maps[0]], [x[i] for x in maps[1]]
            before, limit = self.config.ranked, self.config.kept
            proposals, _ = propose(logits_of, deltas_of, anchors, size_hw, before=before, limit=limit)
            regions = sample_regions(proposals, true, rng, sampled=self.config.regions)
            slot_of = np.append(slots, -1)[regions.person]  # person -1 is background, and takes the last
            of_boxes.append(regions._replace(person=slot_of))
            pictures.append(np.full(len(regions.person), i))

        def tensor(arrays: Sequence[Any]) -> Tensor:
            return torch.from_numpy(np.concatenate(arrays)).to(device)

        return {
            "anchor_labels": torch.from_numpy(np.stack([x.labels for x in of_anchors])).to(device),
            "anchor_deltas": torch.from_numpy(np.stack([x.deltas for x in of_anchors])).to(device),
            "boxes_xyxy": tensor([x.boxes_xyxy for x in of_boxes]),
            "person": tensor([x.person for x in of_boxes]),
            "overlap": tensor([x.overlap for x in of_boxes]),
            "box_deltas": tensor([x.deltas for x in of_boxes]),
            "picture": tensor(pictures),
        }

    def _region_rows(self, batch: Batch, outputs: Outputs) -> Tensor:
        """Which boxes go through the branches of regions: people, and for dense pose alone only those with a target."""
        rows: Tensor = outputs["person"] >= 0
        if not self.config.others:
            rows = rows & self._has(batch, outputs, HAS_POINTS) & (outputs["overlap"] > DENSE_IOU)
        return rows.nonzero()[:, 0]

    def _has(self, batch: Batch, outputs: Outputs, what: int) -> Tensor:
        found: Tensor = batch["has"][outputs["picture"], outputs["person"].clamp(min=0), what] & (outputs["person"] >= 0)
        return found

    def losses(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        terms = proposal_losses(
            outputs["logits"],
            outputs["deltas"],
            outputs["anchor_labels"],
            outputs["anchor_deltas"],
            per_image=self.config.proposals,
        )
        labels = (outputs["person"] < 0).long()
        terms |= box_losses(outputs["class_logits"], outputs["class_deltas"], labels, outputs["box_deltas"])
        for number, maps in enumerate(outputs["stages"], start=1):
            last = number == len(outputs["stages"])
            found = self._region_losses({name: x.float() for name, x in maps.items()}, outputs, batch)
            terms |= {name if last else f"{name}_{number}": value for name, value in found.items()}
        return terms

    def _region_losses(self, maps: dict[str, Tensor], outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """Of one stage, each on those regions that have its target."""
        rule, rows = self.config.rule, outputs["chosen"]
        picture, person, boxes = outputs["picture"][rows], outputs["person"][rows], outputs["boxes_xyxy"][rows]
        close = outputs["overlap"][rows] > DENSE_IOU
        people, grid = batch["boxes_xyxy"][picture, person], batch["grid"][picture, person]

        def some(what: int) -> Tensor:
            return batch["has"][picture, person, what]

        def of(chosen: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
            return {name: rows_of(maps[name], chosen) for name in names if name in maps}

        dense = close & some(HAS_POINTS)
        side = maps["fine_segm"].shape[-1]
        if self.config.dense_targets and "iuv" in batch:
            points = dense_in_regions(batch["iuv"], batch["seen"], picture[dense], person[dense], boxes[dense], side)
        else:
            points = points_in_regions(batch["points"][picture[dense], person[dense]], boxes[dense], side)
        names = ("fine_segm", "u", "v", "sigma_2", "kappa_u", "kappa_v")
        terms = point_losses(of(dense, names), points, rule, self.config.confidence)
        last = 256 if rule.reduction == "caffe2" else 255
        parts = close & some(HAS_PARTS)
        cells = grid_in_regions(grid[parts], people[parts], boxes[parts], side, last=last)
        terms["coarse"] = coarse_loss(rows_of(maps["coarse_segm"], parts), parts_of(cells), rule.coarse)
        if "mask" in maps:
            whole = some(HAS_SILHOUETTE)
            cells = grid_in_regions(grid[whole], people[whole], boxes[whole], maps["mask"].shape[-1], last=last)
            terms["mask"] = mask_loss(rows_of(maps["mask"], whole), inside_of(cells))
        if "keypoints" in maps:
            chosen = some(HAS_KEYPOINTS)
            joints = batch["keypoints"][picture, person][chosen]
            scale = maps["keypoints"].shape[-1] / (boxes[chosen, 2:] - boxes[chosen, :2])
            xy = (joints[..., :2] - boxes[chosen, None, :2]) * scale[:, None]
            terms["keypoints"] = region_keypoint_loss(rows_of(maps["keypoints"], chosen), xy, joints[..., 2] > 0)
        return terms

    def evaluate(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        return {} if self._held_out is None else self._held_out.evaluate(network, device)

    def picture(self, network: nn.Module, device: torch.device) -> UInt8Array:
        return np.zeros((1, 1, 3), np.uint8) if self._held_out is None else self._held_out.picture(network, device)


def rows_of(maps: Tensor, chosen: Tensor) -> Tensor:
    """maps[chosen] for (r,) bool, without the copy (and another one of the gradient) where that is all of them."""
    if bool(chosen.all()):
        return maps
    return maps.permute(0, 2, 3, 1)[chosen].permute(0, 3, 1, 2)  # channels last, also on the way back


def per_anchor(deltas: Tensor) -> Tensor:
    """(n, 4a, h, w) as the network has them -> (n, h * w * a, 4), in the order of the anchors."""
    n, _, h, w = deltas.shape
    return deltas.view(n, -1, 4, h, w).permute(0, 3, 4, 1, 2).reshape(n, -1, 4)


def rcnn_predictor(config: RCNNConfig) -> PredictImage:
    """For `HeldOut`: the network on one picture of a data set."""

    def predict(network: nn.Module, source: PhotoSource, image_id: int | str) -> DensePoses:
        return predict_rcnn(cast(MultiTaskRCNN, network), source.read(image_id), config.size_hw)

    return predict
