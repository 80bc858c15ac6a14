"""Geodesic point similarity (GPS) of every detection with every annotated person of an image.

The paper, section 3.4, and the official evaluator: a point g metres from where it should be is worth exp(-g^2 / (2 kappa^2)); a
person is worth the mean over the points. A point that the detection does not cover is worth nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from vitruv.formats.annotation import Person
from vitruv.geometry import from_grid
from vitruv.metrics.point_index import PointIndex, blocks
from vitruv.metrics.rules import Rules
from vitruv.metrics.surfaces.protocol import GeodesicSurface
from vitruv.surface import KAPPA_GROUP_OF_CHART
from vitruv.types import AnyArray, BoolArray, Float32Array, Float64Array, Int32Array, Int64Array, UInt8Array


@dataclass(frozen=True, eq=False)
class TruePoints:
    """The annotated points of several people in a row.

    x, y: (n,) float64, pixels of the image, not yet cut to whole pixels. vertex: (n,) int32, -1 where the chart does not exist.
    group: (n,) int64, kappa group of the chart. kappa_m: (n,) float64. first: (p + 1,) int64, where the points of a person begin.
    """

    x: Float64Array
    y: Float64Array
    vertex: Int32Array
    group: Int64Array
    kappa_m: Float64Array
    first: Int64Array

    @cached_property
    def counted(self) -> Int64Array:
        """(p,) int64: how many points of each person have a vertex."""
        before = np.append(0, np.cumsum(self.vertex >= 0))
        return np.asarray(before[self.first[1:]] - before[self.first[:-1]], np.int64)

    def of(self, people: slice) -> TruePoints:
        """Those of some of the people."""
        first = self.first[people.start : people.stop + 1]
        cut = slice(int(first[0]), int(first[-1]))
        return TruePoints(self.x[cut], self.y[cut], self.vertex[cut], self.group[cut], self.kappa_m[cut], first - first[0])


@dataclass(frozen=True, eq=False)
class PointDistances:
    """d detections against the p people of one image, who have n points.

    gps: (d, p) float64. distances_m: (d, n) float32, infinite where the detection covers nothing. points: the people's points.
    """

    gps: Float64Array
    distances_m: Float32Array
    points: TruePoints


def true_points(people: Sequence[Person], surface: GeodesicSurface, kappa_m: Float64Array, rules: Rules) -> TruePoints:
    """The points of `people` on the surface; people without points have none here."""
    xs, ys, charts, us, vs, counts = [], [], [], [], [], []
    middle = 0.5 if rules.pixel_centers else 0.0
    for person in people:
        points = person.points
        if points is None or len(points.charts) != len(points):
            counts.append(0)
            continue
        x, y, w, h = person.bbox_xywh
        xs.append(from_grid(points.x, x, w, grid=rules.grid, middle=middle))
        ys.append(from_grid(points.y, y, h, grid=rules.grid, middle=middle))
        charts.append(points.charts)
        us.append(points.u)
        vs.append(points.v)
        counts.append(len(points))
    joined = [np.concatenate([*part, np.zeros(0)]) for part in (xs, ys, charts, us, vs)]
    vertex = surface.vertices(*joined[2:])
    known = np.where(vertex >= 0, joined[2], 0).astype(np.int64)
    group = KAPPA_GROUP_OF_CHART[known].astype(np.int64)
    first = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    return TruePoints(joined[0], joined[1], vertex, group, np.asarray(kappa_m, np.float64)[group], first)


@dataclass(frozen=True, eq=False)
class SurfaceQueries:
    """What several images want to know of the surface before their people can be measured.

    covered: entries of `index` whose point lies inside the detection. known: those of them where there are vertices to measure
    between, wanted and found: (k,) int32. people_of, counts: which people, and how many detections, are each image's.
    """

    points: TruePoints
    index: PointIndex
    covered: Int64Array
    known: Int64Array
    wanted: Int32Array
    found: Int32Array
    people_of: Sequence[slice]
    counts: Sequence[int]

    @classmethod
    def of(
        cls,
        points: TruePoints,
        people_of: Sequence[slice],
        boxes_of: Sequence[Float64Array],
        maps_of: Sequence[Sequence[UInt8Array]],
        surface: GeodesicSurface,
        rules: Rules,
    ) -> SurfaceQueries:
        """points: of all people. people_of: which of them are each image's. boxes_of: (d, 4) float64 x, y, w, h of each image's
        detections. maps_of: their chart maps, (3, h, w) uint8."""
        counts = [len(maps) for maps in maps_of]
        index = PointIndex.of(points.first, people_of, counts)
        covered, codes = _covered(index, points, np.concatenate([np.zeros((0, 4)), *boxes_of]), list(chain(*maps_of)), rules)
        found, wanted = surface.vertices_of_codes(codes), points.vertex[index.point[covered]]
        both = (found >= 0) & (wanted >= 0)
        return cls(points, index, covered, covered[both], wanted[both], found[both], people_of, counts)


def point_distances(some: Sequence[SurfaceQueries], surface: GeodesicSurface, rules: Rules) -> list[PointDistances]:
    """Measure all images of `some`, with one question to the surface."""
    wanted, found = (np.concatenate([np.zeros(0, np.int32), *(getattr(one, of) for one in some)]) for of in ("wanted", "found"))
    apart = np.split(surface.distances_m(wanted, found), np.cumsum([len(one.known) for one in some])[:-1]) if some else []
    return [image for one, known in zip(some, apart, strict=True) for image in _measured(one, known, rules)]


def _measured(asked: SurfaceQueries, known_m: Float32Array, rules: Rules) -> list[PointDistances]:
    index, points = asked.index, asked.points
    distances = np.full(len(index.point), np.inf, np.float32)
    distances[asked.known] = known_m
    touch = np.bincount(index.pair[asked.covered], minlength=len(index.person)) > 0
    gps = _means(_values(distances, asked, rules), index, points, touch)
    parts = [points.of(people) for people in asked.people_of]
    of_people = blocks([(d, people.stop - people.start) for d, people in zip(asked.counts, asked.people_of, strict=True)])
    of_points = blocks([(d, len(part.x)) for d, part in zip(asked.counts, parts, strict=True)])
    return [
        PointDistances(gps[pairs].reshape(shape), distances[entries].reshape(wide), part)
        for (pairs, shape), (entries, wide), part in zip(of_people, of_points, parts, strict=True)
    ]


def _covered(
    index: PointIndex, points: TruePoints, boxes_xywh: Float64Array, maps: Sequence[UInt8Array], rules: Rules
) -> tuple[Int64Array, UInt8Array]:
    """Entries whose point lies inside the detection, and the codes (3, n) of its map there."""
    cut: Callable[[Float64Array], Float64Array] = np.trunc if rules.truncate else np.floor
    corners = np.trunc(boxes_xywh[:, :2]) if rules.pixel_centers else boxes_xywh[:, :2]
    # A box thinner than a pixel has a map of one pixel, but by the official rule no point is inside it.
    sizes = np.array([m.shape[:0:-1] for m in maps]).reshape(-1, 2) if rules.pixel_centers else np.trunc(boxes_xywh[:, 2:])
    place = [cut(at[index.point] - corner[index.detection]) for at, corner in zip((points.x, points.y), corners.T, strict=True)]
    inside = [(at >= 0) & (at < side[index.detection]) for at, side in zip(place, sizes.T, strict=True)]
    covered = np.flatnonzero(inside[0] & inside[1])
    column, row = (at[covered].astype(np.int64) for at in place)
    cuts = np.searchsorted(index.detection[covered], np.arange(len(maps) + 1)).tolist()
    parts = [m[:, row[low:high], column[low:high]] for m, low, high in zip(maps, cuts[:-1], cuts[1:], strict=True) if low < high]
    return covered, np.concatenate([np.zeros((3, 0), np.uint8), *parts], axis=1)


def _values(distances: Float32Array, asked: SurfaceQueries, rules: Rules) -> Float64Array:
    """(e,) float64, what every entry is worth."""
    index, points, known = asked.index, asked.points, asked.known
    squared = distances[known].astype(np.float64) ** 2
    if rules.float32_squares:
        # "From the table" are distances between two vertices that are not the same.
        looked_up = np.bincount(index.pair[known[asked.wanted != asked.found]], minlength=len(index.person))
        from_table = looked_up == points.counted[index.person]
        squared = np.where(from_table[index.pair[known]], distances[known] ** 2, squared)
    values = np.zeros(len(distances))
    values[known] = similarity(squared, points.kappa_m[index.point[known]])
    return values


def _means(values: Float64Array, index: PointIndex, points: TruePoints, touch: BoolArray) -> Float64Array:
    """(q,) float64: the mean of each pair over the points that have a vertex, 0 without any, or where the detection covers none.

    Pairs with equally many points are the rows of a matrix: the order in which NumPy adds is part of the official number.
    """
    counts = (points.vertex >= 0)[index.point]
    start = (np.append(0, np.cumsum(counts)))[index.start]
    values, many = values[counts], points.counted[index.person] * touch
    means = np.zeros(len(start))
    for n in np.unique(many[many > 0]).tolist():
        chosen = np.flatnonzero(many == n)
        means[chosen] = values[start[chosen, None] + np.arange(n)].mean(axis=1)
    return means


def similarity(squared_m2: AnyArray, kappa_m: AnyArray) -> Float64Array:
    """exp(-d^2 / (2 kappa^2)) of squared geodesic distances; 0 where infinite."""
    return np.asarray(np.exp(-squared_m2 / (2 * kappa_m**2)), np.float64)


def geodesic_point_similarity(distances_m: AnyArray, kappa_m: AnyArray) -> float:
    """GPS of one person. distances_m: (n,) metres, infinite where nothing was found; kappa_m: (n,) or one. 0 without points."""
    distances = np.asarray(distances_m, np.float64)
    return float(similarity(distances**2, np.asarray(kappa_m)).mean()) if len(distances) else 0.0
