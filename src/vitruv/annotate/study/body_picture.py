"""The body from the front and from behind, coloured by the annotators' error, with a scale."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vitruv.render import Camera, rasterise
from vitruv.surface import Atlas
from vitruv.types import AnyArray, Float64Array, UInt8Array

_SIZE_HW = (900, 620)
_AWAY_M = 10.0
_UNKNOWN = np.array([0.55, 0.55, 0.57])
_GROUND = (250, 249, 246)

# Dark blue over green to yellow, by eye close to the paper's; red, green, blue at equal steps.
_STOPS = np.array([[0.14, 0.13, 0.40], [0.12, 0.40, 0.58], [0.16, 0.63, 0.52], [0.62, 0.78, 0.28], [0.99, 0.89, 0.20]])


def draw_error_map(atlas: Atlas, error_m: AnyArray, *, low_cm: float | None = None, high_cm: float | None = None) -> Image.Image:
    """error_m: (v,) metres at every vertex, NaN = unknown. The scale reaches from `low_cm` to `high_cm`; as the data, if absent."""
    known = error_m[np.isfinite(error_m)] * 100
    low = (float(np.floor(known.min())) if known.size else 0.0) if low_cm is None else low_cm
    high = (float(np.ceil(known.max())) if known.size else 1.0) if high_cm is None else high_cm
    high = max(high, low + 0.5)
    sides = [_side(atlas, error_m, np.array([0.0, y, 0.0]), low, high) for y in (-1.0, 1.0)]
    sheet = Image.new("RGB", (2 * _SIZE_HW[1] + 130, _SIZE_HW[0]), _GROUND)
    for i, side in enumerate(sides):
        sheet.paste(Image.fromarray(side), (i * _SIZE_HW[1], 0))
    _draw_scale(sheet, low, high)
    return sheet


def _side(atlas: Atlas, error_m: AnyArray, toward: Float64Array, low: float, high: float) -> UInt8Array:
    vertices = atlas.rest_vertices.astype(np.float64)
    centre = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    extent = vertices.max(axis=0) - vertices.min(axis=0)
    scale = 0.92 * min(_SIZE_HW[0] / extent[2], _SIZE_HW[1] / extent[0])
    camera = Camera.look_at(
        centre + _AWAY_M * toward,
        centre,
        up=np.array([0.0, 0.0, 1.0]),
        focal_px=float(scale * _AWAY_M * 2),
        centre_xy=(float(_SIZE_HW[1]), float(_SIZE_HW[0])),
    )
    raster = rasterise(atlas.rest_vertices, atlas.faces, camera, (2 * _SIZE_HW[0], 2 * _SIZE_HW[1]))
    seen = raster.face >= 0
    corners = atlas.faces[raster.face[seen]]
    values = (raster.weights[seen] * error_m[corners]).sum(axis=1) * 100
    edges = vertices[corners]
    normal = np.cross(edges[:, 1] - edges[:, 0], edges[:, 2] - edges[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    shade = 0.55 + 0.45 * np.clip(normal @ toward, 0, 1)
    picture = np.broadcast_to(np.array(_GROUND, np.float64) / 255, (*raster.face.shape, 3)).copy()
    picture[seen] = _coloured(values, low, high) * shade[:, None]
    height, width = _SIZE_HW
    small = picture.reshape(height, 2, width, 2, 3).mean(axis=(1, 3))
    return np.asarray(np.rint(255 * small), np.uint8)


def _coloured(values_cm: AnyArray, low: float, high: float) -> Float64Array:
    """(n,) -> (n, 3); grey where unknown."""
    place = np.clip((np.nan_to_num(values_cm, nan=low) - low) / (high - low), 0, 1) * (len(_STOPS) - 1)
    colours = np.stack([np.interp(place, np.arange(len(_STOPS)), _STOPS[:, k]) for k in range(3)], axis=1)
    return np.where(np.isfinite(values_cm)[:, None], colours, _UNKNOWN)


def _draw_scale(sheet: Image.Image, low: float, high: float) -> None:
    draw = ImageDraw.Draw(sheet)
    left, top, bottom = sheet.width - 105, 150, sheet.height - 150
    ramp = _coloured(np.linspace(high, low, bottom - top), low, high)
    sheet.paste(Image.fromarray(np.repeat(np.rint(255 * ramp).astype(np.uint8)[:, None], 26, axis=1)), (left, top))
    font = ImageFont.load_default(size=17)
    for step in range(5):
        value = high - (high - low) * step / 4
        y = top + (bottom - top) * step / 4
        draw.text((left + 34, y - 10), f"{value:g} cm", fill=(60, 58, 55), font=font)
