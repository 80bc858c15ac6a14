from __future__ import annotations

import numpy as np
import pytest
import torch

from vitruv.geometry.proposals import DETECTION_WEIGHTS, decode_deltas
from vitruv.train.densepose.region_targets import dense_in_regions, grid_in_regions, points_in_regions
from vitruv.train.densepose.regions import anchor_targets, sample_regions

PEOPLE = np.array([[10, 10, 50, 90], [60, 20, 100, 80]], np.float32)


def test_nobody_is_all_background() -> None:
    rng = np.random.default_rng(0)
    boxes = np.array([[0, 0, 10, 10], [5, 5, 20, 20]], np.float32)
    nobody = np.zeros((0, 4), np.float32)
    targets = anchor_targets(boxes, nobody, rng, sampled=4)
    assert targets.labels.tolist() == [0, 0] and not targets.deltas.any()
    regions = sample_regions(boxes, nobody, rng)
    assert regions.person.tolist() == [-1, -1] and not regions.deltas.any()
    assert len(sample_regions(nobody, nobody, rng).person) == 0


def test_anchors_match_as_published() -> None:
    anchors = np.array([[10, 10, 50, 90], [10, 10, 50, 60], [0, 0, 8, 8], [60, 20, 100, 50], [60, 20, 90, 80]], np.float32)
    targets = anchor_targets(anchors, PEOPLE, np.random.default_rng(0), sampled=10)
    # IoU .62 is neither; .75 is the best for the second person; the far one is background.
    assert targets.labels.tolist() == [1, -1, 0, -1, 1]
    few = anchor_targets(np.array([[60, 20, 100, 40]], np.float32), PEOPLE, np.random.default_rng(0))
    assert few.labels.tolist() == [1], "the best for a person counts, however badly it fits (IoU 1/3)"


def test_half_of_the_sampled_anchors_are_people_at_most() -> None:
    anchors = np.concatenate([np.repeat(PEOPLE, 50, axis=0), np.tile(np.array([[0, 0, 5, 5]], np.float32), (100, 1))])
    labels = anchor_targets(anchors, PEOPLE, np.random.default_rng(0), sampled=20).labels
    assert (labels == 1).sum() == 10 and (labels == 0).sum() == 10


def test_regions_hold_the_people_themselves() -> None:
    proposals = np.array([[12, 12, 50, 90], [0, 0, 20, 20]], np.float32)
    regions = sample_regions(proposals, PEOPLE, np.random.default_rng(0), sampled=16)
    people = regions.person >= 0
    assert people.sum() == 3 and (~people).sum() == 1
    assert sorted(regions.overlap[people].tolist())[1:] == [1, 1]
    moved = decode_deltas(regions.boxes_xyxy[people], regions.deltas[people], DETECTION_WEIGHTS)
    np.testing.assert_allclose(moved, PEOPLE[regions.person[people]], atol=1e-3)


def test_a_quarter_of_the_regions_at_most() -> None:
    proposals = np.concatenate([np.repeat(PEOPLE, 20, axis=0), np.tile(np.array([[0, 0, 5, 5]], np.float32), (100, 1))])
    regions = sample_regions(proposals, PEOPLE, np.random.default_rng(0), sampled=16)
    assert (regions.person >= 0).sum() == 4 and len(regions.person) == 16


def test_points_in_regions() -> None:
    """A loop over the points: the half-open box, cells counted from the left edge, no half-cell shift."""
    points = torch.zeros(1, 196, 5)
    points[0, 0] = torch.tensor([10.0, 20.0, 3, 0.1, 0.2])  # the corner itself
    points[0, 1] = torch.tensor([30.0, 40.0, 4, 0.3, 0.4])  # the far corner: out
    points[0, 2] = torch.tensor([25.0, 35.0, 24, 0.5, 0.6])
    points[0, 3] = torch.tensor([9.9, 30.0, 5, 0.5, 0.6])  # left of it
    found = points_in_regions(points, torch.tensor([[10.0, 20, 30, 40]]), 56)
    assert found.chart.tolist() == [3, 24]
    assert found.x.tolist() == [0, 42] and found.y.tolist() == [0, 42]
    torch.testing.assert_close(found.uv, torch.tensor([[0.1, 0.2], [0.5, 0.6]]))


@pytest.mark.parametrize("last", [255, 256])
def test_grid_in_regions(last: int) -> None:
    rng = np.random.default_rng(0)
    grid = rng.integers(0, 31, (1, 256, 256)).astype(np.uint8)
    person, box, side = (10.0, 20.0, 60.0, 100.0), (0.0, 30.0, 70.0, 90.0), 7
    slow = np.zeros((side, side), np.uint8)
    for j in range(side):
        for i in range(side):
            x, y = box[0] + i * (box[2] - box[0]) / side, box[1] + j * (box[3] - box[1]) / side
            column = round((x - person[0]) * last / (person[2] - person[0]))
            row = round((y - person[1]) * last / (person[3] - person[1]))
            if 0 <= column < 256 and 0 <= row < 256:
                slow[j, i] = grid[0, row, column]
    found = grid_in_regions(torch.from_numpy(grid), torch.tensor([person]), torch.tensor([box]), side, last=last)
    assert (found[0].numpy() == slow).all() and (slow[:, 0] == 0).all(), "left of the person's box is background"


def test_dense_in_regions() -> None:
    iuv = torch.zeros(1, 40, 40, 3, dtype=torch.uint8)
    iuv[0, 10:30, 10:30] = torch.tensor([7, 51, 102], dtype=torch.uint8)
    seen = torch.zeros(1, 40, 40, dtype=torch.uint8)
    seen[0, 10:30, 10:20], seen[0, 10:30, 20:30] = 1, 2
    zero = torch.zeros(1, dtype=torch.long)
    found = dense_in_regions(iuv, seen, zero, zero, torch.tensor([[10.0, 10, 30, 30]]), 4)
    assert found.chart.view(4, 4).tolist() == [[7, 7, 0, 0]] * 4, "the other person is background"
    assert found.x.tolist() == [0, 1, 2, 3] * 4 and found.y.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    torch.testing.assert_close(found.uv[0], torch.tensor([0.2, 0.4]))
