"""Geodesic point similarity (GPS) of every detection with every annotated person of an image.

The paper, section 3.4, and the official evaluator: a point g metres from where it should be is worth exp(-g^2 / (2 kappa^2)); a
person is worth the mean over the points. A point that the detection does not cover is worth nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vitruv.formats.annotation import Person
from vitruv.metrics.rules import Rules
from vitruv.metrics.surfaces import GeodesicSurface
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
        xs.append((points.x + middle) * w / rules.grid + x)
        ys.append((points.y + middle) * h / rules.grid + y)
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
class _Image:
    """One image among several that are measured together: its people and its detections."""

    points: slice
    people: slice
    boxes_xywh: Float64Array
    maps: Sequence[UInt8Array]


def point_distances(
    points: TruePoints,
    people_of: Sequence[slice],
    boxes_of: Sequence[Float64Array],
    maps_of: Sequence[Sequence[UInt8Array]],
    surface: GeodesicSurface,
    rules: Rules,
) -> list[PointDistances]:
    """Measure several images at once.

    points: of all their people. people_of: which of the people are each image's. boxes_of: (d, 4) float64 x, y, w, h of each
    image's detections. maps_of: their chart maps, (3, h, w) uint8.
    """
    images = [
        _Image(slice(int(points.first[people.start]), int(points.first[people.stop])), people, boxes, maps)
        for people, boxes, maps in zip(people_of, boxes_of, maps_of, strict=True)
    ]
    true_parts, code_parts, place_parts, shapes, inside_of = [], [], [], [], []
    begin = 0
    for image in images:
        inside = np.zeros((len(image.maps), image.points.stop - image.points.start), bool)
        for d, (columns, rows, covered) in enumerate(_covered(image, points, rules)):
            inside[d, covered] = True
            true_parts.append(image.points.start + covered)
            code_parts.append(image.maps[d][:, rows, columns])
            place_parts.append(begin + d * inside.shape[1] + covered)
        inside_of.append(inside)
        shapes.append((begin, inside.shape))
        begin += inside.size
    distances = np.full(begin, np.inf, np.float32)
    looked_up = np.zeros(begin, bool)
    if true_parts:
        true, place = np.concatenate(true_parts), np.concatenate(place_parts)
        found = surface.vertices_of_codes(np.concatenate(code_parts, axis=1))
        wanted = points.vertex[true]
        both = (found >= 0) & (wanted >= 0)
        distances[place[both]] = surface.distances_m(wanted[both], found[both])
        looked_up[place[both]] = wanted[both] != found[both]
    result = []
    for image, inside, (start, shape) in zip(images, inside_of, shapes, strict=True):
        block = slice(start, start + shape[0] * shape[1])
        result.append(_scored(image, points, inside, distances[block].reshape(shape), looked_up[block].reshape(shape), rules))
    return result


def _covered(image: _Image, points: TruePoints, rules: Rules) -> list[tuple[Int64Array, Int64Array, Int64Array]]:
    """For each detection: columns and rows in its map of the points it covers, and which of the image's points those are."""
    x, y = points.x[image.points], points.y[image.points]
    cut: Callable[[Float64Array], Float64Array] = np.trunc if rules.truncate else np.floor
    result = []
    for box, chart_map in zip(image.boxes_xywh, image.maps, strict=True):
        left, top = (np.trunc(box[:2]) if rules.pixel_centers else box[:2]).tolist()
        column, row = cut(x - left), cut(y - top)
        # A box thinner than a pixel has a map of one pixel, but by the official rule no point is inside it.
        width, height = (chart_map.shape[2], chart_map.shape[1]) if rules.pixel_centers else np.trunc(box[2:]).tolist()
        covered = np.flatnonzero((column >= 0) & (column < width) & (row >= 0) & (row < height))
        result.append((column[covered].astype(np.int64), row[covered].astype(np.int64), covered))
    return result


def _scored(
    image: _Image, points: TruePoints, inside: BoolArray, distances: Float32Array, looked_up: BoolArray, rules: Rules
) -> PointDistances:
    vertex, kappa = points.vertex[image.points], points.kappa_m[image.points]
    values = similarity(distances.astype(np.float64) ** 2, kappa)
    gps = np.zeros((len(image.maps), image.people.stop - image.people.start))
    for g, person in enumerate(range(image.people.start, image.people.stop)):
        columns = np.arange(points.first[person], points.first[person + 1]) - image.points.start
        counted = columns[vertex[columns] >= 0]
        if not len(counted):
            continue
        # By row, contiguous: the order in which NumPy adds is part of the official number.
        chosen = np.ascontiguousarray(values[:, counted])
        if rules.float32_squares:
            for d in np.flatnonzero(looked_up[:, counted].all(axis=1)):
                chosen[d] = similarity(distances[d, counted] ** 2, kappa[counted])
        gps[:, g] = np.where(inside[:, columns].any(axis=1), chosen.mean(axis=1), 0.0)
    return PointDistances(gps, distances, _part(points, image))


def similarity(squared_m2: AnyArray, kappa_m: AnyArray) -> Float64Array:
    """exp(-d^2 / (2 kappa^2)) of squared geodesic distances; 0 where infinite."""
    return np.asarray(np.exp(-squared_m2 / (2 * kappa_m**2)), np.float64)


def geodesic_point_similarity(distances_m: AnyArray, kappa_m: AnyArray) -> float:
    """GPS of one person. distances_m: (n,) metres, infinite where nothing was found; kappa_m: (n,) or one. 0 without points."""
    distances = np.asarray(distances_m, np.float64)
    return float(similarity(distances**2, np.asarray(kappa_m)).mean()) if len(distances) else 0.0


def _part(points: TruePoints, image: _Image) -> TruePoints:
    cut = image.points
    first = points.first[image.people.start : image.people.stop + 1] - cut.start
    return TruePoints(points.x[cut], points.y[cut], points.vertex[cut], points.group[cut], points.kappa_m[cut], first)
