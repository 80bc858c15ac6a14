from __future__ import annotations

import numpy as np

from vitruv.synth.outline import cover_outline


def test_nobody_and_people_without_a_body() -> None:
    labels, uv = np.zeros((3, 4), np.uint8), np.zeros((2, 3, 4), np.uint8)
    for person in (np.zeros((3, 4), bool), np.ones((3, 4), bool)):
        covered, coordinates = cover_outline(labels, uv, person)
        assert not covered.any()
        assert not coordinates.any()


def test_hair_and_clothes_take_the_nearest_pixel_of_the_body() -> None:
    """Against the obvious search, and nothing that was known changes."""
    rng = np.random.default_rng(0)
    person = rng.random((12, 15)) < 0.8
    labels = np.where(person & (rng.random((12, 15)) < 0.2), rng.integers(1, 25, (12, 15)), 0).astype(np.uint8)
    uv = (rng.integers(1, 256, (2, 12, 15)) * (labels > 0)).astype(np.uint8)
    covered, coordinates = cover_outline(labels, uv, person)
    body = np.argwhere(labels > 0)
    for row, column in np.ndindex(12, 15):
        if not person[row, column]:
            assert covered[row, column] == 0
            continue
        distances = ((body - (row, column)) ** 2).sum(axis=1)
        nearest = {(labels[r, c], *uv[:, r, c]) for r, c in body[distances == distances.min()]}
        assert (covered[row, column], *coordinates[:, row, column]) in nearest
