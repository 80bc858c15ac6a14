"""What an evaluation finds out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vitruv.metrics.average_precision import PrecisionRecall
from vitruv.metrics.ratio_correct import areas
from vitruv.surface import KAPPA_GROUPS
from vitruv.types import Float32Array, Float64Array, Int64Array, UInt8Array


@dataclass(frozen=True, eq=False)
class Pooled:
    """All annotated points of all people that count.

    distances_m: (n,) float32, to the detection matched to the person, infinite where there is none or it covers nothing.
    single_m: (n,) float32, to the detection whose box lies best on the person's: the single-person form of the measure.
    group: (n,) uint8, kappa group. kappa_m: (n,) float64.
    """

    distances_m: Float32Array
    single_m: Float32Array
    group: UInt8Array
    kappa_m: Float64Array

    def part_table(self) -> list[dict[str, float | int | str | None]]:
        """One row for each group of parts: points, share found, mean similarity, AUC10, AUC30."""
        rows: list[dict[str, float | int | str | None]] = []
        for group, part in enumerate(KAPPA_GROUPS):
            chosen = self.group == group
            distances = self.distances_m[chosen].astype(np.float64)
            worth = np.exp(-(distances**2) / (2 * self.kappa_m[chosen] ** 2))
            count = int(chosen.sum())
            rows.append(
                {
                    "part": part,
                    "points": count,
                    "found": float(np.isfinite(distances).mean()) if count else None,
                    "similarity": float(worth.mean()) if count else None,
                    **areas(distances),
                }
            )
        return rows


@dataclass(frozen=True, eq=False)
class People:
    """How well each annotated person was found: parallel arrays of n, in order of images.

    ids, image_ids: of the annotations. gps: (n,) float64. detection: (n,) int64, matched detection, -1 for a missed person.
    """

    ids: Int64Array
    image_ids: list[int | str]
    gps: Float64Array
    detection: Int64Array


@dataclass(frozen=True, eq=False)
class Evaluation:
    """compat: the rules. measures: name -> value, AP and AR as 0..100, AUC as 0..1, None where there is nothing to find.
    curves: measure -> precision and recall. pooled: distances of points. people: one by one. counts: images, people, ..."""

    compat: str
    measures: Mapping[str, Mapping[str, float | None]]
    curves: Mapping[str, PrecisionRecall]
    pooled: Pooled
    people: People
    counts: Mapping[str, int]
