"""Fitted bodies drawn over their photo, to see whether they fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vitruv.body import Body
from vitruv.texture.fit_body import FittedBody
from vitruv.types import UInt8Array

_OPACITY = 0.75
_COLOURS = ((235, 140, 60), (70, 150, 220), (110, 190, 90), (200, 100, 190), (220, 200, 70))


def draw_bodies(rgb: UInt8Array, bodies: Sequence[FittedBody]) -> UInt8Array:
    """(h, w, 3) uint8: the photo with shaded bodies over it, nearer ones in front. Needs numba (extra `synth`)."""
    from vitruv.render import Camera, Raster, rasterise

    body = Body.load()
    height, width = rgb.shape[:2]
    raster = Raster.empty((height, width))
    light = np.zeros(len(bodies) * len(body.faces), np.float32)
    for i, fitted in enumerate(bodies):
        camera = Camera(fitted.focal_px, (width / 2, height / 2), np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
        rasterise(fitted.vertices, body.faces, camera, (height, width), onto=raster, first_face=i * len(body.faces))
        normals = body.normals(fitted.vertices)[body.faces].mean(axis=1)
        towards = np.array([0.4, -0.6, -0.7]) / np.linalg.norm([0.4, -0.6, -0.7])
        light[i * len(body.faces) : (i + 1) * len(body.faces)] = 0.35 + 0.65 * np.clip(normals @ towards, 0, 1)
    seen = raster.face >= 0
    face = raster.face[seen]
    colours = np.array(_COLOURS, np.float32)[(face // len(body.faces)) % len(_COLOURS)] * light[face][:, None]
    result = rgb.copy()
    result[seen] = np.clip(_OPACITY * colours + (1 - _OPACITY) * rgb[seen], 0, 255).astype(np.uint8)
    return result
