"""A tiny stand-in for the sampler: flat figures whose colours tell chart, U and V, so that little nets can learn them quickly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.synth import CropSample, SceneSample


@dataclass(frozen=True)
class FakeCrops:
    """A pure function of (seed, index). The figure is two columns of charts; each chart has a colour of its own."""

    size_hw: tuple[int, int] = (64, 32)
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


@dataclass(frozen=True)
class FakeScenes:
    """Bright rectangles on a dark ground, none to three a picture."""

    size_hw: tuple[int, int] = (96, 96)
    seed: int = 0

    def __call__(self, index: int) -> SceneSample:
        rng = np.random.default_rng((self.seed, index))
        height, width = self.size_hw
        image = rng.integers(0, 60, (height, width, 3)).astype(np.uint8)
        person = np.zeros((height, width), np.int32)
        for _ in range(int(rng.integers(0, 4))):
            h, w = int(rng.integers(height // 6, height // 2)), int(rng.integers(width // 8, width // 3))
            y, x = int(rng.integers(0, height - h)), int(rng.integers(0, width - w))
            if not person[y : y + h, x : x + w].any():
                person[y : y + h, x : x + w] = person.max() + 1
                image[y : y + h, x : x + w] = rng.integers(150, 255, 3)
        boxes = []
        for i in range(1, int(person.max()) + 1):
            rows, columns = np.nonzero(person == i)
            boxes.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
        return SceneSample(
            image=image,
            boxes_xyxy=np.array(boxes, np.float32).reshape(-1, 4),
            labels=(person > 0).astype(np.uint8),
            uv=np.zeros((2, height, width), np.uint8),
            person=person,
            keypoints=np.zeros((len(boxes), 17, 3), np.float32),
        )
