"""The official evaluation as plain loops: one detection, one person, one point, one threshold at a time.

The slow twin of `vitruv.metrics`: it follows the rules of Detectron2's evaluator step by step, on dictionaries as they stand in
the files, and knows nothing of the fast code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pycocotools.mask
import scipy.ndimage
import scipy.spatial.distance

KAPPA = (0.351, 0.107, 0.126, 0.237, 0.173, 0.142, 0.128, 0.150)
GROUP = (0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7)
AREAS = ((0, 1e10), (32**2, 96**2), (96**2, 1e10))
MAX_DETECTIONS = 20


class SlowSurface:
    """rows: U, V and chart of every row; merged: row -> vertex from 1; distances: i > j at i (i - 1) / 2 + j, from 0."""

    def __init__(self, u: Any, v: Any, chart: Any, merged: Any, distances: Any) -> None:
        self.u, self.v, self.chart, self.merged, self.distances = u, v, chart, merged, distances

    def row(self, chart: float, u: float, v: float) -> int | None:
        rows = np.flatnonzero(self.chart == chart)
        if not len(rows):
            return None
        apart = scipy.spatial.distance.cdist(np.stack([self.u[rows], self.v[rows]], 1), [[u, v]])[:, 0]
        return int(rows[np.argmin(apart)])

    def distance(self, row_a: int, row_b: int) -> Any:
        a, b = int(self.merged[row_a]) - 1, int(self.merged[row_b]) - 1
        if a == b:
            return 0
        high, low = max(a, b), min(a, b)
        return self.distances[high * (high - 1) // 2 + low]


def gps(surface: SlowSurface, detection: Mapping[str, Any], person: Mapping[str, Any]) -> float:
    if "dp_x" not in person:
        return 0.0
    x, y, w, h = person["bbox"]
    left, top, width, height = detection["bbox"]
    apart, kappas, hits = [], [], 0
    for px, py, chart, u, v in zip(*(person[f"dp_{name}"] for name in "xyIUV"), strict=True):
        column, line = int(px * w / 255.0 + x - left), int(py * h / 255.0 + y - top)
        inside = 0 <= column < int(width) and 0 <= line < int(height)
        hits += inside
        row = surface.row(chart, u, v)
        if row is None:
            continue
        code = detection["iuv"][:, line, column] if inside else (0, 0, 0)
        found = surface.row(code[0], code[1] / 255.0, code[2] / 255.0) if code[0] else None
        apart.append(math.inf if found is None else surface.distance(row, found))
        kappas.append(KAPPA[GROUP[int(surface.chart[row])]])
    if not hits or not apart:
        return 0.0
    distances = np.array(apart)  # float32 when all come from the table, float64 otherwise
    return float(np.mean(np.exp(-(distances**2) / (2 * np.array(kappas) ** 2))))


def pasted(mask: Any, box: Sequence[float], size_hw: tuple[int, int]) -> Any:
    canvas = np.zeros(size_hw, np.uint8, order="F")
    x, y, w, h = box
    for line in range(max(int(y), 0), min(int(y + h), size_hw[0], int(y) + mask.shape[0])):
        for column in range(max(int(x), 0), min(int(x + w), size_hw[1], int(x) + mask.shape[1])):
            canvas[line, column] = mask[line - int(y), column - int(x)]
    return pycocotools.mask.encode(canvas)


def person_mask(person: Mapping[str, Any], size_hw: tuple[int, int]) -> Any:
    x, y, w, h = person["bbox"]
    if "dp_masks" in person:
        union = np.zeros((256, 256))
        for part in person["dp_masks"][:14]:
            if part:
                union[pycocotools.mask.decode(part) > 0] = 1
        scale = max(h, 1) / 256, max(w, 1) / 256
        return pasted(scipy.ndimage.zoom(union, scale, order=1, prefilter=False) > 0.5, (x, y, w, h), size_hw)
    outline = person.get("segmentation")
    if isinstance(outline, list) and outline:
        return pycocotools.mask.merge(pycocotools.mask.frPyObjects(outline, *size_hw))
    if isinstance(outline, dict):
        return pycocotools.mask.frPyObjects(outline, *size_hw) if isinstance(outline["counts"], list) else outline
    return pasted(np.zeros((1, 1)), (0, 0, 1, 1), size_hw)


class SlowImage:
    """All that is measured on one picture: (detections, people) matrices, detections by falling score."""

    def __init__(self, surface: SlowSurface, size_hw: tuple[int, int], people: Sequence[Any], detections: Sequence[Any]) -> None:
        # Equal scores from left to right, top to bottom; the official evaluator goes by their order in the file.
        key = [(-d["score"], *d["bbox"], np.ascontiguousarray(d["iuv"]).tobytes()) for d in detections]
        order = sorted(range(len(detections)), key=key.__getitem__)
        self.people, self.detections = list(people), [detections[i] for i in order[:MAX_DETECTIONS]]
        shape = len(self.detections), len(self.people)
        self.gps = np.array([[gps(surface, d, p) for p in people] for d in self.detections]).reshape(shape)
        self.box = self.mask = np.zeros(shape)
        if 0 in shape:
            return
        crowd = [int(p.get("iscrowd", 0)) for p in people]
        self.box = pycocotools.mask.iou([d["bbox"] for d in self.detections], [p["bbox"] for p in people], crowd)
        found = [pasted(d["iuv"][0] > 0, d["bbox"], size_hw) for d in self.detections]
        self.mask = pycocotools.mask.iou(found, [person_mask(p, size_hw) for p in people], crowd)

    def value(self, measure: str) -> Any:
        return {"gps": self.gps, "gpsm": np.sqrt(self.gps * self.mask), "iou": self.mask}[measure]

    def match(self, measure: str, area: tuple[float, float], thresholds: Any) -> dict[str, Any] | None:
        if not self.people and not self.detections:
            return None
        ignored = [("dp_x" not in p) or not area[0] <= p["area"] <= area[1] for p in self.people]
        order = np.argsort(ignored, kind="mergesort").astype(int)
        people = [self.people[i] for i in order]
        values, boxes = self.value(measure)[:, order], self.box[:, order]
        crowd = [int(p.get("iscrowd", 0)) for p in people]
        person_ignored = np.array([ignored[i] for i in order], bool)
        shape = len(thresholds), len(self.detections)
        found, found_ignored = np.zeros(shape), np.zeros(shape, bool)
        taken = np.zeros((len(thresholds), len(people)))
        if person_ignored.all():
            found_ignored[:] = True
        if len(people) and len(self.detections):
            for t, threshold in enumerate(thresholds):
                for d, detection in enumerate(self.detections):
                    best, m = min(threshold, 1 - 1e-10), -1
                    for g in range(len(people)):
                        if taken[t, g] > 0 and not crowd[g]:
                            continue
                        if m > -1 and not person_ignored[m] and person_ignored[g]:
                            break
                        if values[d, g] < best or values[d, g] == 0:
                            continue
                        best, m = values[d, g], g
                    if m > -1:
                        found_ignored[t, d] = person_ignored[m]
                        found[t, d] = people[m]["id"]
                        taken[t, m] = detection["id"]
            t = len(thresholds) - 1
            for d, detection in enumerate(self.detections):
                if found[t, d]:
                    continue
                best, m = 0.8, -1
                for g in range(len(people)):
                    if (taken[t, g] > 0 and not crowd[g]) or best > boxes[d, g]:
                        continue
                    best, m = boxes[d, g], g
                if m > -1:
                    found_ignored[:, d] = person_ignored[m]
                    if person_ignored[m]:
                        found[t, d] = people[m]["id"]
                        taken[t, m] = detection["id"]
        for d, detection in enumerate(self.detections):
            size = detection["bbox"][2] * detection["bbox"][3]
            if not area[0] <= size <= area[1]:
                found_ignored[:, d] |= found[:, d] == 0
        return {
            "dtMatches": found,
            "gtMatches": taken,
            "dtIgnore": found_ignored,
            "gtIgnore": person_ignored,
            "dtIds": [d["id"] for d in self.detections],
            "gtIds": [p["id"] for p in people],
            "dtScores": [d["score"] for d in self.detections],
        }


def precision_recall(matches: Sequence[dict[str, Any] | None], count: int) -> tuple[Any, Any]:
    """precision (T, 101) and recall (T,) of one area range; -1 where nothing can be found."""
    images = [m for m in matches if m is not None]
    wanted = sum(int((~m["gtIgnore"]).sum()) for m in images)
    precision, recall = -np.ones((count, 101)), -np.ones(count)
    if not wanted:
        return precision, recall
    scores = np.concatenate([m["dtScores"] for m in images])
    order = np.argsort(-scores, kind="mergesort")
    for t in range(count):
        found = np.concatenate([m["dtMatches"][t] for m in images])[order]
        ignored = np.concatenate([m["dtIgnore"][t] for m in images])[order]
        right = np.cumsum((found > 0) & ~ignored).astype(float)
        wrong = np.cumsum((found == 0) & ~ignored).astype(float)
        recalls, precisions = right / wanted, list(right / (right + wrong + np.spacing(1)))
        recall[t] = recalls[-1] if len(recalls) else 0
        for i in range(len(precisions) - 1, 0, -1):
            precisions[i - 1] = max(precisions[i - 1], precisions[i])
        for i, at in enumerate(np.linspace(0, 1, 101)):
            where = int(np.searchsorted(recalls, at, side="left"))
            precision[t, i] = precisions[where] if where < len(precisions) else 0
    return precision, recall
