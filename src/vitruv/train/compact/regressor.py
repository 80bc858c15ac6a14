"""Training task of the compact regressor: the decoder on a frozen trunk's features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vitruv.errors import InputError
from vitruv.networks.compact import STRIDE, DenseMaps, GuidedDecoder, PersonFeatures
from vitruv.surface import Atlas
from vitruv.surface.charts import MIRROR_CHART, NUM_CHARTS, NUM_LABELS
from vitruv.train.compact.feature_samples import FeatureSample, stack
from vitruv.train.compact.regressor_losses import label_loss, uv_loss
from vitruv.train.engine.feed import Batch
from vitruv.train.sample_sheet import paint_labels, paint_uv, sheet
from vitruv.types import UInt8Array

BOX_SCALE = 1.25
"""How much larger than the person's box a crop is."""

_SHOWN = 12  # crops on a sample picture
_CHUNK = 16  # crops evaluated at a time
_MEASURED = 4000  # pixels whose distance on the body is measured

# Hands, feet and arms: few pixels, and what users look at.
_SMALL_CHARTS = (3, 4, 5, 6, *range(15, 23))


@dataclass(frozen=True)
class RegressorConfig:
    """The decoder and its losses."""

    size_hw: tuple[int, int] = (256, 256)
    """Height and width of the crops."""
    channels: tuple[int, int, int] = (64, 96, 160)
    """Of the decoder at strides 4, 8 and 16."""
    blocks: tuple[int, int, int] = (1, 2, 3)
    """Residual blocks of the decoder at strides 4, 8 and 16."""
    background_weight: float = 0.6
    """Weight of a background pixel in the classification; of a torso, head or leg pixel it is 1."""
    small_part_weight: float = 1.6
    """Weight of a pixel of hands, feet and arms."""
    label_smoothing: float = 0.02
    uv_weight: float = 4.0
    uv_beta: float = 0.03
    """Where the smooth-L1 loss of U and V turns linear."""
    box_noise: float = 0.06
    """Standard deviation of the logarithm of the boxes' sides: detectors err."""

    def __post_init__(self) -> None:
        if any(side < 64 or side % 32 for side in self.size_hw) or self.size_hw[0] != self.size_hw[1]:
            raise InputError(f"size_hw must be two equal multiples of 32, 64 or more, but got {self.size_hw}")
        if self.box_noise < 0:
            raise InputError(f"box_noise must not be negative, but got {self.box_noise}")


