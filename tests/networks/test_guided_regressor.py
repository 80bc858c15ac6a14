from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tiny_movenet import tiny_movenet
from vitruv.networks.compact import LIMBS, CentralPose, GuidedDecoder, GuidedRegressor, PersonGuides, PoseTrunk
from vitruv.networks.compact.guides import GUIDE_CHANNELS
from vitruv.networks.trunks import MobileNetV2
from vitruv.networks.trunks.mobilenet_v2 import scaled_channels
from vitruv.networks.trunks.movenet import SINGLE_POSE_HEADS


@pytest.mark.parametrize(("width", "channels"), [(1.0, (24, 32, 64, 96, 1280)), (1.75, (40, 56, 112, 168, 1280))])
def test_trunk_shapes(width: float, channels: tuple[int, ...]) -> None:
    trunk = MobileNetV2(width=width)
    assert trunk.channels == channels
    with torch.inference_mode():
        features = trunk(torch.zeros(1, 3, 64, 96))
    strides = (4, 8, 16, 16, 32)
    assert [f.shape for f in features] == [(1, c, 64 // s, 96 // s) for c, s in zip(channels, strides, strict=True)]


def test_channels_are_multiples_of_eight_and_not_much_fewer() -> None:
    assert scaled_channels(32, 0.25) == 8
    assert scaled_channels(24, 1.5) == 40, "36 rounds to 40"
    for channels in range(8, 400, 7):
        scaled = scaled_channels(channels, 1.3)
        assert scaled % 8 == 0
        assert scaled >= 0.9 * 1.3 * channels


def _obvious_guides(joints: np.ndarray, box: np.ndarray, size: int) -> np.ndarray:
    """One cell, one map at a time."""
    maps = np.zeros((GUIDE_CHANNELS, size, size))
    mean = lambda group, k: np.mean([joints[j, k] for j in group])  # noqa: E731
    for row in range(size):
        for column in range(size):
            at = np.array([column + 0.5, row + 0.5])
            for j in range(17):
                d = np.linalg.norm(at - joints[j, :2] * size)
                maps[j, row, column] = math.exp(-0.5 * (d / 1.5) ** 2) * joints[j, 2]
            for k, (start, end) in enumerate(LIMBS):
                a, b = (np.array([mean(group, 0), mean(group, 1)]) * size for group in (start, end))
                along = b - a
                share = min(max(np.dot(at - a, along) / np.dot(along, along), 0), 1)
                d = np.linalg.norm(at - a - share * along)
                maps[17 + k, row, column] = math.exp(-0.5 * (d / 2) ** 2) * min(mean(start, 2), mean(end, 2))
            middle, half = (box[:2] + box[2:]) / 2 * size, (box[2:] - box[:2]) / 2 * size
            offset = np.clip((at - middle) / half, -2, 2)
            maps[-3:, row, column] = [*offset, min(max(2 - np.abs(offset).max(), 0), 1)]
    return maps


def test_guides_are_the_obvious_maps() -> None:
    rng = np.random.default_rng(4)
    joints = rng.random((2, 17, 3)).astype(np.float32)
    boxes = np.array([[0.1, 0.3, 0.9, 0.7], [0.4, 0.1, 0.6, 0.9]], np.float32)
    maps = PersonGuides((8, 8))(torch.from_numpy(joints), torch.from_numpy(boxes)).numpy()
    assert maps.shape == (2, GUIDE_CHANNELS, 8, 8)
    for got, own, box in zip(maps, joints, boxes, strict=True):
        assert np.abs(got - _obvious_guides(own, box, 8)).max() < 1e-5


def test_joints_of_the_person_in_the_middle() -> None:
    """Two people: the heat of the bystander's nose is higher, but far from where the central person's regression expects it."""
    size = 16
    heads = {name: torch.full((1, n, size, size), -9.0) for name, n in (("centre", 1), ("joint_heat", 17))}
    heads |= {name: torch.zeros(1, 34, size, size) for name in ("joint_regress", "joint_offset")}
    heads["centre"][0, 0, 8, 7] = 2.0
    heads["centre"][0, 0, 8, 15] = 3.0  # the bystander's, at the edge
    heads["joint_regress"][0, 0:2, 8, 7] = torch.tensor([-4.0, 1.0])  # nose: four cells up, one to the right
    heads["joint_heat"][0, 0, 4, 9] = 1.0  # one cell beside
    heads["joint_heat"][0, 0, 4, 15] = 4.0
    heads["joint_offset"][0, 0:2, 4, 9] = torch.tensor([0.25, 0.75])
    joints = CentralPose((size, size))(heads)
    assert joints.shape == (1, 17, 3)
    assert torch.allclose(joints[0, 0], torch.tensor([9.75 / size, 4.25 / size, 1 / (1 + math.exp(-1.0))]))


def test_regressor_is_trunk_and_decoder() -> None:
    trunk = PoseTrunk(tiny_movenet(SINGLE_POSE_HEADS), size_hw=(64, 64))
    torch.manual_seed(1)
    decoder = GuidedDecoder(trunk.channels, map_hw=(16, 16), channels=(8, 8, 8), blocks=(1, 1, 1)).eval()
    crops = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    boxes = torch.tensor([[0.1, 0.3, 0.9, 0.7], [0.3, 0.1, 0.7, 0.9]])
    with torch.inference_mode():
        features = trunk(crops)
        logits, uv, joints = GuidedRegressor(trunk, decoder)(crops, boxes)
        maps = decoder(features, boxes)
    assert [f.shape[1] for f in features[:4]] == list(trunk.channels)
    assert [f.shape[2] for f in features[:5]] == [16, 8, 4, 2, 16]
    assert logits.shape == (2, 25, 16, 16)
    assert uv.shape == (2, 48, 16, 16)
    assert torch.equal(logits, maps.logits)
    assert torch.equal(joints, features.joints)
    with torch.inference_mode():
        other = decoder(features, boxes.flip(0))
    assert not torch.allclose(other.logits, maps.logits), "the box is part of the question"
