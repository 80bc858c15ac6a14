from __future__ import annotations

import numpy as np
import torch

from fake_people import FakeScenes
from vitruv.train import AugmentConfig, DetectorConfig, DetectorTask
from vitruv.train.compact.box_score import average_precision
from vitruv.train.compact.scene_augment import augment_scenes
from vitruv.train.engine.feed import Batch

NO_COLOUR = AugmentConfig(turn_deg=0, zoom=0.4, shift=0.15, brightness=0, contrast=0, tint=0, noise=0)


def _batch(n: int) -> Batch:
    task = DetectorTask(DetectorConfig(size_hw=(96, 96)), held_out=[FakeScenes()(0)])
    return task.collate([FakeScenes()(i) for i in range(n)])


def test_boxes_move_with_the_pixels() -> None:
    """Fake people are the only bright things, so every valid box must stay tight around bright pixels."""
    batch = _batch(24)
    changed = augment_scenes(batch, NO_COLOUR, torch.Generator().manual_seed(0))
    bright = (changed["image"].float().mean(-1) > 140).numpy()
    seen = 0
    for image, boxes, valid in zip(bright, changed["boxes_xyxy"], changed["valid"], strict=True):
        for box in boxes[valid].numpy():
            inner = image[int(np.ceil(box[1] + 1)) : int(box[3] - 1), int(np.ceil(box[0] + 1)) : int(box[2] - 1)]
            assert inner.mean() > 0.97, f"box {box} is not filled"
            seen += 1
    assert seen > 15, "most people stay"


def test_who_is_cut_off_or_tiny_is_ignored() -> None:
    batch = _batch(1)
    batch["boxes_xyxy"][0, :3] = torch.tensor([[-80.0, 10, 20, 90], [40, 40, 46, 90], [10, 10, 60, 60]])
    batch["valid"][0] = False
    batch["valid"][0, :3] = True
    still = AugmentConfig(flip=0, turn_deg=0, zoom=0, shift=0)
    changed = augment_scenes(batch, still, torch.Generator().manual_seed(0))
    assert changed["ignored"][0, :4].tolist() == [True, True, False, False], "four fifths cut off; too narrow; whole; nobody"
    assert changed["valid"][0, :4].tolist() == [False, False, True, False]


def test_average_precision() -> None:
    people = [np.array([[0, 0, 10, 10], [20, 0, 30, 10]], np.float32), np.zeros((0, 4), np.float32)]
    none = [np.zeros(0, np.float32), np.zeros(0, np.float32)]
    assert average_precision(none, [people[1], people[1]], people)[:2] == (0.0, 0.0)
    assert all(np.isnan(average_precision(none, [people[1], people[1]], [people[1], people[1]]))), "nobody to find"
    # Right, wrong (second choice of the same person), right, and a stray one in the empty picture.
    boxes = [np.array([[0, 0, 10, 10], [0, 0, 10, 9], [21, 0, 30, 10]], np.float32), np.array([[0, 0, 5, 5]], np.float32)]
    scores = [np.array([0.9, 0.8, 0.4], np.float32), np.array([0.3], np.float32)]
    precision, recall, balance = average_precision(scores, boxes, people)
    assert abs(precision - (1 + 2 / 3) / 2) < 1e-6
    # F1 is 2/3, 1/2, 4/5, 2/3 when one, two, three, four boxes are believed.
    assert recall == 1 and balance == np.float32(0.4)