class RegressorTask:
    """A trunk's features of crops in, charts and coordinates out.

    inputs: channels of the features. held_out: samples for evaluation and pictures. atlas: the surface that the charts are of;
    without it distances on the body are not evaluated.
    """

    has_idle_branches = False

    def __init__(
        self, config: RegressorConfig, *, inputs: Sequence[int], held_out: Sequence[FeatureSample], atlas: Atlas | None
    ) -> None:
        self.config = config
        self.network = build_decoder(config, inputs)
        self._held_out = self.collate(held_out)
        self._atlas = atlas
        weights = torch.ones(NUM_LABELS)
        weights[0] = config.background_weight
        weights[list(_SMALL_CHARTS)] = config.small_part_weight
        self._class_weights = weights

    def collate(self, samples: Sequence[FeatureSample]) -> Batch:
        for sample in samples:
            if sample.labels.shape != self.config.size_hw:
                raise InputError(f"the sampler makes crops of {sample.labels.shape}, but the network takes {self.config.size_hw}")
        return {name: torch.from_numpy(values) for name, values in stack(samples).items()}

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Change the boxes as a detector would, then take every second pixel of the truth: the loss is at half the crop's size.

        Which of the four pixels of a 2 x 2 block is drawn per batch, so that the truth is not shifted on average.
        """
        row, column = torch.randint(2, (2,), generator=generator, device=generator.device).tolist()
        noise = torch.randn(len(batch["labels"]), 2, generator=generator, device=generator.device) * self.config.box_noise
        return {
            **batch,
            "box_xyxy": centred_boxes(batch["box_xyxy"], noise),
            "labels": batch["labels"][:, row::2, column::2],
            "uv": batch["uv"][:, :, row::2, column::2],
        }

    def forward(self, network: nn.Module, batch: Batch) -> DenseMaps:
        fine, middle, coarse, coarsest, heat = (
            batch[name].float().contiguous(memory_format=torch.channels_last) for name in PersonFeatures._fields[:5]
        )
        features = PersonFeatures(fine, middle, coarse, coarsest, heat, batch["joints"])
        return network(features, batch["box_xyxy"])  # type: ignore[no-any-return]

    def losses(self, outputs: DenseMaps, batch: Batch) -> dict[str, Tensor]:
        config = self.config
        labels = batch["labels"].contiguous()
        self._class_weights = self._class_weights.to(labels.device)
        return {
            "label": label_loss(outputs.logits, labels, class_weights=self._class_weights, smoothing=config.label_smoothing),
            "uv": config.uv_weight * uv_loss(outputs.uv, labels, batch["uv"].float() / 255, beta=config.uv_beta),
        }

    def evaluate(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        """part: share of the people's pixels with the right chart. mirrored: with that of the other side. iou: of people against
        background. uv: median of |dU| and |dV| where the chart is right. cm: median distance there, in a straight line on the body
        at rest."""
        if not len(self._held_out["labels"]):
            return {}
        labels, uv = self._predict(network, device, self._held_out)
        truth, true_uv = self._held_out["labels"], self._held_out["uv"].float() / 255
        person, found = truth > 0, labels > 0
        right = person & (labels == truth)
        mirrored = person & (labels != truth) & (labels == torch.as_tensor(MIRROR_CHART.copy())[truth.long()])
        error = (uv - true_uv).abs().permute(0, 2, 3, 1)[right]
        return {
            "part": float(right.sum() / person.sum().clamp(min=1)),
            "mirrored": float(mirrored.sum() / person.sum().clamp(min=1)),
            "iou": float((person & found).sum() / (person | found).sum().clamp(min=1)),
            "uv": float(error.median()) if len(error) else float("nan"),
            **({"cm": self._distance_cm(truth[right], uv, true_uv, right)} if self._atlas is not None else {}),
        }

    def _distance_cm(self, labels: Tensor, uv: Tensor, true_uv: Tensor, chosen: Tensor) -> float:
        """Median over some thousand of the chosen (n, h, w) pixels, evenly spread."""
        if self._atlas is None or not len(labels):
            return float("nan")
        step = max(1, len(labels) // _MEASURED)
        places = [
            self._atlas.positions(self._atlas.locate(labels[::step].numpy(), maps.permute(0, 2, 3, 1)[chosen][::step].numpy()))
            for maps in (uv, true_uv)
        ]
        return float(100 * np.median(np.linalg.norm(places[0] - places[1], axis=1)))

    def picture(self, network: nn.Module, device: torch.device) -> UInt8Array:
        """Rows of: crop, true charts, predicted charts, true U and V, predicted U and V."""
        few = {name: values[:_SHOWN] for name, values in self._held_out.items()}
        labels, uv = self._predict(network, device, few)
        rows = [
            [
                image.numpy(),
                paint_labels(truth.numpy()),
                paint_labels(label.numpy()),
                paint_uv(truth.numpy(), true_uv.numpy() / 255),
                paint_uv(label.numpy(), place.numpy()),
            ]
            for image, truth, true_uv, label, place in zip(few["image"], few["labels"], few["uv"], labels, uv, strict=True)
        ]
        return sheet(rows, columns=3)

    def _predict(self, network: nn.Module, device: torch.device, batch: Batch) -> tuple[Tensor, Tensor]:
        """Labels (n, h, w) uint8 and U, V (n, 2, h, w) float32 at the size of the crop, as the runtime makes them."""
        size_hw = self.config.size_hw
        labels, places = [], []
        for start in range(0, len(batch["labels"]), _CHUNK):
            few = {name: values[start : start + _CHUNK].to(device) for name, values in batch.items()}
            few["box_xyxy"] = centred_boxes(few["box_xyxy"], torch.zeros(2, device=device))
            with torch.inference_mode():
                outputs = self.forward(network, few)
                logits = functional.interpolate(outputs.logits.float(), size_hw, mode="bilinear")
                label = logits.argmax(1)
                maps = functional.interpolate(outputs.uv.float(), size_hw, mode="bilinear").view(-1, 2, NUM_CHARTS, *size_hw)
                chart = (label - 1).clamp(min=0)[:, None, None].expand(-1, 2, -1, -1, -1)
                place = maps.gather(2, chart)[:, :, 0] * (label > 0)[:, None]
            labels.append(label.to(torch.uint8).cpu())
            places.append(place.clamp(0, 1).cpu())
        return torch.cat(labels), torch.cat(places)


def build_decoder(config: RegressorConfig, inputs: Sequence[int]) -> GuidedDecoder:
    """The decoder of a configuration, with random weights. inputs: channels of the trunk's features."""
    map_hw = (config.size_hw[0] // STRIDE, config.size_hw[1] // STRIDE)
    return GuidedDecoder(inputs, map_hw=map_hw, channels=config.channels, blocks=config.blocks)


def centred_boxes(boxes_xyxy: Tensor, noise: Tensor) -> Tensor:
    """Boxes as the runtime gives them, (n, 4) in crops of side 1: in the middle, the longer side 1 / `BOX_SCALE`.

    boxes_xyxy: what is seen of the people, whose windows were cut for disturbed boxes. noise: logarithms by which width and height
    grow before they are scaled, (n, 2) or (2,).
    """
    sides = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).clamp(min=1e-3) * torch.exp(noise)
    half = sides / sides.amax(1, keepdim=True) / (2 * BOX_SCALE)
    return torch.cat([0.5 - half, 0.5 + half], dim=1)
