"""Where an annotator is asked: how many points a part gets, and which pixels of its mask.

The paper samples every visible part with k-means and at most 14 points (section 3.1, "annotation system"). The numbers and
the order were read off real DensePose-COCO masks: points lie at the centroids of their Voronoi cells to about a pixel.
"""

from __future__ import annotations

import numpy as np

from vitruv.errors import InputError
from vitruv.types import BoolArray, Float32Array, Float64Array, Int64Array

PART_ORDER = (1, 14, 6, 7, 10, 11, 8, 9, 12, 13, 4, 5, 2, 3)
"""The parts in the order in which DensePose-COCO lists their points: torso, head, then limbs from the trunk outwards."""

# From this area on (pixels of the grid), this many points. 9, 11 and 13 never occur in real data.
_STEPS = ((0, 5), (300, 6), (600, 7), (700, 8), (970, 10), (1450, 12), (2000, 14))

_MAX_ROUNDS = 100
_SETTLED_PX = 0.15  # the last move of a centre; real points lie within about a pixel of their centroid
_STRIDES_PX = (4, 2, 1)
_PIXELS_PER_CENTRE = 30


def point_count(area: int) -> int:
    """Points for a part whose mask covers `area` pixels of the 256 x 256 grid: 5 to 14, fewer only where pixels are fewer."""
    if area < 0:
        raise InputError(f"area must not be negative, but got {area}")
    count = 0
    for start, points in _STEPS:
        if area >= start:
            count = points
    return min(count, area)


def sample_points(mask: BoolArray, count: int, rng: np.random.Generator) -> Float32Array:
    """Spread points over a mask, roughly equally far from one another.

    They are the centroids of k-means on the mask's pixels; a centroid outside the mask (in a hole, between two pieces) moves to
    the nearest pixel inside, so the pixel that a point rounds to always lies in the mask.

    mask: (256, 256) bool (any size is accepted). count: how many; a mask of fewer pixels gives one point for each.
    Returns (n, 2) float32 x, y in pixel-index coordinates of the mask (the centre of the first pixel is 0, as in `dp_x` and
    `dp_y`), n <= count, sorted from top to bottom. An empty mask gives (0, 2). The same generator state gives the same points.
    """
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise InputError(f"mask must be (h, w) bool, but got {mask.shape} {mask.dtype}")
    if count < 0:
        raise InputError(f"count must not be negative, but got {count}")
    rows, columns = np.nonzero(mask)
    pixels = np.column_stack([columns, rows]).astype(np.float64)  # (m, 2) x, y
    count = min(count, len(pixels))
    if count == 0:
        return np.zeros((0, 2), np.float32)
    if count == len(pixels):
        points = pixels
    else:
        points = _snap(_settle(pixels, _far_apart(pixels, count, rng)), mask, pixels)
    return points[np.lexsort((points[:, 0], points[:, 1]))].astype(np.float32)


def _far_apart(pixels: Float64Array, count: int, rng: np.random.Generator) -> Float64Array:
    """Distinct first centres: a random pixel, then again and again the pixel farthest from all centres so far."""
    centres = [pixels[rng.integers(len(pixels))]]
    distance = np.full(len(pixels), np.inf)
    for _ in range(count - 1):
        distance = np.minimum(distance, ((pixels - centres[-1]) ** 2).sum(axis=1))
        centres.append(pixels[int(distance.argmax())])
    return np.stack(centres)


def _settle(pixels: Float64Array, centres: Float64Array) -> Float64Array:
    """k-means from these centres: first on every 16th and every 4th pixel, where they cover most of their way at little cost."""
    for step in _STRIDES_PX:
        some = pixels[(pixels % step == 0).all(axis=1)]
        if step == 1 or len(some) >= _PIXELS_PER_CENTRE * len(centres):
            centres = _lloyd(some, centres)
    return centres


def _lloyd(pixels: Float64Array, centres: Float64Array) -> Float64Array:
    """Every centre moves to the mean of the pixels nearest to it until none moves any more."""
    x, y = np.ascontiguousarray(pixels.T)
    x32, y32 = x.astype(np.float32), y.astype(np.float32)
    for _ in range(_MAX_ROUNDS):
        nearest = _nearest(x32, y32, centres.astype(np.float32))
        sizes = np.bincount(nearest, minlength=len(centres))
        sums = np.column_stack([np.bincount(nearest, weights=axis, minlength=len(centres)) for axis in (x, y)])
        # A centre that lost all its pixels stays where it is.
        moved = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
        if np.abs(moved - centres).max() < _SETTLED_PX:
            return moved
        centres = moved
    return centres


def _nearest(x: Float32Array, y: Float32Array, centres: Float32Array) -> Int64Array:
    """(m,) number of the centre (k, 2) nearest to each pixel; the first of several."""
    nearest = np.zeros(len(x), np.int64)
    least = np.full(len(x), np.inf, np.float32)
    away, along = np.empty_like(x), np.empty_like(x)  # a centre at a time, in place: far faster than a (k, m) table
    for number, (cx, cy) in enumerate(centres):
        np.square(np.subtract(x, cx, out=away), out=away)
        np.square(np.subtract(y, cy, out=along), out=along)
        np.add(away, along, out=away)
        np.copyto(nearest, number, where=away < least)
        np.minimum(least, away, out=least)
    return nearest


def _snap(points: Float64Array, mask: BoolArray, pixels: Float64Array) -> Float64Array:
    """Points whose own pixel is not in the mask move to the nearest that is, each to one of its own."""
    free = mask.copy()
    snapped = points.copy()
    outside = []
    for i, (x, y) in enumerate(np.rint(points).astype(np.int64)):
        if free[y, x]:  # a mean of pixels is never outside the picture
            free[y, x] = False
        else:
            outside.append(i)
    for i in outside:
        distance = ((pixels - points[i]) ** 2).sum(axis=1)
        x, y = pixels[int(np.where(free[mask], distance, np.inf).argmin())]
        free[int(y), int(x)] = False
        snapped[i] = x, y
    return snapped
