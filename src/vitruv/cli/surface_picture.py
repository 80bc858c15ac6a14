"""The picture of `vitruv surface report`: the body from six sides, and the 24 charts."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from vitruv.draw.palette import palette
from vitruv.surface import CHART_NAMES, NUM_CHARTS, Atlas
from vitruv.types import AnyArray, Float64Array

_BODY, _TILE, _GAP = 420, 300, 34
_COLUMNS = 6
# Yaw about the body's axis and tilt towards the top, degrees: front, left, back, right, above, below.
_SIDES = (("front", 0, 0), ("left", 90, 0), ("back", 180, 0), ("right", -90, 0), ("above", 0, 60), ("below", 0, -60))
_INK = (40, 40, 40)


def report_picture(atlas: Atlas) -> Image.Image:
    """(RGB) six views of the body in chart colours above 24 charts with their triangles; U to the right, V up."""
    colours = np.asarray(palette(), np.float64)
    rows = -(-NUM_CHARTS // _COLUMNS)
    width = max(len(_SIDES) * _BODY, _COLUMNS * (_TILE + _GAP) + _GAP)
    sheet = Image.new("RGB", (width, _BODY + _GAP + rows * (_TILE + _GAP) + _GAP), (255, 255, 255))
    pen = ImageDraw.Draw(sheet)
    for number, (name, yaw_deg, tilt_deg) in enumerate(_SIDES):
        sheet.paste(_body(atlas, colours, yaw_deg, tilt_deg), (number * _BODY, _GAP // 2))
        pen.text((number * _BODY + 8, 2), name, fill=_INK)
    for chart in range(1, NUM_CHARTS + 1):
        left = _GAP + (chart - 1) % _COLUMNS * (_TILE + _GAP)
        top = _BODY + 2 * _GAP + (chart - 1) // _COLUMNS * (_TILE + _GAP)
        _chart(pen, atlas, chart, tuple(int(v) for v in colours[chart]), left, top)
        pen.text((left, top - 14), f"{chart} {CHART_NAMES[chart]}", fill=_INK)
    return sheet


def _chart(pen: ImageDraw.ImageDraw, atlas: Atlas, chart: int, colour: tuple[int, ...], left: int, top: int) -> None:
    pen.rectangle((left, top, left + _TILE, top + _TILE), outline=(200, 200, 200))
    corners = atlas.corner_uv[atlas.chart_of_face == chart].astype(np.float64)
    place = np.array([left, top]) + np.stack([corners[..., 0], 1.0 - corners[..., 1]], axis=-1) * _TILE
    for triangle in place:
        pen.polygon([tuple(p) for p in triangle], fill=colour, outline=(255, 255, 255) if len(place) < 800 else None)


def _body(atlas: Atlas, colours: AnyArray, yaw_deg: float, tilt_deg: float) -> Image.Image:
    """Seen from far away, far triangles painted first."""
    yaw, tilt = np.radians([yaw_deg, tilt_deg])
    turn = np.array([[np.cos(yaw), np.sin(yaw), 0.0], [-np.sin(yaw), np.cos(yaw), 0.0], [0.0, 0.0, 1.0]])
    lean = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(tilt), -np.sin(tilt)], [0.0, np.sin(tilt), np.cos(tilt)]])
    points: Float64Array = atlas.rest_vertices.astype(np.float64) @ (lean @ turn).T
    low, high = points.min(axis=0), points.max(axis=0)
    scale = 0.96 * _BODY / max(high[0] - low[0], high[2] - low[2])
    middle = (low + high) / 2
    flat = np.stack([_BODY / 2 + (points[:, 0] - middle[0]) * scale, _BODY / 2 - (points[:, 2] - middle[2]) * scale], axis=1)
    a, b, c = (points[atlas.faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    towards = normal[:, 1] < 0
    order = np.flatnonzero(towards)[np.argsort(-(a + b + c)[towards, 1], kind="stable")]
    shade = 0.45 + 0.55 * np.clip(-0.9 * normal[:, 1] - 0.2 * normal[:, 0] + 0.3 * normal[:, 2], 0.0, 1.0)
    paint = np.clip(colours[atlas.chart_of_face] * shade[:, None], 0, 255).astype(int)
    picture = Image.new("RGB", (_BODY, _BODY), (255, 255, 255))
    pen = ImageDraw.Draw(picture)
    for face in order:
        pen.polygon([tuple(flat[v]) for v in atlas.faces[face]], fill=tuple(paint[face].tolist()))
    return picture
