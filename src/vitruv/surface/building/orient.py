"""Laying an unrolled chart into the unit square so that U and V mean what they mean in DensePose.

Scaling leaves a layout's rotation and reflection open. Every chart has a few places whose U and V on the original surface are
known (where its seams meet, tips of fingers and toes, features of the face); the layout is turned until those places come as
near as they can (the farthest counting most: fourth powers), after U and V have been stretched to [0, 1] each, as the original
does. Nothing else is adjusted.
"""

from __future__ import annotations

import numpy as np

from vitruv.types import AnyArray, Float64Array

Place = tuple[float, float]

PLACES: dict[int, dict[str, Place]] = {
    1: {"shoulder": (0.03, 0.05), "armpit": (0.40, 0.05), "flank": (0.98, 0.06), "cleft": (1.0, 0.5), "neck behind": (0.07, 0.5)},
    2: {
        "shoulder": (0.06, 0.18),
        "armpit": (0.27, 0.04),
        "flank": (0.78, 0.02),
        "crotch": (1.0, 0.5),
        "neck in front": (0.08, 0.5),
    },
    4: {
        "thumb": (0.975, 0.377),
        "index finger": (0.936, 0.821),
        "middle finger": (0.762, 0.977),
        "ring finger": (0.609, 0.962),
        "little finger": (0.511, 0.849),
    },
    5: {
        "big toe": (0.867, 0.702),
        "small toe": (0.642, 1.0),
        "heel": (0.0, 0.9),
        "ankle inside": (0.22, 0.43),
        "ankle outside": (0.22, 0.62),
    },
    8: {
        "flank": (0.11, 1.0),
        "cleft": (0.0, 0.47),
        "crotch": (0.33, 0.03),
        "knee outside": (1.0, 0.75),
        "knee inside": (0.97, 0.38),
    },
    10: {"flank": (1.0, 0.17), "crotch": (0.64, 1.0), "knee inside": (0.0, 0.67), "knee outside": (0.15, 0.0)},
    12: {"knee inside": (1.0, 0.0), "knee outside": (1.0, 0.9), "ankle inside": (0.0, 0.12), "ankle outside": (0.0, 0.76)},
    14: {"knee inside": (0.0, 0.0), "knee outside": (0.0, 1.0), "ankle inside": (1.0, 0.2), "ankle outside": (1.0, 0.77)},
    15: {
        "shoulder": (0.05, 1.0),
        "armpit": (0.05, 0.0),
        "elbow, thumb's side": (0.95, 0.84),
        "elbow, little finger's side": (0.97, 0.16),
    },
    17: {
        "shoulder": (0.05, 1.0),
        "armpit": (0.1, 0.1),
        "elbow, thumb's side": (0.95, 0.7),
        "elbow, little finger's side": (0.95, 0.13),
    },
    19: {
        "elbow, thumb's side": (0.95, 0.0),
        "elbow, little finger's side": (0.95, 0.93),
        "wrist, thumb's side": (0.03, 0.12),
        "wrist, little finger's side": (0.03, 0.64),
    },
    21: {
        "elbow, little finger's side": (0.05, 0.0),
        "elbow, thumb's side": (0.05, 1.0),
        "wrist, little finger's side": (0.95, 0.1),
        "wrist, thumb's side": (0.95, 0.72),
    },
}
"""(U, V) on the original surface of named places, for the charts of the left half and the trunk that are scaled."""

HANDEDNESS: dict[int, int] = {1: 1, 2: -1, 4: 1, 5: 1, 8: -1, 10: 1, 12: 1, 14: 1, 15: 1, 17: -1, 19: 1, 21: -1, 24: 1}
"""Sign of the U, V area of faces seen from outside, with V up."""

_STEPS = 720
_NEAR_M = 0.008


def stretch(layout: Float64Array) -> Float64Array:
    """Each axis to [0, 1]."""
    low, high = layout.min(axis=0), layout.max(axis=0)
    return np.asarray((layout - low) / (high - low))


def orient(layout: Float64Array, chart: int, vertex_of: AnyArray, places: dict[str, int], points: Float64Array) -> Float64Array:
    """Turn, mirror and stretch a chart's layout. (n, 2) in [0, 1].

    layout: (n, 2), counter-clockwise. vertex_of: (n,) mesh vertex of every chart vertex; places: name -> mesh vertex;
    points: (v, 3) mesh vertices (a place that the border passed by is taken at the chart's nearest vertex).
    """
    mirrored = layout * [1.0, float(HANDEDNESS[chart])]
    copies, wanted = [], []
    for name, place in PLACES[chart].items():
        away = np.linalg.norm(points[vertex_of] - points[places[name]], axis=1)
        # A tip lies on both sides of a slit, and nobody knows its vertex on the original: the best one close by counts.
        copies.append(np.flatnonzero(away <= away.min() + _NEAR_M))
        wanted.append(place)
    best, best_error = stretch(mirrored), np.inf
    for angle in np.arange(_STEPS) * (2 * np.pi / _STEPS):
        c, s = np.cos(angle), np.sin(angle)
        turned = stretch(mirrored @ np.array([[c, s], [-s, c]]))
        error = sum(
            float(np.square(turned[some] - place).sum(axis=1).min() ** 2) for some, place in zip(copies, wanted, strict=True)
        )
        if error < best_error:
            best, best_error = turned, error
    return best
