"""How well annotators of the same person agree: overlap of their part masks, distance between their points."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import sqlalchemy as sa

from vitruv.annotate.domain.masks import decoded, masks_of
from vitruv.annotate.domain.points import points_of
from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.schema import annotators, tasks
from vitruv.surface import Atlas, SurfacePoints
from vitruv.surface.charts import NUM_PARTS, PART_NAMES
from vitruv.types import Float64Array

_FINISHED = ("submitted", "accepted")


def agreement(project: Project, atlas: Atlas) -> dict[str, Any]:
    """Agreement over all people that two or more annotators have finished.

    Returns {"parts": [{"part", "iou", "pairs"}], "points": [{"part", "mean_cm", "pairs", "one_skipped"}],
    "annotators": [{"a", "b", "mean_cm", "points"}]}.
    """
    overlaps: dict[int, list[float]] = {part: [] for part in range(1, NUM_PARTS + 1)}
    distances: dict[int, list[float]] = {part: [] for part in range(1, NUM_PARTS + 1)}
    one_skipped = dict.fromkeys(range(1, NUM_PARTS + 1), 0)
    between: dict[tuple[str, str], list[float]] = {}
    with project.store.read() as connection:
        names = {row.id: row.name for row in connection.execute(sa.select(annotators))}
        rows = connection.execute(
            sa.select(tasks).where(tasks.c.state.in_(_FINISHED), tasks.c.annotator_id.is_not(None)).order_by(tasks.c.replica)
        ).all()
        by_person: dict[tuple[str, str], list[sa.Row[Any]]] = {}
        for row in rows:
            if row.person_id is not None:
                by_person.setdefault((row.kind, row.person_id), []).append(row)
        for (kind, _), replicas in by_person.items():
            for a, b in combinations(replicas, 2):
                if kind == "parts":
                    _compare_masks(masks_of(connection, a.id), masks_of(connection, b.id), overlaps)
                else:
                    found = _compare_points(points_of(connection, a.id), points_of(connection, b.id), atlas, distances, one_skipped)
                    pair = (names[a.annotator_id], names[b.annotator_id])
                    between.setdefault((min(pair), max(pair)), []).extend(found)
    return {
        "parts": [
            {"part": PART_NAMES[part], "iou": float(np.mean(values)), "pairs": len(values)}
            for part, values in overlaps.items()
            if values
        ],
        "points": [
            {
                "part": PART_NAMES[part],
                "mean_cm": 100 * float(np.mean(values)) if values else None,
                "pairs": len(values),
                "one_skipped": one_skipped[part],
            }
            for part, values in distances.items()
            if values or one_skipped[part]
        ],
        "annotators": [
            {"a": a, "b": b, "mean_cm": 100 * float(np.mean(values)), "points": len(values)}
            for (a, b), values in between.items()
            if values
        ],
    }


def surface_points(rows: list[dict[str, Any]]) -> SurfacePoints:
    """Answers of the table of points as points of the surface."""
    face = np.array([row["face"] for row in rows], np.int32)
    weights: Float64Array = np.array([[row["b0"], row["b1"], row["b2"]] for row in rows], np.float64).reshape(-1, 3)
    return SurfacePoints(face, weights)


def _compare_masks(a: dict[int, str], b: dict[int, str], overlaps: dict[int, list[float]]) -> None:
    first, second = decoded(a), decoded(b)
    for part in first.keys() | second.keys():
        if part in first and part in second:
            both = (first[part] & second[part]).sum() / (first[part] | second[part]).sum()
            overlaps[part].append(float(both))
        else:
            overlaps[part].append(0.0)


def _compare_points(
    a: list[dict[str, Any]], b: list[dict[str, Any]], atlas: Atlas, distances: dict[int, list[float]], one_skipped: dict[int, int]
) -> list[float]:
    """Compare answers about the same pixels. Returns the distances, metres."""
    asked = {(row["part"], row["x"], row["y"]): row for row in b}
    pairs = []
    for row in a:
        other = asked.get((row["part"], row["x"], row["y"]))
        if other is None:
            continue
        if row["state"] == other["state"] == "placed":
            pairs.append((row, other))
        elif "placed" in (row["state"], other["state"]):
            one_skipped[row["part"]] += 1
    found = atlas.distances_m(surface_points([p[0] for p in pairs]), surface_points([p[1] for p in pairs]))
    for (row, _), metres in zip(pairs, found.tolist(), strict=True):
        distances[row["part"]].append(metres)
    return [float(metres) for metres in found]
