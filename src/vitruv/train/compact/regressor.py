"""Training task of the compact regressor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vitruv.errors import InputError
from vitruv.networks import CompactRegressor, RegressorOutput, normalise
from vitruv.networks.compact_regressor import person_first
from vitruv.surface import Atlas
from vitruv.surface.charts import MIRROR_CHART, NUM_CHARTS, NUM_LABELS
from vitruv.synth import CropSample
from vitruv.train.compact.regressor_losses import keypoint_loss, label_loss, uv_loss
from vitruv.train.crop_augment import AugmentConfig, augment_crops
from vitruv.train.engine.feed import Batch
from vitruv.train.mirror import mirror_table
from vitruv.train.sample_sheet import paint_labels, paint_uv, sheet
from vitruv.types import UInt8Array

_SHOWN = 12  # crops on a sample picture
_CHUNK = 32  # crops evaluated at a time
_MEASURED = 4000  # pixels whose distance on the body is measured


@dataclass(frozen=True)
class RegressorConfig:
    """The network and its losses."""

    size_hw: tuple[int, int] = (192, 128)
    """Height and width of the crops."""
    widths: tuple[int, int, int, int] = (32, 64, 128, 256)
    blocks: tuple[int, int, int] = (0, 2, 4)
    context: int = 2
    fused: tuple[int, int] = (128, 80)
    background_weight: float = 0.6
    """Weight of a background pixel in the classification; of a torso, head or leg pixel it is 1."""
    small_part_weight: float = 1.6
    """Weight of a pixel of hands, feet and arms."""
    label_smoothing: float = 0.02
    uv_weight: float = 4.0
    uv_beta: float = 0.03
    """Where the smooth-L1 loss of U and V turns linear."""
    keypoint_weight: float = 0.1
    lying: float = 1.0
    """How many times as often as usual people lie: who is met rarely is learnt badly."""
    quarter_turns: float = 0.0
    """Chance that who is wider than high is seen turned by a quarter, as the runtime looks at them too."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    def __post_init__(self) -> None:
        if any(side < 32 or side % 16 for side in self.size_hw):
            raise InputError(f"size_hw must be multiples of 16, 32 or more, but got {self.size_hw}")


# Hands, feet and arms: few pixels, and what users look at.
_SMALL_CHARTS = (3, 4, 5, 6, *range(15, 23))


class RegressorTask:
    """Crops of people in, charts and coordinates out.

    held_out: samples for evaluation and pictures. atlas: the surface that the charts are of; without it crops are not mirrored and
    distances on the body not evaluated.
    """

    has_idle_branches = False

    def __init__(self, config: RegressorConfig, *, held_out: Sequence[CropSample], atlas: Atlas | None) -> None:
        self.config = config
        self.network = build_regressor(config)
        self._held_out = self.collate(held_out)
        self._atlas = atlas
        self._mirror_uv = torch.from_numpy(mirror_table(atlas)) if atlas is not None and config.augment.flip else None
        weights = torch.ones(NUM_LABELS)
        weights[0] = config.background_weight
        weights[list(_SMALL_CHARTS)] = config.small_part_weight
        self._class_weights = weights

    def collate(self, samples: Sequence[CropSample]) -> Batch:
        for sample in samples:
            if sample.labels.shape != self.config.size_hw:
                raise InputError(f"the sampler makes crops of {sample.labels.shape}, but the network takes {self.config.size_hw}")
        return {
            "image": torch.from_numpy(np.stack([s.image for s in samples])),
            "labels": torch.from_numpy(np.stack([s.labels for s in samples])),
            "uv": torch.from_numpy(np.stack([s.uv for s in samples])),
            "keypoints": torch.from_numpy(np.stack([s.keypoints for s in samples])),
        }

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Change the crops, then take every second pixel of the truth: the loss is at half the crop's size.

        Which of the four pixels of a 2 x 2 block is drawn per batch, so that the truth is not shifted on average.
        """
        if self._mirror_uv is not None:
            self._mirror_uv = self._mirror_uv.to(generator.device)
        batch = augment_crops(batch, self.config.augment, generator, self._mirror_uv)
        row, column = torch.randint(2, (2,), generator=generator, device=generator.device).tolist()
        return {**batch, "labels": batch["labels"][:, row::2, column::2], "uv": batch["uv"][:, :, row::2, column::2]}

    def forward(self, network: nn.Module, batch: Batch) -> RegressorOutput:
        images = normalise(batch["image"]).contiguous(memory_format=torch.channels_last)
        return network(images)  # type: ignore[no-any-return]

    def losses(self, outputs: RegressorOutput, batch: Batch) -> dict[str, Tensor]:
        config = self.config
        labels = batch["labels"].contiguous()
        self._class_weights = self._class_weights.to(labels.device)
        return {
            "label": label_loss(outputs.logits, labels, class_weights=self._class_weights, smoothing=config.label_smoothing),
            "uv": config.uv_weight * uv_loss(outputs.uv, labels, batch["uv"].float() / 255, beta=config.uv_beta),
            "joints": config.keypoint_weight * keypoint_loss(outputs.keypoints, batch["keypoints"], size_hw=config.size_hw),
        }

    def evaluate(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        """part: share of the people's pixels with the right chart. mirrored: with that of the other side. iou: of people against
        background. uv: median of |dU| and |dV| where the chart is right. cm: median distance there, in a straight line on the body
        at rest."""
        if not len(self._held_out["image"]):
            return {}
        labels, uv = self._predict(network, device, self._held_out["image"])
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
        labels, uv = self._predict(network, device, few["image"])
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

    def _predict(self, network: nn.Module, device: torch.device, images: Tensor) -> tuple[Tensor, Tensor]:
        """Labels (n, h, w) uint8 and U, V (n, 2, h, w) float32 at the size of the crop, as the runtime makes them."""
        labels, places = [], []
        for few in torch.split(images, _CHUNK):
            with torch.inference_mode():
                outputs = self.forward(network, {"image": few.to(device)})
                logits = functional.interpolate(person_first(outputs.logits.float()), self.config.size_hw, mode="bilinear")
                label = logits.argmax(1)
                maps = functional.interpolate(outputs.uv, self.config.size_hw, mode="bilinear").view(
                    len(few), 2, NUM_CHARTS, *self.config.size_hw
                )
                chart = (label - 1).clamp(min=0)[:, None, None].expand(-1, 2, -1, -1, -1)
                place = maps.gather(2, chart)[:, :, 0] * (label > 0)[:, None]
            labels.append(label.to(torch.uint8).cpu())
            places.append(place.float().clamp(0, 1).cpu())
        return torch.cat(labels), torch.cat(places)


def build_regressor(config: RegressorConfig) -> CompactRegressor:
    """The network of a configuration, with random weights."""
    return CompactRegressor(
        size_hw=config.size_hw, widths=config.widths, blocks=config.blocks, context=config.context, fused=config.fused
    )
