"""Every detection of an image with every point and every person of the same image, for several images in one row of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vitruv.types import Int64Array


@dataclass(frozen=True, eq=False)
class PointIndex:
    """Image after image, in each detection after detection: e entries, one for each point, and q pairs, one for each person.

    point, detection: (e,) int64, what an entry is about, counted over all images. pair: (e,) int64, the pair it belongs to.
    person: (q,) int64, of each pair. start: (q,) int64, the entry at which the points of a pair begin.
    """

    point: Int64Array
    detection: Int64Array
    pair: Int64Array
    person: Int64Array
    start: Int64Array

    @classmethod
    def of(cls, first: Int64Array, people_of: Sequence[slice], detections: Sequence[int]) -> PointIndex:
        """first: (p + 1,), where the points of each person begin. people_of: which people are each image's. detections: number of
        each image's."""
        begin = np.array([people.start for people in people_of], np.int64)
        end = np.array([people.stop for people in people_of], np.int64)
        image = np.repeat(np.arange(len(begin)), detections)  # of each detection
        points, people = (first[end] - first[begin])[image], (end - begin)[image]
        entries, pairs = np.cumsum(points) - points, np.cumsum(people) - people
        point = np.arange(int(points.sum())) + np.repeat(first[begin[image]] - entries, points)
        person = np.arange(int(people.sum())) + np.repeat(begin[image] - pairs, people)
        owner = np.repeat(np.arange(len(first) - 1), np.diff(first))
        return cls(
            point,
            np.repeat(np.arange(len(image)), points),
            owner[point] + np.repeat(pairs - begin[image], points),
            person,
            first[person] + np.repeat(entries - first[begin[image]], people),
        )


def blocks(shapes: Sequence[tuple[int, int]]) -> Iterator[tuple[slice, tuple[int, int]]]:
    """Where each of several matrices stands that lie one behind the other, and its shape."""
    at = 0
    for shape in shapes:
        yield slice(at, at + shape[0] * shape[1]), shape
        at += shape[0] * shape[1]
