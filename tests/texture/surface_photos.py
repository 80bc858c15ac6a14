"""Photos of the surface without a body: the unit square of a chart, seen straight on, at an angle, or from far away."""

from __future__ import annotations

import numpy as np

from vitruv.results import ChartMap, DensePoses


def square_of(chart: int, size_hw: tuple[int, int], *, low: float = 0.2, high: float = 0.8) -> ChartMap:
    """A chart map whose pixels show U, V from `low` to `high` of one chart: U to the right, V upwards, as its tile does."""
    height, width = size_hw
    u = low + (high - low) * (np.arange(width) + 0.5) / width
    v = low + (high - low) * (height - np.arange(height) - 0.5) / height
    uv = np.stack([np.broadcast_to(u, size_hw), np.broadcast_to(v[:, None], size_hw)]).astype(np.float32)
    return ChartMap(np.full(size_hw, chart, np.uint8), uv)


def colours_at(uv: np.ndarray) -> np.ndarray:
    """A smooth texture with different values in each channel: (2, h, w) -> (h, w, 3) uint8."""
    u, v = uv
    return np.dstack([40 + 170 * u, 220 - 150 * v, 128 + 60 * np.sin(6 * u) * np.cos(5 * v)]).astype(np.uint8)


def as_people(chart: ChartMap) -> DensePoses:
    height, width = chart.size_hw
    return DensePoses(np.array([[0, 0, width, height]], np.float32), np.ones(1, np.float32), [chart], chart.size_hw)
