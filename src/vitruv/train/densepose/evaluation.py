"""Evaluation of the paper's networks while they train."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from vitruv.results import DensePoses
from vitruv.train.densepose.photos import PhotoSource
from vitruv.train.densepose.place import fit, warp
from vitruv.train.densepose.score import score, watch
from vitruv.train.sample_sheet import paint_labels, paint_uv, sheet
from vitruv.types import UInt8Array

_SHOWN = 6

PredictImage = Callable[[nn.Module, PhotoSource, int | str], DensePoses]


@dataclass(frozen=True)
class HeldOut:
    """What a run is watched by. images: of the set's first annotated pictures, how many; None for all.

    full: the official measures, too, over the whole set.
    """

    source: PhotoSource
    predict: PredictImage
    size_hw: tuple[int, int]
    images: int | None = 64
    full: bool = False

    def evaluate(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        network = network.to(device).eval()
        ids = self.source.annotated_images if self.full else self.source.annotated_images[: self.images]
        predictions = {image_id: self.predict(network, self.source, image_id) for image_id in ids}
        figures = watch(self.source, predictions)
        return figures | score(self.source, predictions) if self.full else figures

    def picture(self, network: nn.Module, device: torch.device) -> UInt8Array:
        """Rows of: picture, predicted charts, predicted U and V."""
        network = network.to(device).eval()
        rows = []
        for image_id in self.source.annotated_images[:_SHOWN]:
            rgb = self.source.read(image_id)
            chart, _ = self.predict(network, self.source, image_id).canvas()
            matrix = fit(chart.size_hw, self.size_hw)
            painted = (paint_labels(chart.labels), paint_uv(chart.labels, chart.uv))
            rows.append([np.asarray(warp(pixels, matrix, self.size_hw)) for pixels in (rgb, *painted)])
        return sheet(rows, columns=1)
