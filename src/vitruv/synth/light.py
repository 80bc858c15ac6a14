"""Light at a point: Lambert with a sheen, shadows by depth maps, and the shadow of people on the ground. All linear."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from vitruv.types import AnyArray


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def look_from(
    x: int,
    y: int,
    z: Any,
    rotation: AnyArray,
    translation: AnyArray,
    focal: float,
    cx: float,
    cy: float,
    view: AnyArray,
    world: AnyArray,
) -> None:
    """Where the point of depth z at a pixel is in the world, and the unit direction from the camera to it."""
    ax, ay = (x + 0.5 - cx) / focal * z, (y + 0.5 - cy) / focal * z
    distance = np.sqrt(ax * ax + ay * ay + z * z)
    for k in range(3):
        # Camera axes back to the world.
        view[k] = (rotation[0, k] * ax + rotation[1, k] * ay + rotation[2, k] * z) / distance
        world[k] = (
            rotation[0, k] * (ax - translation[0]) + rotation[1, k] * (ay - translation[1]) + rotation[2, k] * (z - translation[2])
        )


@njit(cache=True, nogil=True, error_model="numpy")
def light_pixel(
    normal: AnyArray, view: AnyArray, albedo: AnyArray, gloss: Any, ao: Any, lit: Any, lights: AnyArray, ambient: AnyArray,
    out: AnyArray,
) -> None:  # fmt: skip
    """Lambert with a little sheen. lights: (n, 6) direction to the light and colour; the first casts the shadow `lit`.

    ambient: (2, 3) colour from above and from below. All linear.
    """
    up = np.float32(0.5) + np.float32(0.5) * normal[1]
    shine = np.float32(0.0)
    for c in range(3):
        out[c] = (ambient[1, c] + up * (ambient[0, c] - ambient[1, c])) * ao
    for k in range(lights.shape[0]):
        cosine = normal[0] * lights[k, 0] + normal[1] * lights[k, 1] + normal[2] * lights[k, 2]
        strength = max(np.float32(0.0), cosine) * (lit if k == 0 else ao)
        for c in range(3):
            out[c] += strength * lights[k, 3 + c]
        if gloss > 0.0 and cosine > 0.0:
            half = (
                (lights[k, 0] - view[0]) * normal[0] + (lights[k, 1] - view[1]) * normal[1] + (lights[k, 2] - view[2]) * normal[2]
            )
            length = (lights[k, 0] - view[0]) ** 2 + (lights[k, 1] - view[1]) ** 2 + (lights[k, 2] - view[2]) ** 2
            s = half * half / max(length, np.float32(1e-6))
            s = s * s
            s = s * s
            shine += s * s * gloss * (lit if k == 0 else np.float32(1.0)) * lights[k, 4]
    for c in range(3):
        out[c] = np.sqrt(max(albedo[c] * out[c] + shine, np.float32(0.0)))


@njit(cache=True, nogil=True, error_model="numpy")
def shadow_test(depth: AnyArray, at: AnyArray, rotation: AnyArray, translation: AnyArray, focal: float, bias: float) -> Any:
    """1 in the light, 0 in the shadow, by nine taps into the depth map seen from the light (principal point in the middle)."""
    height, width = depth.shape
    x = rotation[0, 0] * at[0] + rotation[0, 1] * at[1] + rotation[0, 2] * at[2] + translation[0]
    y = rotation[1, 0] * at[0] + rotation[1, 1] * at[1] + rotation[1, 2] * at[2] + translation[1]
    z = rotation[2, 0] * at[0] + rotation[2, 1] * at[1] + rotation[2, 2] * at[2] + translation[2]
    column, row = int(np.floor(focal * x / z + 0.5 * width)), int(np.floor(focal * y / z + 0.5 * height))
    lit = 0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            xx, yy = column + dx, row + dy
            if xx < 0 or yy < 0 or xx >= width or yy >= height or depth[yy, xx] > z - bias:
                lit += 1
    return np.float32(lit / 9.0)


@njit(cache=True, nogil=True, error_model="numpy")
def shade_ground(
    face: AnyArray,
    view_rotation: AnyArray, view_translation: AnyArray, focal: float, cx: float, cy: float,
    light_depth: AnyArray, light_rotation: AnyArray, light_translation: AnyArray, light_focal: float,
    darkness: float, image: AnyArray,
) -> None:  # fmt: skip
    """Darken the pixels of the background whose ray meets the ground, y = 0, in the shadow of somebody."""
    height, width = face.shape
    eye, ray, world = np.empty(3, np.float32), np.empty(3, np.float32), np.empty(3, np.float32)
    for k in range(3):
        eye[k] = -(
            view_rotation[0, k] * view_translation[0]
            + view_rotation[1, k] * view_translation[1]
            + view_rotation[2, k] * view_translation[2]
        )
    for y in range(height):
        for x in range(width):
            if face[y, x] >= 0:
                continue
            u, v = (x + 0.5 - cx) / focal, (y + 0.5 - cy) / focal
            for k in range(3):
                ray[k] = view_rotation[0, k] * u + view_rotation[1, k] * v + view_rotation[2, k]
            if ray[1] > -1e-3 or eye[1] <= 0.0:
                continue
            reach = -eye[1] / ray[1]
            for k in range(3):
                world[k] = eye[k] + reach * ray[k]
            lit = shadow_test(light_depth, world, light_rotation, light_translation, light_focal, 0.02)
            if lit < 1.0:
                for k in range(3):
                    image[y, x, k] *= 1.0 - darkness * (1.0 - lit)
