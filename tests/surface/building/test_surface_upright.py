"""The head's chart: laid into an outline without turning a triangle over."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.surface import Atlas
from vitruv.surface.building.upright import harmonic, mean_value_weights
from vitruv.surface.mesh import signed_uv_areas

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.4, 0.7]])
FAN = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])


def test_a_flat_piece_stays_as_it_is() -> None:
    points = np.concatenate([SQUARE, np.zeros((5, 1))], axis=1)
    layout = harmonic(mean_value_weights(points, FAN), np.arange(4), SQUARE[:4])
    assert layout == pytest.approx(SQUARE, abs=1e-12), "mean value coordinates reproduce a plane"


def test_with_the_whole_outline_given_nothing_is_left_to_do() -> None:
    points = np.concatenate([SQUARE, np.zeros((5, 1))], axis=1)
    assert (harmonic(mean_value_weights(points, FAN), np.arange(5), SQUARE) == SQUARE).all()


@pytest.mark.parametrize("height", [0.1, 1.0, 30.0])
def test_a_tent_is_laid_flat_without_folds(height: float) -> None:
    points = np.concatenate([SQUARE, [[0.0], [0.2], [0.0], [-0.1], [height]]], axis=1)
    weights = mean_value_weights(points, FAN)
    assert weights.data.min() > 0
    assert (signed_uv_areas(harmonic(weights, np.arange(4), SQUARE[:4]), FAN) > 0).all()


def test_the_head_stands_upright(atlas: Atlas) -> None:
    own = np.unique(atlas.chart_faces[atlas.chart_of_face == 24])
    uv, points = atlas.chart_uv[own], atlas.rest_vertices[atlas.chart_vertex[own]]
    middle = atlas.mirror_vertex[atlas.chart_vertex[own]] == atlas.chart_vertex[own]
    face, back = middle & (points[:, 1] < -0.1), middle & (points[:, 1] > 0.0)
    low = uv[:, 1] <= 0.75
    assert uv[face & low, 0].max() < 0.01 and uv[back & low, 0].min() > 0.96, "the midline runs up both sides"
    assert uv[middle][points[middle, 2].argmax(), 1] == 1.0, "the crown is on top"
    others = [np.unique(atlas.faces[atlas.chart_of_face == chart]) for chart in (1, 2)]
    behind, ahead = (uv[np.isin(atlas.chart_vertex[own], vertices)] for vertices in others)
    assert max(behind[:, 1].max(), ahead[:, 1].max()) < 0.11, "the neck lies along the bottom"
    assert ahead[:, 0].max() == pytest.approx(behind[:, 0].min()) == pytest.approx(0.61, abs=0.06)
