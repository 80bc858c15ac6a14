"""Ratio of correct points (RCP): the share of annotated points whose geodesic error is below a bound, and its area.

The paper, section 3.4: f(t) is the share with error below t; AUC_a is the mean of f over 0..a, for a = 10 and 30 cm. A point on
the background, or on a person who was missed, is never correct.
"""

from __future__ import annotations

import numpy as np

from vitruv.types import AnyArray, Float64Array

BOUNDS_CM = (10, 30)


def ratio_correct(distances_m: AnyArray, bounds_m: AnyArray) -> Float64Array:
    """distances_m: (n,) metres, infinite where nothing was found -> share below each bound, (b,) float64; 0 without points."""
    ordered = np.sort(np.asarray(distances_m, np.float64))
    below = np.searchsorted(ordered, np.asarray(bounds_m, np.float64), side="left")
    return np.asarray(below / max(len(ordered), 1), np.float64)


def area_under_curve(distances_m: AnyArray, bound_m: float) -> float | None:
    """The mean of `ratio_correct` over 0..bound_m, exact (no sampling); 0..1, None without points."""
    distances = np.asarray(distances_m, np.float64)
    return float(np.maximum(1 - distances / bound_m, 0).mean()) if len(distances) else None


def areas(distances_m: AnyArray) -> dict[str, float | None]:
    """AUC10 and AUC30, 0..1."""
    return {f"AUC{bound}": area_under_curve(distances_m, bound / 100) for bound in BOUNDS_CM}
