"""From a body template to an atlas: partition, slits, geodesics, scaling, repair, orientation, mirror, kappa.

Only the left half and the trunk are unrolled; the right half gets the mirror image, so that mirroring is exact: limbs keep
(U, V), hands, feet and head get (1 - U, V), and the two torso charts are made symmetric about V = 1/2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vitruv.errors import InputError, MissingExtraError
from vitruv.surface.atlas import Atlas
from vitruv.surface.building.landmarks import find_landmarks
from vitruv.surface.building.orient import HANDEDNESS, orient, stretch
from vitruv.surface.building.partition import Partition, partition
from vitruv.surface.building.slits import split_along, texture_slit
from vitruv.surface.building.unwrap import classical_scaling, geodesic_distances, outline_crosses_itself, unfold
from vitruv.surface.building.upright import lay_upright
from vitruv.surface.charts import CHART_NAMES, KAPPA_GROUP_OF_CHART, KAPPA_GROUPS, MIRROR_CHART
from vitruv.surface.mesh import face_areas, is_disk, signed_uv_areas
from vitruv.surface.template import BodyTemplate
from vitruv.types import AnyArray, Float32Array, Float64Array, Int64Array

_TORSO = (1, 2)
_HAND, _FOOT, _HEAD = 4, 5, 24
_MIRRORED_U = (4, 5, 24)
_KAPPA_SOURCES = 24


@dataclass(frozen=True, eq=False)
class UnrolledChart:
    """faces: (f, 3) into the chart's own vertices; vertex_of: (n,) mesh vertex of each; uv: (n, 2) in [0, 1]."""

    faces: Int64Array
    vertex_of: Int64Array
    uv: Float64Array


def build_atlas(template: BodyTemplate, *, progress: Callable[[str], None] | None = None) -> Atlas:
    """Build the atlas. Takes about five minutes; needs the extra `build`. progress: called with each step in words.

    Raises InputError when a chart is no disk, or would fold or overlap.
    """
    say = progress or (lambda text: None)
    say("cutting the body into charts")
    pieces = partition(template)
    places = find_landmarks(template, pieces.chart_of_face) | pieces.corners
    charts: dict[int, UnrolledChart] = {}
    for chart in HANDEDNESS:
        say(f"unrolling chart {chart}, {CHART_NAMES[chart]}")
        charts[chart] = unroll(template, pieces, chart, places)
    say("measuring kappa")
    kappa = mean_distances(template, pieces.chart_of_face)
    return _assemble(template, pieces, charts, kappa)


def unroll(template: BodyTemplate, pieces: Partition, chart: int, places: dict[str, int]) -> UnrolledChart:
    """Unroll one chart of the left half or the trunk."""
    chosen = pieces.chart_of_face == chart
    cut = np.zeros((0, 2), np.int64)
    if chart == _HAND:
        cut = texture_slit(template, chosen, end=pieces.corners["wrist, thumb's side"])
    elif chart == _FOOT:
        cut = texture_slit(template, chosen)
    faces, vertex_of = split_along(template.faces[chosen], cut)
    if not is_disk(faces):
        raise InputError(f"chart {chart} is not a disk")
    points = template.vertices[vertex_of]
    if chart == _HEAD:
        uv = lay_upright(points, faces, vertex_of, places)
    else:
        layout = classical_scaling(geodesic_distances(points, faces))
        if signed_uv_areas(layout, faces).sum() < 0:
            layout = layout * [1.0, -1.0]
        uv = orient(unfold(layout, points, faces), chart, vertex_of, places, template.vertices)
    if chart in _TORSO:
        partner = np.searchsorted(vertex_of, template.mirror_vertex[vertex_of])
        uv = stretch((uv + uv[partner] * [1.0, -1.0] + [0.0, 1.0]) / 2)
    turned = signed_uv_areas(uv, faces) * HANDEDNESS[chart]
    if (turned <= 0).any() or outline_crosses_itself(uv, faces):
        raise InputError(f"chart {chart} overlaps itself after unrolling ({int((turned <= 0).sum())} inverted triangles)")
    return UnrolledChart(faces, vertex_of, uv)


def _assemble(template: BodyTemplate, pieces: Partition, charts: dict[int, UnrolledChart], kappa: Float32Array) -> Atlas:
    chart_faces = np.zeros((len(template.faces), 3), np.int64)
    vertex_of: list[AnyArray] = []
    uv: list[AnyArray] = []
    total = 0
    face_of = {tuple(sorted(face)): number for number, face in enumerate(template.faces.tolist())}
    for chart, made in sorted(charts.items()):
        own = np.flatnonzero(pieces.chart_of_face == chart)
        chart_faces[own] = made.faces + total
        vertex_of.append(made.vertex_of)
        uv.append(made.uv)
        total += len(made.uv)
        if chart in _TORSO:
            continue
        images = template.mirror_vertex[template.faces[own]]
        other = np.array([face_of[tuple(sorted(face))] for face in images.tolist()])
        if (pieces.chart_of_face[other] != MIRROR_CHART[chart]).any():
            raise InputError(f"the mirror image of chart {chart} is not one chart")
        corner = (template.faces[other][:, :, None] == images[:, None, :]).argmax(axis=2)
        chart_faces[other] = np.take_along_axis(made.faces, corner, axis=1) + total
        vertex_of.append(template.mirror_vertex[made.vertex_of])
        uv.append(made.uv * [-1.0, 1.0] + [1.0, 0.0] if chart in _MIRRORED_U else made.uv)
        total += len(made.uv)
    return Atlas(
        rest_vertices=template.vertices.astype(np.float32),
        faces=template.faces.astype(np.int32),
        chart_of_face=pieces.chart_of_face,
        chart_vertex=np.concatenate(vertex_of).astype(np.int32),
        chart_faces=chart_faces.astype(np.int32),
        chart_uv=np.clip(np.concatenate(uv), 0.0, 1.0).astype(np.float32),
        mirror_vertex=template.mirror_vertex.astype(np.int32),
        kappa_m=kappa,
    )


def mean_distances(template: BodyTemplate, chart_of_face: AnyArray) -> Float32Array:
    """(8,) metres: mean geodesic distance over the body between two points of the same part (of one side), by KAPPA_GROUPS.

    Both points are spread evenly over the part's area; one of them is sampled.
    """
    try:
        from pygeodesic.geodesic import PyGeodesicAlgorithmExact
    except ImportError as error:
        raise MissingExtraError("pygeodesic", "build") from error
    solver = PyGeodesicAlgorithmExact(template.vertices, template.faces)
    area = face_areas(template.vertices, template.faces)
    left = template.vertices[template.faces, 0].mean(axis=1) > 0
    rng = np.random.default_rng(0)
    kappa = np.zeros(len(KAPPA_GROUPS), np.float32)
    for group, name in enumerate(KAPPA_GROUPS):
        whole = name in ("torso", "head")
        chosen = (KAPPA_GROUP_OF_CHART[chart_of_face] == group) & (left | whole)
        weight = np.zeros(len(template.vertices))
        np.add.at(weight, template.faces[chosen], area[chosen, None] / 3)
        weight /= weight.sum()
        sources = rng.choice(len(weight), _KAPPA_SOURCES, p=weight)
        means = [solver.geodesicDistances(np.array([source], np.int32))[0] @ weight for source in sources]
        kappa[group] = np.mean(means)
    return kappa
