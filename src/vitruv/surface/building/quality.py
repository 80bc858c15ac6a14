"""How good charts are, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.surface.atlas import Atlas
from vitruv.surface.building.unwrap import outline_crosses_itself
from vitruv.surface.charts import NUM_CHARTS
from vitruv.surface.mesh import face_areas, is_disk, signed_uv_areas
from vitruv.types import AnyArray


@dataclass(frozen=True)
class ChartQuality:
    """One chart.

    area_filled: share of the unit square. size_m: metres along one unit of U and of V (area-weighted root mean square).
    stretch: mean over the area of the longer over the shorter axis that a small circle on the body becomes, after both axes of
    the chart are brought to the same unit; 1 is perfect. flips: triangles wound against the others. disk: one piece, one
    border, no handle. overlaps: whether the outline crosses itself.
    """

    chart: int
    faces: int
    vertices: int
    area_filled: float
    size_m: tuple[float, float]
    stretch: float
    flips: int
    handedness: int
    disk: bool
    overlaps: bool


def chart_quality(atlas: Atlas, chart: int) -> ChartQuality:
    """Measure one chart, 1..24."""
    chosen = atlas.chart_of_face == chart
    faces = atlas.chart_faces[chosen].astype(np.int64)
    names, local = np.unique(faces, return_inverse=True)
    local = local.reshape(-1, 3)
    uv = atlas.chart_uv[names].astype(np.float64)
    points = atlas.rest_vertices[atlas.chart_vertex[names]].astype(np.float64)
    signed = signed_uv_areas(uv, local)
    sense = 1 if signed.sum() >= 0 else -1
    disk = is_disk(local)
    size, stretch = _stretch(points, uv, local)
    return ChartQuality(
        chart=chart,
        faces=len(local),
        vertices=len(names),
        area_filled=float(np.abs(signed).sum()),
        size_m=size,
        stretch=stretch,
        flips=int((signed * sense <= 0).sum()),
        handedness=sense,
        disk=disk,
        overlaps=disk and outline_crosses_itself(uv, local),
    )


def all_chart_qualities(atlas: Atlas) -> list[ChartQuality]:
    """Charts 1 to 24."""
    return [chart_quality(atlas, chart) for chart in range(1, NUM_CHARTS + 1)]


def _stretch(points: AnyArray, uv: AnyArray, faces: AnyArray) -> tuple[tuple[float, float], float]:
    b, c = (uv[faces[:, k]] - uv[faces[:, 0]] for k in (1, 2))
    determinant = b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0]
    flat = np.abs(determinant) < 1e-15
    safe = np.where(flat, 1.0, determinant)
    p, q = (points[faces[:, k]] - points[faces[:, 0]] for k in (1, 2))
    by_u = (p * c[:, 1:] - q * b[:, 1:]) / safe[:, None]  # metres per unit of U, in space
    by_v = (q * b[:, :1] - p * c[:, :1]) / safe[:, None]
    weight = np.where(flat, 0.0, face_areas(points, faces))
    weight = weight / weight.sum()
    metric = np.stack([np.sum(by_u**2, 1), np.sum(by_u * by_v, 1), np.sum(by_v**2, 1)], axis=1)
    size_u, size_v = np.sqrt(weight @ metric[:, 0]), np.sqrt(weight @ metric[:, 2])
    e, f, g = metric[:, 0] / size_u**2, metric[:, 1] / (size_u * size_v), metric[:, 2] / size_v**2
    root = np.sqrt(np.maximum((e - g) ** 2 + 4 * f**2, 0.0))
    ratio = np.sqrt((e + g + root) / np.maximum(e + g - root, 1e-12))
    return (float(size_u), float(size_v)), float(weight @ np.where(flat, 1.0, ratio))
