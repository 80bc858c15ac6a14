"""How good predictions on a data set are: the official measures through `vitruv.metrics`, and cheap ones to watch a run by."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vitruv.formats import Person, ResultWriter, read_results
from vitruv.geometry import GRID, clip, from_grid
from vitruv.metrics import GeodesicSurface, evaluate, open_atlas, single_kappa
from vitruv.results import DensePoses
from vitruv.train.densepose.people import part_map, read_cells
from vitruv.train.densepose.photos import PhotoSource
from vitruv.types import BoolArray


def watch(source: PhotoSource, predictions: Mapping[int | str, DensePoses]) -> dict[str, float]:
    """part: share of annotated points whose chart is right. uv: median of the larger error of U, V there. iou: of foreground.

    Where people of a picture overlap, the one with the higher score is seen.
    """
    points = right = 0
    errors: list[float] = []
    common = either = 0
    for image_id, poses in predictions.items():
        chart, _ = poses.canvas()
        people = source.file.people_of(image_id)
        truth, known = true_foreground(people, poses.size_hw)
        found = chart.labels > 0
        common += int((truth & found & known).sum())
        either += int(((truth | found) & known).sum())
        for person in people:
            if person.is_crowd or person.points is None or not len(person.points.charts):
                continue
            x, y, w, h = person.bbox_xywh
            columns = np.clip(np.floor(from_grid(person.points.x, x, w)), 0, poses.size_hw[1] - 1).astype(int)
            rows = np.clip(np.floor(from_grid(person.points.y, y, h)), 0, poses.size_hw[0] - 1).astype(int)
            same = chart.labels[rows, columns] == person.points.charts
            points, right = points + len(same), right + int(same.sum())
            apart = np.abs(chart.uv[:, rows, columns] - np.stack([person.points.u, person.points.v])).max(0)
            errors += apart[same].tolist()
    return {
        "part": right / max(points, 1),
        "uv": float(np.median(errors)) if errors else float("nan"),
        "iou": common / max(either, 1),
    }


def true_foreground(people: list[Person], size_hw: tuple[int, int]) -> tuple[BoolArray, BoolArray]:
    """(h, w) bool: where annotated people are, and where that is known (not in the boxes of people without part masks)."""
    truth, known = np.zeros(size_hw, bool), np.ones(size_hw, bool)
    for person in people:
        x, y, w, h = person.bbox_xywh
        left, top, right, bottom = (int(v) for v in clip(np.array([[x, y, np.ceil(x + w), np.ceil(y + h)]]), size_hw)[0])
        area = (slice(top, bottom), slice(left, right))
        if "dp_masks" not in person.record or person.is_crowd:
            known[area] = False
            continue
        columns, rows = np.meshgrid(np.arange(left, right) + 0.5 - x, np.arange(top, bottom) + 0.5 - y)
        scale = (GRID / max(w, 1e-6), GRID / max(h, 1e-6))
        truth[area] |= read_cells(part_map(person), np.stack([columns, rows], axis=-1) * scale) > 0
    return truth, known | truth


def score(
    source: PhotoSource, predictions: Mapping[int | str, DensePoses], surface: GeodesicSurface | None = None
) -> dict[str, float]:
    """AP, AP50, AP75, AR of GPS with the paper's kappa, AUC10 and AUC30 (all people; with the true box in `*_single`).

    The official rules. Images without a prediction count as empty. surface: default is the data set's atlas, whose distances are
    computed at the first use (minutes) and kept.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.json"
        with ResultWriter(path) as writer:
            for image_id, poses in predictions.items():
                writer.add(image_id, poses)
        surface = surface or open_atlas(source.surface)
        [found] = evaluate(source.file, read_results(path), surface, measures=("gps", "rcp"), kappa_m=single_kappa())
    gps, pooled, single = (found.measures[name] for name in ("gps", "rcp", "rcp_single"))
    named = {name.lower(): gps.get(name) for name in ("AP", "AP50", "AP75", "AR")}
    named |= {"auc10": pooled["AUC10"], "auc30": pooled["AUC30"]}
    named |= {"auc10_single": single["AUC10"], "auc30_single": single["AUC30"]}
    return {name: float("nan") if value is None else float(value) for name, value in named.items()}
