"""Samples to batches, and pixels to what the paper's networks take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vitruv.rcnn_config import PIXEL_MEAN_BGR
from vitruv.train.densepose.photos import PhotoSample
from vitruv.train.engine.feed import Batch


def network_images(image: Tensor) -> Tensor:
    """(n, h, w, 3) uint8 RGB -> (n, 3, h, w) float32 BGR minus the means."""
    bgr = image.permute(0, 3, 1, 2).flip(1).float()
    return bgr - torch.tensor(PIXEL_MEAN_BGR, device=image.device)[:, None, None]


def stack(samples: Sequence[PhotoSample]) -> Batch:
    """Arrays of samples under their names, one more axis in front."""
    return {name: torch.from_numpy(np.stack([sample[name] for sample in samples])) for name in (samples[0] if samples else {})}
