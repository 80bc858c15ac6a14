"""The picture of 24 tiles that an atlas texture is: where each chart lies in it, and which point of the body each texel is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vitruv.errors import InputError
from vitruv.surface import Atlas, SurfacePoints
from vitruv.texture.planar import PlaneRaster, rasterise_plane
from vitruv.types import AnyArray, BoolArray, Float32Array, Int64Array

COLUMNS, ROWS = 4, 6
MAX_RESOLUTION = 2048


def checked_resolution(resolution: int) -> int:
    """Raises InputError unless 2..2048 texels."""
    if isinstance(resolution, bool) or not isinstance(resolution, int | np.integer) or not 2 <= resolution <= MAX_RESOLUTION:
        raise InputError(f"resolution must be from 2 to {MAX_RESOLUTION} texels per tile, but is {resolution}")
    return int(resolution)


def texel_places(labels: AnyArray, uv: AnyArray, resolution: int) -> Float32Array:
    """(n, 2) float32: column and row in the picture where image values lie, with fractions.

    labels: (n,), 1..24; uv: (n, 2). Chart p is tile column (p - 1) // 6, tile row (p - 1) % 6; in its tile the column is U times,
    and the row 1 - V times, resolution - 1: texels are points, the outermost ones lie on 0 and 1.
    """
    tile = np.asarray(labels, np.int64) - 1
    values = np.clip(np.asarray(uv, np.float32), 0, 1) * np.float32(resolution - 1)
    column = (tile // ROWS) * resolution + values[:, 0]
    row = (tile % ROWS) * resolution + (resolution - 1) - values[:, 1]
    return np.stack([column, row], axis=1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Tiles:
    """All texels of one atlas at one resolution, as points of the body.

    resolution: texels along the side of a tile; the picture is 6 x resolution high and 4 x resolution wide.
    """

    atlas: Atlas
    resolution: int

    def __post_init__(self) -> None:
        checked_resolution(self.resolution)

    @property
    def size_hw(self) -> tuple[int, int]:
        return ROWS * self.resolution, COLUMNS * self.resolution

    @cached_property
    def raster(self) -> PlaneRaster:
        """Face and weights of every texel; of texels outside all charts, those next to one take the face of their neighbour, so
        that colours can be mixed up to a chart's outline."""
        faces = self.atlas.chart_of_face
        places = texel_places(np.repeat(faces, 3), self.atlas.corner_uv.reshape(-1, 2), self.resolution)
        drawn = rasterise_plane(places.reshape(-1, 3, 2), self.size_hw)
        face, weights = drawn.face.copy(), drawn.barycentric.copy()
        n = self.resolution
        for axis in (0, 1):
            for step in (1, -1):
                from_face, from_weights = np.roll(face, step, axis), np.roll(weights, step, axis)
                first = np.arange(face.shape[axis]) % n == (0 if step == 1 else n - 1)  # tiles do not touch each other
                allowed = ~(first[:, None] if axis == 0 else first[None, :])
                take = (face < 0) & (from_face >= 0) & allowed
                face[take], weights[take] = from_face[take], from_weights[take]
        return PlaneRaster(face, weights)

    @property
    def inside(self) -> BoolArray:
        """(6 n, 4 n) bool: texels that are on the body."""
        return self.raster.face >= 0

    @cached_property
    def positions(self) -> Float32Array:
        """(6 n, 4 n, 3) float32: where every texel is on the atlas's own body, metres; 0 outside the charts."""
        corners = self.atlas.vertices[self.atlas.faces[self.raster.face]]
        found = np.einsum("hwk,hwkc->hwc", self.raster.barycentric, corners) * self.inside[:, :, None]
        return np.asarray(found, np.float32)

    @cached_property
    def mirror(self) -> Float32Array:
        """(t, 2) float32: column and row, with fractions, of the place on the other side of the body, for every texel inside."""
        inside = self.inside
        points = SurfacePoints(self.raster.face[inside], self.raster.barycentric[inside].astype(np.float64))
        labels, uv = self.atlas.iuv(self.atlas.mirrored(points))
        return texel_places(labels, uv, self.resolution)


class Taps:
    """The four texels that a colour at a place between them is mixed from; neighbours beyond a tile's border are its own edge."""

    def __init__(self, places: Float32Array, resolution: int) -> None:
        low = np.floor(places)
        share = places - low
        tile_end = (low // resolution + 1) * resolution - 1
        high = np.minimum(low + 1, tile_end)
        width = COLUMNS * resolution
        (x0, y0), (x1, y1) = low.T.astype(np.int64), high.T.astype(np.int64)
        fx, fy = share.T
        self.index: list[Int64Array] = [y0 * width + x0, y0 * width + x1, y1 * width + x0, y1 * width + x1]
        self.weight: list[Float32Array] = [(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx]

    def __call__(self, values: AnyArray) -> Float32Array:
        """values: (6 n, 4 n, c) -> (n, c) float32, mixed."""
        flat = np.asarray(values, np.float32).reshape(-1, values.shape[2])
        total: Float32Array = sum(flat[i] * w[:, None] for i, w in zip(self.index, self.weight, strict=True))  # type: ignore[assignment]
        return total
