"""From answers to errors: geodesic distance to the truth, and the same spread over the whole surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from vitruv.annotate.domain.agreement import surface_points
from vitruv.annotate.domain.points import points_of
from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.schema import annotators, people, tasks
from vitruv.annotate.study.scenes import truth_of
from vitruv.surface import Atlas, SurfacePoints
from vitruv.surface.charts import PART_OF_CHART
from vitruv.types import Float64Array, Int64Array

_REACH_M = 0.04  # how far a point's error speaks for the surface around it
_LEAST_WEIGHT = 0.05


@dataclass(frozen=True, eq=False)
class StudyErrors:
    """One entry per answered point.

    error_m: (n,) geodesic distance to the truth. part: (n,) 1..14, of the true point. annotator: n names. photo: (n,) which photo.
    truth: where the points truly are. skipped: points that were called not visible though they are.
    """

    error_m: Float64Array
    part: Int64Array
    annotator: tuple[str, ...]
    photo: Int64Array
    truth: SurfacePoints
    skipped: int


def study_errors(project: Project, atlas: Atlas) -> StudyErrors:
    """All finished points of the study photos of a project."""
    with project.store.read() as connection:
        query = (
            sa.select(tasks, people.c.x, people.c.y, people.c.w, people.c.h, annotators.c.name)
            .join(people, people.c.id == tasks.c.person_id)
            .join(annotators, annotators.c.id == tasks.c.annotator_id)
            .where(tasks.c.kind == "points", tasks.c.state.in_(("submitted", "accepted")), people.c.source == "study")
            .order_by(tasks.c.photo_id, tasks.c.replica)
        )
        work = [(row, points_of(connection, row.id)) for row in connection.execute(query).all()]
    rows: list[dict[str, Any]] = []
    truths: list[SurfacePoints] = []
    names: list[str] = []
    photo_ids: list[str] = []
    skipped = 0
    for task, points in work:
        truth = truth_of(project, atlas, task.photo_id, {side: getattr(task, side) for side in "xywh"}, points)
        placed = np.array([point["state"] == "placed" for point in points], bool) & (truth.face >= 0)
        skipped += int((~placed & (truth.face >= 0)).sum())
        rows += [point for point, used in zip(points, placed, strict=True) if used]
        truths.append(SurfacePoints(truth.face[placed], truth.barycentric[placed]))
        names += [task.name] * int(placed.sum())
        photo_ids += [task.photo_id] * int(placed.sum())
    none = SurfacePoints(np.zeros(0, np.int32), np.zeros((0, 3)))
    truth = SurfacePoints(
        np.concatenate([t.face for t in [none, *truths]]), np.concatenate([t.barycentric for t in [none, *truths]])
    )
    return StudyErrors(
        error_m=atlas.distances_m(truth, surface_points(rows)),
        part=PART_OF_CHART[atlas.chart_of_face[truth.face]].astype(np.int64),
        annotator=tuple(names),
        photo=np.unique(np.array(photo_ids, dtype=str), return_inverse=True)[1].astype(np.int64),
        truth=truth,
        skipped=skipped,
    )


def error_map(atlas: Atlas, errors: StudyErrors) -> Float64Array:
    """(v,) error at every vertex, metres; NaN where no photo shows it.

    In each photo, a vertex takes the mean of the errors around it in its part, weighted by nearness in the rest pose; then
    photos are averaged.
    """
    vertices = atlas.rest_vertices.astype(np.float64)
    part_of_vertex = np.zeros(len(vertices), np.int64)
    part_of_vertex[atlas.faces.ravel()] = np.repeat(PART_OF_CHART[atlas.chart_of_face], 3)
    places = atlas.positions(errors.truth, atlas.rest_vertices)
    total, photos = np.zeros(len(vertices)), np.zeros(len(vertices))
    for photo in np.unique(errors.photo):
        weighted, weights = np.zeros(len(vertices)), np.zeros(len(vertices))
        for i in np.flatnonzero(errors.photo == photo):
            near = np.flatnonzero(part_of_vertex == errors.part[i])
            weight = np.exp(-((vertices[near] - places[i]) ** 2).sum(axis=1) / (2 * _REACH_M**2))
            weighted[near] += weight * errors.error_m[i]
            weights[near] += weight
        known = weights > _LEAST_WEIGHT
        total[known] += weighted[known] / weights[known]
        photos[known] += 1
    return np.where(photos > 0, total / np.maximum(photos, 1), np.nan)
