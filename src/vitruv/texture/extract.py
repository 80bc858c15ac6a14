"""Photos of a person in, the texture on the body out."""

from __future__ import annotations

from functools import cached_property
from typing import Literal, get_args

import numpy as np

from vitruv.errors import InputError
from vitruv.results import ChartMap, Person
from vitruv.surface import Atlas
from vitruv.texture.atlas_texture import AtlasTexture
from vitruv.texture.fill import diffused, mirrored
from vitruv.texture.quads import samples_of
from vitruv.texture.tiles import Tiles, checked_resolution
from vitruv.types import BoolArray, Float32Array, Int64Array, UInt8Array

Fill = Literal["none", "mirror", "all"]

_KEPT = 9  # the best sightings of a texel that are kept for the median


class TextureExtractor:
    """Collects what photos or frames show of one person.

        extractor = TextureExtractor(resolution=200)
        extractor.add(rgb, people[0])          # as many photos as there are
        texture = extractor.texture(fill="all")
        extractor.seen                         # (6 n, 4 n) bool: texels that some photo showed

    Of every texel the `_KEPT` best sightings are kept; its colour is their weighted median, so that a hand before the body in one
    photo of three does not colour it. Weights: see `quads`.
    """

    def __init__(self, *, resolution: int = 200, atlas: Atlas | None = None) -> None:
        self.tiles = Tiles(Atlas.load() if atlas is None else atlas, checked_resolution(resolution))
        self.photos = 0
        self._sightings: tuple[Float32Array, UInt8Array] | None = None

    @cached_property
    def _inside(self) -> Int64Array:
        """(t,): where the texels that are on the body stand among all."""
        return np.flatnonzero(self.tiles.inside.ravel())

    @cached_property
    def _row(self) -> Int64Array:
        """(6 n * 4 n,): the row of each texel in `_inside`, -1 for others."""
        row = np.full(self.tiles.inside.size, -1, np.int64)
        row[self._inside] = np.arange(len(self._inside))
        return row

    @property
    def _weight(self) -> Float32Array:
        """(t, k): how well the kept sightings show their texel; 0 where it was not seen."""
        return np.zeros((len(self._inside), 0), np.float32) if self._sightings is None else self._sightings[0]

    @property
    def _rgb(self) -> UInt8Array:
        """(t, k, 3): the colours of the kept sightings."""
        return np.zeros((len(self._inside), 0, 3), np.uint8) if self._sightings is None else self._sightings[1]

    def add(self, rgb: UInt8Array, person: Person | ChartMap) -> None:
        """rgb: (h, w, 3) uint8, the photo. person: of that photo's `DensePoses`, or a `ChartMap` of the photo's size.

        Raises InputError for a chart map of another size.
        """
        if isinstance(person, ChartMap):
            chart, picture = person, rgb
            if chart.size_hw != rgb.shape[:2]:
                raise InputError(f"the chart map is {chart.size_hw} (h, w), but the photo is {rgb.shape[:2]}")
        else:
            chart, picture = _in_photo(rgb, person)
        place, colours, weight = samples_of(picture, chart, self.tiles)
        self.photos += 1
        texel = np.round(place).astype(np.int64)
        row = self._row[texel[:, 1] * self.tiles.size_hw[1] + texel[:, 0]]
        some = row >= 0
        near = np.prod(1 - np.abs(place - texel), axis=1)[some]  # samples close to the texel's own place count for more
        row, colours, weight = row[some], colours[some], weight[some]
        count = len(self._inside)
        total = np.bincount(row, near * weight, count)
        spread = np.bincount(row, near, count)
        quality = (total / np.maximum(spread, 1e-12)).astype(np.float32)
        mean = np.stack([np.bincount(row, near * weight * colours[:, k], count) for k in range(3)], axis=1)
        mean = np.round(mean / np.maximum(total, 1e-12)[:, None])
        self._keep(quality, np.clip(mean, 0, 255).astype(np.uint8))

    def _keep(self, quality: Float32Array, rgb: UInt8Array) -> None:
        weights, colours = self._weight, self._rgb
        if weights.shape[1] < _KEPT:
            self._sightings = np.hstack([weights, quality[:, None]]), np.hstack([colours, rgb[:, None]])
            return
        worst = weights.argmin(axis=1)
        rows = np.flatnonzero(quality > weights[np.arange(len(worst)), worst])
        weights[rows, worst[rows]] = quality[rows]
        colours[rows, worst[rows]] = rgb[rows]

    @property
    def seen(self) -> BoolArray:
        """(6 n, 4 n) bool: texels that some photo showed."""
        seen = np.zeros(self.tiles.size_hw, bool)
        seen.ravel()[self._inside] = (self._weight > 0).any(axis=1)
        return seen

    def texture(self, *, fill: Fill = "none") -> AtlasTexture:
        """The texture so far.

        fill: "none"; "mirror": texels that nobody saw take the colour of the other side of the body, where that was seen; "all":
        then the rest takes a smooth continuation of what lies around it on the body. Raises InputError when nothing was seen.
        """
        if fill not in get_args(Fill):
            raise InputError(f"fill must be one of {', '.join(get_args(Fill))}, but is {fill!r}")
        seen = self.seen
        if not seen.any():
            raise InputError("nothing was seen of the person: there is no texture to take")
        rgb = np.zeros((*self.tiles.size_hw, 3), np.uint8)
        rgb.reshape(-1, 3)[self._inside] = _weighted_median(self._rgb, self._weight)
        texture = AtlasTexture(rgb, seen)
        if fill in ("mirror", "all"):
            texture = mirrored(texture, self.tiles)
        return diffused(texture, self.tiles) if fill == "all" else texture


def _in_photo(rgb: UInt8Array, person: Person) -> tuple[ChartMap, UInt8Array]:
    """The part of the person's chart map that lies in the photo, and the photo there."""
    x, y, w, h = person.placement_xywh
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, rgb.shape[1]), min(y + h, rgb.shape[0])
    if left >= right or top >= bottom:
        return ChartMap.empty((1, 1)), np.zeros((1, 1, 3), np.uint8)
    inner = (slice(top - y, bottom - y), slice(left - x, right - x))
    return ChartMap(person.chart.labels[inner], person.chart.uv[(slice(None), *inner)]), rgb[top:bottom, left:right]


def _weighted_median(rgb: UInt8Array, weight: Float32Array) -> UInt8Array:
    """rgb: (t, k, 3) uint8, weight: (t, k) float32 -> (t, 3) uint8: of each channel the value at half of the weight.

    Of two sightings the heavier one wins; of two equal ones the lower value of the channel.
    """
    result = np.zeros((len(rgb), 3), np.uint8)
    if rgb.shape[1] == 0:
        return result
    for channel in range(3):
        order = rgb[:, :, channel].argsort(axis=1, kind="stable")
        sorted_weight = np.take_along_axis(weight, order, axis=1).cumsum(axis=1)
        middle = (sorted_weight >= sorted_weight[:, -1:] / 2).argmax(axis=1)
        chosen = np.take_along_axis(order, middle[:, None], axis=1)
        result[:, channel] = np.take_along_axis(rgb[:, :, channel], chosen, axis=1)[:, 0]
    return result
