"""What one photo shows of one person's surface: samples between four neighbouring pixels, with places in the atlas and weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vitruv.results import ChartMap
from vitruv.texture.tiles import Taps, Tiles, texel_places
from vitruv.types import AnyArray, BoolArray, Float32Array, UInt8Array

_TORN = 0.12  # a step in U or V between neighbours that is larger than this is no surface but an edge in front of another
_MOST_PER_SIDE = 8
_EDGE_PX = 4  # this far from the outline and further, pixels are trusted wholly
_LEAST = 0.02


class Samples(NamedTuple):
    """n places between pixels. place: (n, 2) column and row among the texels; rgb: (n, 3) 0..255; weight: (n,) 0..1."""

    place: Float32Array
    rgb: Float32Array
    weight: Float32Array


def samples_of(rgb: UInt8Array, chart: ChartMap, tiles: Tiles) -> Samples:
    """Samples of all quads of neighbouring pixels that lie on one chart, as dense as the texels there, so that none is left out.

    A quad's weight says how well it is seen: the squared cosine of the angle between surface and line of sight (from how unevenly
    a step in the picture moves on the body), how many texels a pixel has to be spread over, and the distance from the outline.
    """
    labels = chart.labels
    corners = [(slice(None, -1), slice(None, -1)), (slice(None, -1), slice(1, None))]
    corners += [(slice(1, None), slice(None, -1)), (slice(1, None), slice(1, None))]
    whole = labels[corners[0]] > 0
    for corner in corners[1:]:
        whole = whole & (labels[corner] == labels[corners[0]])
    seen = labels > 0
    if not whole.any():
        return Samples(np.zeros((0, 2), np.float32), np.zeros((0, 3), np.float32), np.zeros(0, np.float32))
    places, positions = np.zeros((*labels.shape, 2), np.float32), np.zeros((*labels.shape, 3), np.float32)
    places[seen] = texel_places(labels[seen], chart.uv[:, seen].T, tiles.resolution)
    positions[seen] = Taps(places[seen], tiles.resolution)(tiles.positions)
    at = np.stack([places[corner][whole] for corner in corners])  # (4, q, 2)
    extent = np.ptp(at, axis=0).max(axis=1)
    sound = extent <= _TORN * (tiles.resolution - 1) + 1
    at, extent = at[:, sound], extent[sound]
    colours = np.stack([rgb[corner][whole][sound] for corner in corners]).astype(np.float32)
    on_body = np.stack([positions[corner][whole][sound] for corner in corners])
    depth = _distance_from_outline(seen)[corners[0]][whole][sound]
    weight = _facing(on_body) ** 2 * np.clip(depth / _EDGE_PX, 0.1, 1) / np.maximum(extent, 1)
    weight = np.maximum(weight, _LEAST * 0.01).astype(np.float32)
    per_side = np.clip(2 ** np.ceil(np.log2(np.maximum(extent, 1))), 1, _MOST_PER_SIDE).astype(np.int64)
    parts = [_between(at, colours, weight, per_side == k, int(k)) for k in np.unique(per_side)]
    return Samples(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _between(at: Float32Array, colours: Float32Array, weight: Float32Array, chosen: BoolArray, per_side: int) -> Samples:
    """k x k samples inside each chosen quad, mixed from its corners."""
    steps = (np.arange(per_side, dtype=np.float32) + 0.5) / per_side
    fy, fx = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
    shares = np.stack([(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx])  # (4, k * k)
    place = np.einsum("cs,cqd->qsd", shares, at[:, chosen]).reshape(-1, 2)
    rgb = np.einsum("cs,cqd->qsd", shares, colours[:, chosen]).reshape(-1, 3)
    return Samples(place, rgb, np.repeat(weight[chosen], per_side * per_side))


def _facing(on_body: Float32Array) -> Float32Array:
    """(q,) 0..1: cosine of the angle to the line of sight. on_body: (4, q, 3), metres.

    A patch that faces the camera is scaled the same in all directions; at an angle one of them is stretched by 1 / cosine.
    """
    across = (on_body[1] - on_body[0] + on_body[3] - on_body[2]) / 2
    down = (on_body[2] - on_body[0] + on_body[3] - on_body[1]) / 2
    a, b, c = (across * across).sum(axis=1), (across * down).sum(axis=1), (down * down).sum(axis=1)
    middle, spread = (a + c) / 2, np.sqrt(((a - c) / 2) ** 2 + b * b)
    return np.asarray(np.sqrt(np.clip((middle - spread) / np.maximum(middle + spread, 1e-12), 0, 1)), np.float32)


def _distance_from_outline(seen: BoolArray) -> AnyArray:
    """(h, w) float32: pixels to the nearest one off the body, up to `_EDGE_PX`; the picture's border counts as body."""
    inner, distance = seen, seen.astype(np.float32)
    for _ in range(_EDGE_PX - 1):
        padded = np.pad(inner, 1, constant_values=True)
        inner = inner & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
        distance += inner
    return distance
