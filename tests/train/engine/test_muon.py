from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fake_people import FakeFeatures
from tiny_run import tiny_loop, tiny_task
from vitruv.train import train
from vitruv.train.engine.files import read_scalars
from vitruv.train.engine.loop import inner_weights
from vitruv.train.engine.muon import MuonAdamW, orthogonal


@pytest.mark.parametrize("shape", [(1, 1), (8, 30), (30, 8), (40, 40)])
def test_all_directions_become_equally_long(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    stretched = torch.randn(shape) @ torch.diag(torch.linspace(0.3, 3, shape[1]))
    found = orthogonal(stretched)
    values = torch.linalg.svdvals(found)
    assert found.shape == shape and values.max() < 1.3
    assert values.median() > 0.6
    left, _, right = torch.linalg.svd(stretched, full_matrices=False)
    assert (found * (left @ right)).sum() > 0.9 * found.norm() * (left @ right).norm(), "along the nearest orthogonal matrix"


def test_nothing_stays_nothing() -> None:
    assert orthogonal(torch.zeros(3, 5)).abs().max() == 0


def test_without_matrices_it_is_adamw() -> None:
    weights = [torch.nn.Parameter(torch.arange(4.0)) for _ in range(2)]
    settings = {"lr": 0.1, "betas": (0.9, 0.99), "weight_decay": 0.3}
    ours = MuonAdamW([], [{"params": [weights[0]], "weight_decay": 0.3}], lr=0.1, momentum=0.9, weight_decay=0.5)
    theirs = torch.optim.AdamW([weights[1]], **settings)
    for _ in range(3):
        for weight in weights:
            weight.grad = weight.detach() ** 2
        ours.step()
        theirs.step()
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=0)


def test_the_first_step_has_the_size_of_adamws() -> None:
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(16, 8, 3, 3))
    optimizer = MuonAdamW([weight], [], lr=0.1, momentum=0.95, weight_decay=0.5)
    weight.grad = torch.randn_like(weight)
    optimizer.step()
    assert weight.detach().square().mean().sqrt() == pytest.approx(0.1 * 0.2, rel=0.2)
    assert (weight.detach() * weight.grad).sum() < 0, "downhill"


def test_predicting_layers_are_left_to_adamw() -> None:
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 32, 3, bias=False),
        torch.nn.Conv2d(32, 64, 3, bias=False),
        torch.nn.Conv2d(64, 64, 3),
        torch.nn.Conv2d(64, 35, 1),
        torch.nn.ConvTranspose2d(64, 35, 4),
    )
    assert [tuple(weight.shape) for weight in inner_weights(network)] == [(64, 32, 3, 3), (64, 64, 3, 3)]


def test_resumed_equals_unbroken(tmp_path: Path) -> None:
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    settings = {"optimizer": "muon", "momentum": 0.95}
    for folder in (broken, whole):
        folder.mkdir()
    run = train(tiny_task(), FakeFeatures(), tiny_loop(8, **settings), broken)
    assert [next(run).step, next(run).step] == [2, 4]
    run.close()
    list(train(tiny_task(), FakeFeatures(), tiny_loop(8, **settings), broken))
    list(train(tiny_task(), FakeFeatures(), tiny_loop(8, **settings), whole))
    assert [line["means"] for line in read_scalars(broken)] == [line["means"] for line in read_scalars(whole)]
