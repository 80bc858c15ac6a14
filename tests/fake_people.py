"""A tiny stand-in for the sampler: flat figures whose colours tell chart, U and V, so that little nets can learn them quickly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.synth import CropSample
from vitruv.train.compact.feature_samples import FeatureSample


@dataclass(frozen=True)
class FakeCrops:
    """A pure function of (seed, index). The figure is two columns of charts; each chart has a colour of its own."""

    size_hw: tuple[int, int] = (64, 64)
    seed: int = 0

    def __call__(self, index: int) -> CropSample:
        rng = np.random.default_rng((self.seed, index))
        height, width = self.size_hw
        image = rng.integers(0, 60, (height, width, 3)).astype(np.uint8)
        labels = np.zeros((height, width), np.uint8)
        uv = np.zeros((2, height, width), np.uint8)
        top, left = int(rng.integers(0, height // 4)), int(rng.integers(0, width // 4))
        tall, wide = height // 6, width // 4
        for row in range(4):
            for column in range(2):
                chart = 1 + 3 * (2 * row + column)
                block = (
                    slice(top + row * tall, top + (row + 1) * tall),
                    slice(left + column * wide, left + (column + 1) * wide),
                )
                across = np.broadcast_to(np.linspace(0, 255, wide), (tall, wide))
                down = np.broadcast_to(np.linspace(0, 255, tall)[:, None], (tall, wide))
                labels[block] = chart
                uv[(0, *block)], uv[(1, *block)] = across.round(), down.round()
                image[block] = np.stack([np.full((tall, wide), 10 * chart), across, down], axis=-1)
        keypoints = np.zeros((17, 3), np.float32)
        keypoints[0] = (left + wide, top + tall, 2)
        box = np.array([left, top, left + 2 * wide, top + 4 * tall], np.float32)
        return CropSample(image=image, labels=labels, uv=uv, keypoints=keypoints, box_xyxy=box)


FEATURE_CHANNELS = (6, 3, 3, 3)
"""Of the features of `FakeFeatures` at strides 4, 8, 16, 32."""


@dataclass(frozen=True)
class FakeFeatures:
    """The fake crops as a trunk that knows nothing but mean colours would see them; where the colours change is in the finest."""

    crops: FakeCrops = FakeCrops()

    def __call__(self, index: int) -> FeatureSample:
        crop = self.crops(index)
        height, width = self.crops.size_hw
        pixels = crop.image.transpose(2, 0, 1).astype(np.float16) / 128 - 1
        levels = [pixels.reshape(3, height // s, s, width // s, s).mean(axis=(2, 4)) for s in (4, 8, 16, 32)]
        fine = np.concatenate([levels[0], np.repeat(np.repeat(levels[1], 2, axis=1), 2, axis=2)]).astype(np.float16)
        return FeatureSample(
            fine=fine,
            middle=levels[1],
            coarse=levels[2],
            coarsest=levels[3],
            heat=np.zeros((17, height // 4, width // 4), np.float16),
            joints=np.zeros((17, 3), np.float32),
            image=crop.image,
            box_xyxy=crop.box_xyxy / np.array([width, height] * 2, np.float32),
            labels=crop.labels,
            uv=crop.uv,
        )
