"""Colours for texels that no photo showed: from the other side of the body, and from what lies around them on the surface."""

from __future__ import annotations

import numpy as np

from vitruv.texture.atlas_texture import AtlasTexture
from vitruv.texture.tiles import COLUMNS, ROWS, Taps, Tiles
from vitruv.types import AnyArray, BoolArray, Float32Array, Float64Array

_VERTEX_ROUNDS = 300
_TEXEL_ROUNDS = 30


def mirrored(texture: AtlasTexture, tiles: Tiles) -> AtlasTexture:
    """Texels without a colour take that of the same place on the other side, where it has one."""
    inside = tiles.inside
    taps = Taps(tiles.mirror, tiles.resolution)
    known = texture.known.astype(np.float32)[:, :, None]
    share = taps(known)[:, 0]
    colours = np.round(taps(texture.rgb * known) / np.maximum(share, 1e-6)[:, None])
    take = np.zeros_like(inside)
    take[inside] = share > 0.5
    take &= ~texture.known
    rgb = texture.rgb.copy()
    rgb[take] = colours[take[inside]].astype(np.uint8)
    return AtlasTexture(rgb, texture.known | take)


def diffused(texture: AtlasTexture, tiles: Tiles) -> AtlasTexture:
    """All texels on the body get a colour: those without one a smooth continuation (heat that flows from what is known).

    First over the vertices of the body, so that it goes across seams and reaches charts of which nothing is known; then among the
    texels of each tile, so that no edge is left where known and filled ones meet.
    """
    todo = tiles.inside & ~texture.known
    if not todo.any() or not texture.known.any():
        return texture
    raster = tiles.raster
    vertex_rgb = _over_vertices(texture, tiles)
    faces = tiles.atlas.faces[raster.face[todo]]
    rgb = texture.rgb.astype(np.float32)
    rgb[todo] = np.einsum("tk,tkc->tc", raster.barycentric[todo], vertex_rgb[faces])
    rgb = _within_tiles(rgb, todo, tiles.inside, tiles.resolution)
    filled = texture.rgb.copy()
    filled[todo] = np.clip(np.round(rgb[todo]), 0, 255).astype(np.uint8)
    return AtlasTexture(filled, texture.known | todo)


def _over_vertices(texture: AtlasTexture, tiles: Tiles) -> Float32Array:
    """(v, 3) float32: mean colour of the known texels around every vertex; others as the mean of their neighbours."""
    atlas, raster = tiles.atlas, tiles.raster
    count = len(atlas.vertices)
    corners = atlas.faces[raster.face[texture.known & tiles.inside]].ravel()
    weights = raster.barycentric[texture.known & tiles.inside].ravel().astype(np.float64)
    colours = np.repeat(texture.rgb[texture.known & tiles.inside], 3, axis=0)
    total = np.bincount(corners, weights, count)
    fixed = total > 0.5
    sums = np.stack([np.bincount(corners, weights * colours[:, k], count) for k in range(3)], axis=1)
    values: Float64Array = np.where(fixed[:, None], sums / np.maximum(total, 1e-12)[:, None], 0.0)
    if not fixed.any():
        return np.tile(texture.rgb[texture.known].mean(axis=0), (count, 1)).astype(np.float32)
    edges = np.unique(np.sort(atlas.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    one, other = np.concatenate([edges[:, 0], edges[:, 1]]), np.concatenate([edges[:, 1], edges[:, 0]])
    values = _spread(values, fixed, one, other)
    degree = np.bincount(one, minlength=count)[:, None]
    for _ in range(_VERTEX_ROUNDS):
        values[~fixed] = (_sum_of_neighbours(values, one, other, count) / np.maximum(degree, 1))[~fixed]
    return values.astype(np.float32)


def _spread(values: Float64Array, fixed: BoolArray, one: AnyArray, other: AnyArray) -> Float64Array:
    """A first guess: colours walk outwards from the known vertices, a ring at a time; pieces that none reaches get the mean."""
    values, reached = values.copy(), fixed.copy()
    count = len(values)
    while True:
        near = np.bincount(one, reached[other], count)
        new = ~reached & (near > 0)
        if not new.any():
            break
        total = _sum_of_neighbours(values * reached[:, None], one, other, count)
        values[new] = total[new] / near[new, None]
        reached |= new
    values[~reached] = values[fixed].mean(axis=0)
    return values


def _sum_of_neighbours(values: Float64Array, one: AnyArray, other: AnyArray, count: int) -> Float64Array:
    return np.stack([np.bincount(one, values[other, k], count) for k in range(3)], axis=1)


def _within_tiles(rgb: Float32Array, todo: BoolArray, inside: BoolArray, resolution: int) -> Float32Array:
    """Texels of `todo` become the mean of their neighbours in the tile, again and again; the others stay."""
    weight = _tiled(inside[:, :, None].astype(np.float32), resolution)
    values, moving = _tiled(rgb, resolution), _tiled(todo[:, :, None], resolution)
    count = np.maximum(_four(weight), 1)
    for _ in range(_TEXEL_ROUNDS):
        values = np.where(moving, _four(values * weight) / count, values)
    return values.reshape(ROWS, COLUMNS, resolution, resolution, 3).swapaxes(1, 2).reshape(rgb.shape)


def _tiled(picture: AnyArray, n: int) -> AnyArray:
    """(6 n, 4 n, c) -> (24, n, n, c), row by row."""
    return picture.reshape(ROWS, n, COLUMNS, n, -1).swapaxes(1, 2).reshape(ROWS * COLUMNS, n, n, -1)


def _four(values: AnyArray) -> AnyArray:
    """Sum of the four neighbours; nothing lies beyond the border."""
    total = np.zeros_like(values)
    total[:, 1:] += values[:, :-1]
    total[:, :-1] += values[:, 1:]
    total[:, :, 1:] += values[:, :, :-1]
    total[:, :, :-1] += values[:, :, 1:]
    return total
