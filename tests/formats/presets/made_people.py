"""Two people made by lot who overlap, one of them cut by the border: every chart, U and V up to 0 and 1."""

from __future__ import annotations

from functools import cache

import numpy as np

from vitruv.results import ChartMap, DensePoses

SIZE_HW = (90, 70)
BOXES = [(5.0, 8.0, 45.0, 70.0), (30.5, 20.25, 76.5, 95.25)]


def made_people(count: int = 2, size_hw: tuple[int, int] = SIZE_HW) -> DensePoses:
    rng = np.random.default_rng(7)
    charts = []
    for x1, y1, x2, y2 in BOXES[:count]:
        height, width = int(y2 - y1), int(x2 - x1)
        labels = rng.integers(0, 25, (height, width)).astype(np.uint8)
        uv = rng.choice(np.array([0, 0.25, 0.999, 1, 0.5, 1 / 255, 0.7], np.float32), (2, height, width))
        uv[:, labels == 0] = 0
        charts.append(ChartMap(labels, uv))
    scores = np.array([0.7, 0.9], np.float32)[:count]
    return DensePoses(np.array(BOXES[:count], np.float32).reshape(-1, 4), scores, charts, size_hw)


@cache
def painted(chosen: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """labels (h, w) and uv (2, h, w) of some of the two people, pixel by pixel, later ones over earlier ones."""
    people = made_people()
    height, width = people.size_hw
    labels, uv = np.zeros((height, width), int), np.zeros((2, height, width))
    for i in chosen:
        left, top = (int(v) for v in people.boxes_xyxy[i, :2])
        chart = people.charts[i]
        for y in range(chart.size_hw[0]):
            for x in range(chart.size_hw[1]):
                if chart.labels[y, x] and 0 <= top + y < height and 0 <= left + x < width:
                    labels[top + y, left + x] = chart.labels[y, x]
                    uv[:, top + y, left + x] = chart.uv[:, y, x]
    return labels, uv
