"""Which places of the picture show which places of the body: what a body is fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.results import Person
from vitruv.surface import NUM_CHARTS, Atlas, SurfacePoints
from vitruv.types import BoolArray, Float64Array, UInt8Array

_PER_CHART = 30
_LEAST_PER_CHART = 6  # fewer pixels of a chart are more often a mistake than a limb


@dataclass(frozen=True, eq=False)
class Correspondences:
    """n pairs of a place in the picture and one on the body.

    xy: (n, 2) float64, pixels of the picture. points: on the body's surface. charts: (n,) uint8, 1..24. weight: (n,) float64: a
    chart that is seen on many pixels counts for more, by the root of their number; the mean is 1.
    """

    xy: Float64Array
    points: SurfacePoints
    charts: UInt8Array
    weight: Float64Array

    def __len__(self) -> int:
        return len(self.xy)


def correspondences_of(person: Person, atlas: Atlas) -> Correspondences:
    """Up to `_PER_CHART` pixels of every chart, spread evenly over it; pixels at the rim of a chart, where labels are least sure,
    are left out where it has enough others. The same person gives the same pairs."""
    labels, uv = person.chart.labels, person.chart.uv
    inner = _inner(labels)
    rows, columns, weight = [], [], []
    for chart in range(1, NUM_CHARTS + 1):
        ys, xs = np.nonzero(labels == chart)
        if len(ys) < _LEAST_PER_CHART:
            continue
        sure = inner[ys, xs]
        if sure.sum() >= _PER_CHART:
            ys, xs = ys[sure], xs[sure]
        chosen = np.unique(np.linspace(0, len(ys) - 1, _PER_CHART).round().astype(np.int64))
        rows.append(ys[chosen])
        columns.append(xs[chosen])
        weight.append(np.full(len(chosen), np.sqrt((labels == chart).sum()) / len(chosen)))
    if not rows:
        empty = SurfacePoints(np.zeros(0, np.int32), np.zeros((0, 3)))
        return Correspondences(np.zeros((0, 2)), empty, np.zeros(0, np.uint8), np.zeros(0))
    y, x, w = np.concatenate(rows), np.concatenate(columns), np.concatenate(weight)
    left, top = person.placement_xywh[:2]
    points = atlas.locate(labels[y, x], uv[:, y, x].T)
    xy = np.stack([x + left + 0.5, y + top + 0.5], axis=1).astype(np.float64)
    return Correspondences(xy, points, labels[y, x], w / w.mean())


def _inner(labels: UInt8Array) -> BoolArray:
    """Pixels whose eight neighbours have the same label."""
    padded = np.pad(labels, 1)
    same = np.ones(labels.shape, bool)
    height, width = labels.shape
    for dy in range(3):
        for dx in range(3):
            same &= padded[dy : dy + height, dx : dx + width] == labels
    return same
