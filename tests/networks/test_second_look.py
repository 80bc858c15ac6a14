"""The second look's features and layers against slow, obvious ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitruv.networks import SecondLook


def maps(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(n)
    return torch.randn(n, 5, 6, 4, generator=generator), torch.randn(n, 3, 24, 16, generator=generator)


def test_no_boxes() -> None:
    look = SecondLook(5, 3, hidden=7)
    assert look(*maps(0), torch.zeros(0, 4), torch.zeros(0)).shape == (0,)


def slow_features(coarse: np.ndarray, fine: np.ndarray, place: np.ndarray, score: float) -> np.ndarray:
    found = []
    for cells in (coarse, fine):
        channels, height, width = cells.shape
        inside, outside = [], []
        for row in range(height):
            for column in range(width):
                x, y = (column + 0.5) / width, (row + 0.5) / height
                (inside if place[0] <= x <= place[2] and place[1] <= y <= place[3] else outside).append(cells[:, row, column])
        around = np.mean(outside, axis=0) if outside else np.zeros(channels)
        found += [np.mean(inside, axis=0), np.max(inside, axis=0), around]
    del found[4]  # no maxima of the finer map
    return np.concatenate([*found, [np.log(score / (1 - score))]])


def test_features_cell_by_cell() -> None:
    coarse, fine = maps(3)
    places = torch.tensor([[0.1, 0.05, 0.93, 0.95], [0.3, 0.2, 0.7, 0.8], [-0.2, -0.1, 1.2, 1.1]])
    scores = torch.tensor([0.2, 0.5, 0.9])
    fast = SecondLook(5, 3).features(coarse, fine, places, scores).numpy()
    for i in range(3):
        slow = slow_features(coarse[i].numpy(), fine[i].numpy(), places[i].numpy(), float(scores[i]))
        np.testing.assert_allclose(fast[i], slow, atol=1e-5)


@pytest.mark.parametrize("place", [(0.5, 0.5, 0.5, 0.5), (0.26, 0.34, 0.27, 0.9), (0.0, 0.0, 1e-3, 1e-3)])
def test_a_box_within_a_cell_still_has_features(place: tuple[float, ...]) -> None:
    coarse, fine = maps(1)
    features = SecondLook(5, 3).features(coarse, fine, torch.tensor([place]), torch.tensor([1.0]))
    assert features.abs().max() < 20


def test_a_folded_scale_changes_nothing() -> None:
    torch.manual_seed(0)
    look, features = SecondLook(5, 3), 10 * torch.randn(8, 22) + 3
    mean, deviation = features.mean(0), features.std(0)
    expected = look.judge((features - mean) / deviation)
    look.fold_scale(mean, deviation)
    torch.testing.assert_close(look.judge(features), expected, atol=1e-4, rtol=1e-4)
