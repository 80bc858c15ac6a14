"""What somebody looks like: mean colours of the regions of the body. They follow the surface, not the box: what is behind somebody,
or in front, does not count, and a raised arm changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.results import ChartMap
from vitruv.types import BoolArray, Float32Array, UInt8Array

# Region of each label. Left and right, front and back of limbs count as one, so that neither turning nor a network that exchanges
# sides makes somebody look different; the torso's front and back, where jackets are open and numbers are sewn on, count apart.
_REGION_OF_LABEL = np.array([-1, 0, 1, 2, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 8, 8])
REGIONS = 9

_LEAST_PIXELS = 12.0  # of a region, to be compared
_LEARNING = 0.15  # share of a new picture in what is remembered
_FORGET_PX = 4000.0  # what is remembered of a region weighs as much as so many pixels at most


@dataclass(frozen=True, eq=False)
class Appearance:
    """colours: (9, 3) float32, 0..1: brightness, red against green, yellow against blue. pixels: (9,) float32, how many were
    seen."""

    colours: Float32Array
    pixels: Float32Array

    @classmethod
    def unknown(cls) -> Appearance:
        return cls(np.zeros((REGIONS, 3), np.float32), np.zeros(REGIONS, np.float32))

    @classmethod
    def of(cls, rgb: UInt8Array, chart: ChartMap, corner_xy: tuple[int, int], hidden: BoolArray | None = None) -> Appearance:
        """Of a person in a picture: rgb (h, w, 3); the chart map's corner stands at corner_xy.

        hidden: (h, w) of the map, pixels that belong to somebody in front.
        """
        x, y = corner_xy
        height, width = chart.size_hw
        left, top = max(-x, 0), max(-y, 0)
        right, bottom = min(width, rgb.shape[1] - x), min(height, rgb.shape[0] - y)
        if left >= right or top >= bottom:
            return cls.unknown()
        # Large people are looked at through a sieve: some thousand pixels tell a colour as well as a million.
        step = max(int(np.sqrt((right - left) * (bottom - top) / 20000)), 1)
        rows, columns = slice(top, bottom, step), slice(left, right, step)
        labels = chart.labels[rows, columns]
        seen = labels > 0 if hidden is None else (labels > 0) & ~hidden[rows, columns]
        regions = _REGION_OF_LABEL[labels[seen]]
        pixels = rgb[y + top : y + bottom : step, x + left : x + right : step][seen].astype(np.float32) / 255
        red, green, blue = pixels.T
        parts = ((red + green + blue) / 3, (red - green + 1) / 2, ((red + green) / 2 - blue + 1) / 2)
        count = np.bincount(regions, minlength=REGIONS).astype(np.float32)
        sums = np.stack([np.bincount(regions, weights=part, minlength=REGIONS) for part in parts], axis=1)
        return cls((sums / np.maximum(count, 1)[:, None]).astype(np.float32), count * step * step)

    def remembering(self, new: Appearance) -> Appearance:
        """What is remembered after another look. Regions seen for the first time are taken as they are."""
        known = self.pixels >= _LEAST_PIXELS
        seen = new.pixels >= _LEAST_PIXELS
        share = np.where(known, _LEARNING * np.minimum(new.pixels / np.maximum(self.pixels, 1), 1), 1) * seen
        colours = self.colours + share[:, None] * (new.colours - self.colours)
        pixels = np.where(seen, np.minimum(np.maximum(self.pixels, new.pixels), _FORGET_PX), self.pixels)
        return Appearance(colours.astype(np.float32), pixels.astype(np.float32))

    def distance(self, other: Appearance) -> float | None:
        """0 (alike) to about 1; None where no region is known of both."""
        weight = np.sqrt(np.minimum(self.pixels, other.pixels))
        weight[np.minimum(self.pixels, other.pixels) < _LEAST_PIXELS] = 0
        if not weight.any():
            return None
        # Brightness changes with the light, so it counts half.
        difference = (self.colours - other.colours) * np.array([0.5, 2.0, 2.0], np.float32)
        return float((np.linalg.norm(difference, axis=1) * weight).sum() / weight.sum())
