"""Training task of the compact detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from vitruv.errors import InputError
from vitruv.geometry import iou, nms
from vitruv.networks import CompactDetector, DetectorOutput, normalise
from vitruv.networks.compact_detector import cell_centres
from vitruv.synth import SceneSample
from vitruv.train.compact.box_score import average_precision
from vitruv.train.compact.detector_losses import detector_losses
from vitruv.train.compact.scene_augment import augment_scenes, box_area, split_people
from vitruv.train.crop_augment import AugmentConfig
from vitruv.train.engine.feed import Batch
from vitruv.train.sample_sheet import sheet
from vitruv.types import Float32Array, UInt8Array

_PEOPLE = 24  # most people of a scene that are taught; the nearest ones come first
_CHUNK = 16
_SHOWN = 12
_SHOWN_SCORE = 0.4
_LEAST_SCORE = 0.05


@dataclass(frozen=True)
class DetectorConfig:
    """The network and its losses."""

    size_hw: tuple[int, int] = (320, 320)
    """Height and width of the letterboxed input."""
    widths: tuple[int, int, int, int, int] = (16, 32, 64, 128, 192)
    blocks: tuple[int, int, int, int] = (0, 0, 2, 1)
    context: int = 2
    fused: int = 64
    box_weight: float = 2.0
    nms_iou: float = 0.6
    """Overlap above which the runtime drops the weaker of two boxes."""
    augment: AugmentConfig = field(default_factory=lambda: AugmentConfig(turn_deg=0, zoom=0.3, shift=0.1))

    def __post_init__(self) -> None:
        if any(side < 64 or side % 32 for side in self.size_hw):
            raise InputError(f"size_hw must be multiples of 32, 64 or more, but got {self.size_hw}")
        if self.augment.turn_deg:
            raise InputError("scenes cannot be turned: their boxes would no longer be tight; set turn_deg to 0")


class DetectorTask:
    """Scenes in, boxes of people out. held_out: samples for evaluation and pictures."""

    has_idle_branches = False

    def __init__(self, config: DetectorConfig, *, held_out: Sequence[SceneSample]) -> None:
        self.config = config
        self.network = build_detector(config)
        self._centres = cell_centres(config.size_hw)
        self._held_out = self.collate(held_out)

    def collate(self, samples: Sequence[SceneSample]) -> Batch:
        boxes = np.zeros((len(samples), _PEOPLE, 4), np.float32)
        valid = np.zeros((len(samples), _PEOPLE), np.bool_)
        for i, sample in enumerate(samples):
            if sample.labels.shape != self.config.size_hw:
                raise InputError(f"the sampler makes scenes of {sample.labels.shape}, but the network takes {self.config.size_hw}")
            known = min(len(sample.boxes_xyxy), _PEOPLE)
            boxes[i, :known], valid[i, :known] = sample.boxes_xyxy[:known], True
        return {
            "image": torch.from_numpy(np.stack([s.image for s in samples])),
            "boxes_xyxy": torch.from_numpy(boxes),
            "valid": torch.from_numpy(valid),
        }

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        return augment_scenes(batch, self.config.augment, generator)

    def forward(self, network: nn.Module, batch: Batch) -> DetectorOutput:
        images = normalise(batch["image"]).contiguous(memory_format=torch.channels_last)
        return network(images)  # type: ignore[no-any-return]

    def losses(self, outputs: DetectorOutput, batch: Batch) -> dict[str, Tensor]:
        self._centres = self._centres.to(outputs.logits.device)
        score, box = detector_losses(outputs, self._centres, batch["boxes_xyxy"], batch["valid"], batch["ignored"])
        return {"score": score, "box": self.config.box_weight * box}

    def evaluate(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        """ap50: average precision at IoU 0.5. balance: the score at which precision and recall are balanced best. recall: people
        found with that score or more. stray: boxes per picture with such a score and an IoU under 0.3 with everybody."""
        scores, boxes = self._predict(network, device, self._held_out["image"])
        if not scores:
            return {}
        truth = self._held_out["boxes_xyxy"]
        asked = split_people(truth, self._held_out["valid"], box_area(truth))["valid"]
        people = [b[a].numpy() for b, a in zip(truth, asked, strict=True)]
        found = average_precision(scores, boxes, people, threshold=0.5)
        everybody = [b[v].numpy() for b, v in zip(truth, self._held_out["valid"], strict=True)]
        sure = [b[s >= found.balance] for s, b in zip(scores, boxes, strict=True)]
        stray = sum(int((iou(b, e).max(axis=1, initial=0) < 0.3).sum()) for b, e in zip(sure, everybody, strict=True))
        return {"ap50": found.precision, "recall": found.recall, "balance": found.balance, "stray": stray / len(sure)}

    def picture(self, network: nn.Module, device: torch.device) -> UInt8Array:
        """Scenes with true boxes (green) and predicted ones (red, with scores)."""
        images = self._held_out["image"][:_SHOWN]
        scores, boxes = self._predict(network, device, images)
        tiles = []
        for i, image in enumerate(images):
            tile = Image.fromarray(image.numpy())
            drawing = ImageDraw.Draw(tile)
            for box in self._held_out["boxes_xyxy"][i][self._held_out["valid"][i]].tolist():
                drawing.rectangle(box, outline=(0, 255, 0))
            for box, score in zip(boxes[i], scores[i], strict=True):
                if score >= _SHOWN_SCORE:
                    drawing.rectangle(box.tolist(), outline=(255, 0, 0))
                    drawing.text((float(box[0]) + 2, float(box[1]) + 2), f"{score:.2f}", fill=(255, 255, 0))
            tiles.append([np.asarray(tile)])
        return sheet(tiles, columns=4)

    def _predict(self, network: nn.Module, device: torch.device, images: Tensor) -> tuple[list[Float32Array], list[Float32Array]]:
        """Scores and boxes of every picture after suppression, best first."""
        scores, boxes = [], []
        for few in torch.split(images, _CHUNK):
            with torch.inference_mode():
                outputs = self.forward(network, {"image": few.to(device)})
            confidence, candidates = outputs.logits.float().sigmoid().cpu().numpy(), outputs.boxes_xyxy.float().cpu().numpy()
            for score, box in zip(confidence, candidates, strict=True):
                sure = score >= _LEAST_SCORE
                kept = nms(box[sure], score[sure], self.config.nms_iou)
                scores.append(score[sure][kept])
                boxes.append(box[sure][kept])
        return scores, boxes


def build_detector(config: DetectorConfig) -> CompactDetector:
    """The network of a configuration, with random weights."""
    return CompactDetector(
        size_hw=config.size_hw, widths=config.widths, blocks=config.blocks, context=config.context, fused=config.fused
    )
