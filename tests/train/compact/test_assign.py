from __future__ import annotations

import numpy as np
import torch

from vitruv.geometry import iou
from vitruv.networks import DetectorOutput
from vitruv.networks.compact_detector import cell_centres
from vitruv.train.compact.assign import assign, pairwise_iou
from vitruv.train.compact.detector_losses import detector_losses, generalised_iou

SIZE = (96, 96)


def _boxes(generator: torch.Generator, *shape: int) -> torch.Tensor:
    corners = torch.rand(*shape, 2, generator=generator) * 60
    return torch.cat([corners, corners + 10 + torch.rand(*shape, 2, generator=generator) * 30], dim=-1)


def test_iou_agrees_with_geometry() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = _boxes(generator, 5), _boxes(generator, 7)
    assert np.allclose(pairwise_iou(a, b).numpy(), iou(a.numpy(), b.numpy()), atol=1e-5)


def test_nobody_there() -> None:
    centres = cell_centres(SIZE)
    scores, boxes = torch.rand(2, len(centres)), torch.zeros(2, len(centres), 4)
    for people in (0, 3):
        got = assign(scores, boxes, centres, torch.zeros(2, people, 4), torch.zeros(2, people, dtype=torch.bool))
        assert (got.person == -1).all() and not got.score.any(), f"{people} padded people"


def test_against_the_rule_cell_by_cell() -> None:
    generator = torch.Generator().manual_seed(1)
    centres = cell_centres(SIZE)
    cells = len(centres)
    scores = torch.rand(1, cells, generator=generator)
    people = _boxes(generator, 1, 3)
    distances = torch.rand(1, cells, 4, generator=generator) * 30 + 2
    boxes = torch.cat([centres - distances[..., :2], centres + distances[..., 2:]], dim=-1)
    got = assign(scores, boxes, centres, people, torch.tensor([[True, True, True]]), top=4)

    overlap = iou(people[0].numpy(), boxes[0].numpy())
    owners: dict[int, tuple[float, int]] = {}
    suits = np.zeros((3, cells))
    for person in range(3):
        x1, y1, x2, y2 = people[0, person].tolist()
        inside = [c for c, (x, y) in enumerate(centres.tolist()) if x1 < x < x2 and y1 < y < y2]
        for cell in inside:
            suits[person, cell] = float(scores[0, cell]) ** 0.5 * (overlap[person, cell] + 1e-3) ** 6
        for cell in sorted(inside, key=lambda c, p=person: -suits[p, c])[:4]:
            owners[cell] = max(owners.get(cell, (-1.0, -1)), (float(overlap[person, cell]), person))
    assert {c: int(p) for c, p in enumerate(got.person[0]) if p >= 0} == {c: person for c, (_, person) in owners.items()}
    for person in range(3):
        mine = [c for c, (_, owner) in owners.items() if owner == person]
        best, largest = max(overlap[person, mine]), max(suits[person, mine])
        for cell in mine:
            expected = suits[person, cell] / largest * best
            assert abs(float(got.score[0, cell]) - expected) < 1e-4, f"score of cell {cell}"


def test_generalised_iou() -> None:
    a = torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 2], [0, 0, 1, 1]])
    b = torch.tensor([[0.0, 0, 2, 2], [1, 0, 3, 2], [3, 0, 4, 1]])
    # equal; a third common; apart: hull 4, union 2
    assert torch.allclose(generalised_iou(a, b), torch.tensor([1.0, 1 / 3, -0.5]))


def test_ignored_people_cost_nothing() -> None:
    centres = cell_centres(SIZE)
    people = torch.tensor([[[20.0, 20, 60, 80]]])
    logits = torch.full((1, len(centres)), -9.0)
    logits[0, ((centres > people[0, 0, :2]) & (centres < people[0, 0, 2:])).all(-1)] = 5.0  # cells see somebody
    boxes = people.expand(1, len(centres), 4).clone().requires_grad_()
    yes, no = torch.tensor([[True]]), torch.tensor([[False]])
    ignored, box = detector_losses(DetectorOutput(logits, boxes), centres, people, no, yes)
    stray, _ = detector_losses(DetectorOutput(logits, boxes), centres, people, no, no)
    found, exact = detector_losses(DetectorOutput(logits, boxes), centres, people, yes, no)
    assert ignored.item() < 1e-3 and box.item() == 0
    assert stray.item() > 100, "cells that see somebody where nobody is must cost"
    assert exact.item() < 1e-5, "all boxes are right"
    assert found.item() < stray.item()
