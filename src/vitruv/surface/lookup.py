"""Finding the face under a point of a chart: bins of faces over every chart, and the nearest border for points outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from vitruv.errors import InputError
from vitruv.surface.charts import NUM_LABELS
from vitruv.surface.mesh import half_edges
from vitruv.surface.nearest import NearestInSquare
from vitruv.types import Float64Array, Int32Array, Int64Array, UInt8Array

_BINS = 96
_INSIDE = -1e-9


@dataclass(frozen=True, eq=False)
class ChartLookup:
    """Point location in all charts at once.

    uv: (n, 2) float64 of every chart vertex; faces: (f, 3) into them; chart_of_face: (f,) uint8.
    """

    uv: Float64Array
    faces: Int32Array
    chart_of_face: UInt8Array
    _outlines: dict[int, tuple[Int64Array, Int64Array, NearestInSquare]] = field(default_factory=dict, init=False, repr=False)
    _places: dict[int, tuple[Int64Array, NearestInSquare]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def _corners(self) -> Float64Array:
        return self.uv[self.faces]  # (f, 3, 2)

    @cached_property
    def _inverse(self) -> Float64Array:
        """(f, 2, 2): takes uv - corner 0 to the weights of corners 1 and 2; zero for faces without area."""
        b, c = (self._corners[:, k] - self._corners[:, 0] for k in (1, 2))
        area = b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            rows = np.stack([c[:, 1], -c[:, 0], -b[:, 1], b[:, 0]], axis=1) / area[:, None]
        return np.where(np.isfinite(rows), rows, 0.0).reshape(-1, 2, 2)

    @cached_property
    def _bins(self) -> tuple[Int64Array, Int64Array]:
        """Faces by bin: the faces of bin b are `found[first[b] : first[b + 1]]`, larger ones first."""
        low = np.clip((self._corners.min(axis=1) * _BINS).astype(np.int64), 0, _BINS - 1)
        high = np.clip((self._corners.max(axis=1) * _BINS).astype(np.int64), 0, _BINS - 1)
        size = high - low + 1
        count = size[:, 0] * size[:, 1]
        owner = np.repeat(np.arange(len(self.faces)), count)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
        column, row = low[owner, 0] + within % size[owner, 0], low[owner, 1] + within // size[owner, 0]
        bin_of = (self.chart_of_face[owner].astype(np.int64) * _BINS + row) * _BINS + column
        order = np.lexsort((-count[owner], bin_of))
        first = np.searchsorted(bin_of[order], np.arange(NUM_LABELS * _BINS * _BINS + 1))
        return first, owner[order]

    @cached_property
    def _border_edges(self) -> tuple[Int64Array, Int64Array]:
        """The border edges of all charts, as face and corner at which the edge starts."""
        directed = half_edges(self.faces)
        count = len(self.uv)
        single = ~np.isin(directed[:, 1] * count + directed[:, 0], directed[:, 0] * count + directed[:, 1])
        corner, face = np.divmod(np.flatnonzero(single), len(self.faces))
        return face, corner

    def _outline(self, chart: int) -> tuple[Int64Array, Int64Array, NearestInSquare]:
        """One chart's border: face and first corner of every edge, and the edges to search in."""
        if chart not in self._outlines:
            face, corner = (part[self.chart_of_face[self._border_edges[0]] == chart] for part in self._border_edges)
            self._check(chart)
            search = NearestInSquare(self._corners[face, corner], self._corners[face, (corner + 1) % 3])
            self._outlines[chart] = face, corner, search
        return self._outlines[chart]

    def _vertices(self, chart: int) -> tuple[Int64Array, NearestInSquare]:
        """One chart's vertices, and their places to search in."""
        if chart not in self._places:
            self._check(chart)
            vertices = np.unique(self.faces[self.chart_of_face == chart]).astype(np.int64)
            self._places[chart] = vertices, NearestInSquare(self.uv[vertices], self.uv[vertices])
        return self._places[chart]

    def _check(self, chart: int) -> None:
        if not (self.chart_of_face == chart).any():
            raise InputError(f"this surface has no chart {chart}")

    def locate(self, labels: UInt8Array, uv: Float64Array) -> tuple[Int64Array, Float64Array]:
        """Face (n,) and barycentric weights (n, 3) of every point; face -1 and weights 0 where label is 0.

        A point outside its chart's outline gets the nearest point of the outline.
        """
        face = np.full(len(labels), -1, np.int64)
        weights = np.zeros((len(labels), 3))
        first, found = self._bins
        known = np.where(labels[:, None] > 0, uv, 0.0)  # background may hold anything, NaN too
        cell = np.clip((np.clip(known, 0.0, 1.0) * _BINS).astype(np.int64), 0, _BINS - 1)
        bin_of = (labels.astype(np.int64) * _BINS + cell[:, 1]) * _BINS + cell[:, 0]
        open_points = np.flatnonzero(labels > 0)
        at, end = first[bin_of[open_points]], first[bin_of[open_points] + 1]
        outside = [open_points[at >= end]]
        while len(open_points):
            more = at < end
            open_points, at, end = open_points[more], at[more], end[more]
            candidate = found[at]
            inner = np.einsum("nij,nj->ni", self._inverse[candidate], uv[open_points] - self._corners[candidate, 0])
            inside = (inner.min(axis=1, initial=0.0) >= _INSIDE) & (inner.sum(axis=1) <= 1.0 - _INSIDE) & inner.any(axis=1)
            hit = open_points[inside]
            face[hit] = candidate[inside]
            weights[hit, 1:] = inner[inside]
            at += 1
            outside.append(open_points[~inside & (at >= end)])
            open_points, at, end = open_points[~inside], at[~inside], end[~inside]
        weights[:, 0] = np.where(face >= 0, 1.0 - weights[:, 1] - weights[:, 2], 0.0)
        self._snap(np.concatenate(outside), labels, uv, face, weights)
        np.clip(weights, 0.0, 1.0, out=weights)
        total = weights.sum(axis=1, keepdims=True)
        return face, np.divide(weights, total, out=weights, where=total > 0)

    def _snap(self, points: Int64Array, labels: UInt8Array, uv: Float64Array, face: Int64Array, weights: Float64Array) -> None:
        """Fill in, for points outside their chart, the nearest point of the chart's border."""
        for chart in np.unique(labels[points]):
            mine = points[labels[points] == chart]
            edge_face, edge_corner, outline = self._outline(int(chart))
            edge, share = outline.find(uv[mine])
            edge_face, edge_corner = edge_face[edge], edge_corner[edge]
            face[mine] = edge_face
            weights[mine] = 0.0
            weights[mine, edge_corner] = 1.0 - share
            weights[mine, (edge_corner + 1) % 3] = share

    def nearest_chart_vertex(self, labels: UInt8Array, uv: Float64Array) -> Int64Array:
        """(n,): the vertex of the same chart that lies nearest in UV (into `uv`), -1 for background."""
        nearest = np.full(len(labels), -1, np.int64)
        for chart in np.unique(labels[labels > 0]):
            vertices, places = self._vertices(int(chart))
            mine = np.flatnonzero(labels == chart)
            nearest[mine] = vertices[places.find(uv[mine])[0]]
        return nearest
