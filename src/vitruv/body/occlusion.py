"""How much of the sky each vertex of a body sees past the body itself: ambient occlusion, baked once per vertex."""

from __future__ import annotations

import numpy as np

from vitruv.body.skin import vertex_normals
from vitruv.types import AnyArray, Float32Array

_FAR = 60.0
"""Metres from which the body is looked at: nearly parallel rays."""
_SIZE_PX = 420
_SLACK_M = 0.012
"""A vertex this far behind what is drawn in its pixel still counts as seen."""


def open_sky(vertices: AnyArray, faces: AnyArray, directions: int = 96) -> Float32Array:
    """(V, 3) vertices in metres, y up -> (V,) float32 in 0..1: cosine-weighted share of directions that are not blocked.

    Looks at the body with a z-buffer from directions spread evenly over the sphere; 1 on convex parts, low in armpits, between
    fingers and legs.
    """
    from vitruv.render import Camera, rasterise

    points = np.asarray(vertices, np.float32)
    triangles = np.asarray(faces, np.int32)
    normals = vertex_normals(points, triangles)
    centre = (points.max(axis=0) + points.min(axis=0)) / 2
    radius = float(np.linalg.norm(points - centre, axis=1).max())
    focal = 0.48 * _SIZE_PX * _FAR / radius
    seen = np.zeros(len(points))
    total = np.zeros(len(points))
    for direction in _sphere(directions):
        up = np.array([0.0, 0.0, 1.0]) if abs(direction[1]) > 0.9 else np.array([0.0, 1.0, 0.0])
        camera = Camera.look_at(centre + _FAR * direction, centre, up=up, focal_px=focal, centre_xy=(_SIZE_PX / 2, _SIZE_PX / 2))
        cosine = np.maximum(normals @ direction, 0)
        raster = rasterise(points, triangles, camera, (_SIZE_PX, _SIZE_PX))
        pixels, depth = camera.project(points)
        column, row = (np.clip(pixels[:, i].astype(int), 0, _SIZE_PX - 1) for i in range(2))
        seen += cosine * (depth <= raster.depth[row, column] + _SLACK_M)
        total += cosine
    return (seen / np.maximum(total, 1e-9)).astype(np.float32)


def _sphere(count: int) -> AnyArray:
    """Directions spread evenly over the sphere (Fibonacci lattice). (count, 3)."""
    i = np.arange(count) + 0.5
    height = 1 - 2 * i / count
    turn = np.pi * (1 + np.sqrt(5)) * i
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(turn), height, ring * np.sin(turn)], axis=1)
