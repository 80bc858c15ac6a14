"""Training task of the fully convolutional network: the paper's baseline on pictures, and its teacher on people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vitruv.networks.fcn import FCN, FCN_STRIDE, FCNOutput
from vitruv.results import DensePoses
from vitruv.train.densepose.config import FCNConfig, build_fcn
from vitruv.train.densepose.evaluation import HeldOut, PredictImage
from vitruv.train.densepose.input import network_images, stack
from vitruv.train.densepose.people import HAS_PARTS, SILHOUETTE, read_cells
from vitruv.train.densepose.photos import PhotoSample, PhotoSource
from vitruv.train.densepose.point_losses import Points, point_losses
from vitruv.train.densepose.predict import predict_fcn, predict_teacher
from vitruv.train.engine.distributed import mean_over_team
from vitruv.train.engine.feed import Batch
from vitruv.types import UInt8Array

KNOWN_BACKGROUND, UNKNOWN = 0, 255


class FCNTask:
    """Pictures (or people without background) in; chart, U and V of every cell out.

    held_out: for evaluation and sample pictures; None without.
    """

    has_idle_branches = True

    def __init__(self, config: FCNConfig, held_out: HeldOut | None = None) -> None:
        self.config = config
        self.network: nn.Module = build_fcn(config)
        self._held_out = held_out

    def collate(self, samples: Sequence[PhotoSample]) -> Batch:
        batch = stack([{name: sample[name] for name in sample if name != "grid"} for sample in samples])
        grounds = [ground(sample, self.config.size_hw) for sample in samples]
        return batch | {"ground": torch.from_numpy(np.stack(grounds))}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        return batch

    def forward(self, network: nn.Module, batch: Batch) -> FCNOutput:
        output: FCNOutput = network(network_images(batch["image"]))
        return output

    def losses(self, outputs: FCNOutput, batch: Batch) -> dict[str, Tensor]:
        """`chart` at body points, `uv` there, `background` where nobody is."""
        points = dense_points(batch) if "iuv" in batch else sparse_points(batch["points"])
        maps = {name: values.float() for name, values in outputs._asdict().items()}
        terms = point_losses(maps, points, self.config.rule)
        if self.config.background:
            empty = batch["ground"] == KNOWN_BACKGROUND
            rows = maps["fine_segm"].permute(0, 2, 3, 1)[empty]
            zeros = torch.zeros(len(rows), dtype=torch.long, device=rows.device)
            total = functional.cross_entropy(rows, zeros, reduction="sum")
            terms["background"] = self.config.background * mean_over_team(total, float(len(rows)))
        return terms

    def evaluate(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        return {} if self._held_out is None else self._held_out.evaluate(network, device)

    def picture(self, network: nn.Module, device: torch.device) -> UInt8Array:
        return np.zeros((1, 1, 3), np.uint8) if self._held_out is None else self._held_out.picture(network, device)


def fcn_predictor(config: FCNConfig) -> PredictImage:
    """For `HeldOut`: the network on one picture of a data set."""

    def predict(network: nn.Module, source: PhotoSource, image_id: int | str) -> DensePoses:
        fcn = cast(FCN, network)
        if config.kind == "crops":
            return predict_teacher(fcn, source, image_id, config.size_hw)[0]
        return predict_fcn(fcn, source.read(image_id), source.file.people_of(image_id), config.size_hw)

    return predict


def ground(sample: PhotoSample, size_hw: tuple[int, int]) -> UInt8Array:
    """(h/4, w/4) uint8: KNOWN_BACKGROUND where the cell's centre shows nobody, UNKNOWN where there is, or may be, somebody.

    Unknown are annotated parts, and the whole boxes of crowds and of people without part masks.
    """
    height, width = size_hw[0] // FCN_STRIDE, size_hw[1] // FCN_STRIDE
    columns, rows = np.meshgrid((np.arange(width) + 0.5) * FCN_STRIDE, (np.arange(height) + 0.5) * FCN_STRIDE)
    at = np.stack([columns, rows], axis=-1)
    found = np.full((height, width), KNOWN_BACKGROUND, np.uint8)
    for slot in np.flatnonzero(sample["valid"]):
        low, high = sample["boxes_xyxy"][slot, :2], sample["boxes_xyxy"][slot, 2:]
        somebody = (at >= low).all(-1) & (at < high).all(-1)
        if sample["has"][slot, HAS_PARTS] and not sample["crowd"][slot]:
            grid = sample["grid"][slot] % SILHOUETTE
            somebody &= read_cells(grid, (at - low) * (np.array(grid.shape[::-1]) / (high - low))) > 0
        found[somebody] = UNKNOWN
    return found


def sparse_points(points: Tensor) -> Points:
    """(n, m, 196, 5) -> the points of all people, in cells of their picture's map (whose centres are at the pixels' centres)."""
    rows = points.flatten(1, 2)
    kept = rows[..., 2] > 0
    chosen = rows[kept]
    cell = chosen[:, :2] / FCN_STRIDE - 0.5
    return Points(kept.nonzero()[:, 0], cell[:, 0].clamp(min=0), cell[:, 1].clamp(min=0), chosen[:, 2].long(), chosen[:, 3:])


def dense_points(batch: Batch) -> Points:
    """Every cell whose centre has a dense target."""
    half = FCN_STRIDE // 2
    codes = batch["iuv"][:, half::FCN_STRIDE, half::FCN_STRIDE]
    body = (codes[..., 0] > 0) & (batch["seen"][:, half::FCN_STRIDE, half::FCN_STRIDE] > 0)
    region, row, column = body.nonzero(as_tuple=True)
    chosen = codes[body]
    return Points(region, column.float(), row.float(), chosen[:, 0].long(), chosen[:, 1:].float() / 255)
