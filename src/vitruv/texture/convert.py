"""Atlas textures to one-picture textures of a body, and back."""

from __future__ import annotations

import numpy as np

from vitruv.errors import InputError
from vitruv.surface import Atlas
from vitruv.texture.atlas_texture import AtlasTexture
from vitruv.texture.layout import Layout
from vitruv.texture.planar import rasterise_plane
from vitruv.texture.tiles import Tiles
from vitruv.types import BoolArray, Float32Array, UInt8Array

_MARGIN = (
    8  # texels by which colours run out over the borders of a layout's islands, so that renderers do not mix in the background
)
MAX_SIZE = 8192


def to_body_texture(
    texture: AtlasTexture, layout: Layout, *, size: int = 1024, atlas: Atlas | None = None
) -> tuple[UInt8Array, BoolArray]:
    """An atlas texture as one picture in a body's own layout.

    Returns rgb (size, size, 3) uint8, the upper edge is v = 1, and (size, size) bool: what has a colour of its own (rgb reaches a
    few pixels further). Raises InputError for a layout of another body than the atlas, and for sizes that make no sense.
    """
    if not 2 <= size <= MAX_SIZE:
        raise InputError(f"size must be from 2 to {MAX_SIZE} pixels, but is {size}")
    atlas = Atlas.load() if atlas is None else atlas
    face, corner = layout.match(atlas)
    # Pixel centres: u of column c is (c + 0.5) / size.
    corners = layout.face_uv * np.array([size, -size]) + np.array([-0.5, size - 0.5])
    raster = rasterise_plane(corners, (size, size))
    drawn = (raster.face >= 0) & (face[raster.face] >= 0)
    which = raster.face[drawn]
    uv_at_corners = np.take_along_axis(atlas.corner_uv[face[which]], corner[which][:, :, None], axis=1)
    uv = np.einsum("nk,nkc->nc", raster.barycentric[drawn], uv_at_corners)
    colours, share = texture.sample(atlas.chart_of_face[face[which]], uv)
    rgb, known = np.zeros((size, size, 3), np.uint8), np.zeros((size, size), bool)
    rgb[drawn], known[drawn] = np.round(colours).astype(np.uint8), share > 0.5
    return _bled(rgb * known[:, :, None], known), known


def from_body_texture(
    rgb: UInt8Array, layout: Layout, *, resolution: int = 200, atlas: Atlas | None = None, known: BoolArray | None = None
) -> AtlasTexture:
    """A one-picture texture in a body's own layout as an atlas texture.

    rgb: (h, w, 3) uint8, the upper edge is v = 1. known: (h, w) bool, what has a colour; default is all.
    Raises InputError for a layout of another body than the atlas.
    """
    tiles = Tiles(Atlas.load() if atlas is None else atlas, resolution)
    face, corner = layout.match(tiles.atlas)
    own_face = np.full(len(tiles.atlas.faces), -1, np.int64)
    own_face[face[face >= 0]] = np.flatnonzero(face >= 0)
    inside = tiles.inside.copy()
    inside[inside] = own_face[tiles.raster.face[inside]] >= 0
    which = own_face[tiles.raster.face[inside]]
    uv_by_atlas_corner = np.zeros((len(layout.faces), 3, 2), np.float32)
    np.put_along_axis(uv_by_atlas_corner, corner[:, :, None].repeat(2, axis=2), layout.face_uv, axis=1)
    uv = np.einsum("nk,nkc->nc", tiles.raster.barycentric[inside], uv_by_atlas_corner[which])
    all_known = np.ones(rgb.shape[:2], np.float32) if known is None else known.astype(np.float32)
    colours, share = _bilinear(rgb, all_known, uv)
    picture, seen = np.zeros((*tiles.size_hw, 3), np.uint8), np.zeros(tiles.size_hw, bool)
    picture[inside], seen[inside] = np.round(colours).astype(np.uint8), share > 0.5
    return AtlasTexture(picture, seen)


def _bilinear(rgb: UInt8Array, known: Float32Array, uv: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Colours (n, 3) and how much of them is known (n,) at u, v, mixed from the four pixels around that are known."""
    height, width = known.shape
    x = np.clip(uv[:, 0] * width - 0.5, 0, width - 1)
    y = np.clip((1 - uv[:, 1]) * height - 0.5, 0, height - 1)
    x0, y0 = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    fx, fy = x - x0, y - y0
    colours, share = np.zeros((len(uv), 3), np.float32), np.zeros(len(uv), np.float32)
    for rows, columns, weight in (
        (y0, x0, (1 - fy) * (1 - fx)),
        (y0, x1, (1 - fy) * fx),
        (y1, x0, fy * (1 - fx)),
        (y1, x1, fy * fx),
    ):
        own = (weight * known[rows, columns]).astype(np.float32)
        share += own
        colours += own[:, None] * rgb[rows, columns]
    return (colours / np.maximum(share, 1e-6)[:, None]).astype(np.float32), share


def _bled(rgb: UInt8Array, known: BoolArray) -> UInt8Array:
    """Pixels around the known ones take a neighbour's colour, a ring at a time."""
    rgb, known = rgb.copy(), known.copy()
    for _ in range(_MARGIN):
        for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
            take = ~known & np.roll(known, step, axis)
            rgb[take] = np.roll(rgb, step, axis)[take]
            known |= take
    return rgb
