"""Colour of a person's pixels: which garment covers the point of the body, its texture, folds, light and shadow.

Light is linear inside; albedo and result are display values with a gamma of 2 (a square and a root instead of powers).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from vitruv.synth.light import light_pixel, look_from, shadow_test
from vitruv.types import AnyArray

# Columns of the per-vertex fields of `BodyPaint`.
FIELD_X, FIELD_Y, FIELD_Z, FIELD_TRUNK, FIELD_ARM, FIELD_AO, FIELD_WAVE = range(7)
NUM_FIELDS = 7

# Columns of a layer: limits along the trunk and the arm, shape of the upper border, opening in front, border waviness.
LAYER_LOW, LAYER_HIGH, LAYER_ARM_LOW, LAYER_ARM_HIGH, LAYER_DROP, LAYER_WIDTH, LAYER_OPEN, LAYER_WAVE, LAYER_KIND = range(9)
NUM_LAYER_VALUES = 9
KIND_CLOTH, KIND_HAIR, KIND_BEARD, KIND_GLASSES, KIND_LOGO = 0.0, 1.0, 2.0, 3.0, 4.0

# Columns of a material: the 2 x 3 map from rest position (metres) to tile pixels, offset, gloss, fold depth, skin share.
MATERIAL_MAP, MATERIAL_OFFSET, MATERIAL_GLOSS, MATERIAL_FOLDS = 0, 6, 8, 9
NUM_MATERIAL_VALUES = 10


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def covers(layer: AnyArray, x: float, z: float, trunk: float, arm: float, ripple: float) -> Any:
    """How far inside a layer a point of the body lies: > 0 covered. Trunk units."""
    wave = layer[LAYER_WAVE] * ripple
    kind = layer[LAYER_KIND]
    if kind == KIND_CLOTH:
        high = layer[LAYER_HIGH]
        front = min(max(z * 12.0 + 0.5, 0.0), 1.0)
        reach = abs(x) / layer[LAYER_WIDTH]
        if reach < 1.0:
            high -= layer[LAYER_DROP] * front * (1.0 - reach * reach)
        inside = min(trunk - layer[LAYER_LOW], high - trunk)
        inside = min(inside, min(arm - layer[LAYER_ARM_LOW], layer[LAYER_ARM_HIGH] - arm))
        if layer[LAYER_OPEN] > 0.0 and z > 0.0:
            inside = min(inside, abs(x) * 2.0 - layer[LAYER_OPEN] * (0.6 + 0.6 * trunk))
        return inside + wave
    # Head layers: x, y, z relative to the head are made from trunk (1 = base of the neck, 2 = crown) and z.
    if kind == KIND_HAIR:
        # Above a plane that rises from the nape to the forehead.
        return trunk - (layer[LAYER_LOW] + layer[LAYER_DROP] * min(max((z - layer[LAYER_OPEN]) * 9.0, 0.0), 1.0)) + wave
    if kind == KIND_BEARD:
        return min(min(trunk - layer[LAYER_LOW], layer[LAYER_HIGH] - trunk), (z - layer[LAYER_OPEN]) * 4.0) + wave
    if kind == KIND_GLASSES:
        return min(min(trunk - layer[LAYER_LOW], layer[LAYER_HIGH] - trunk), (z - layer[LAYER_OPEN]) * 4.0)
    # A print on the chest or back: a rectangle in x and trunk.
    side = z if layer[LAYER_OPEN] > 0.0 else -z
    inside = min(trunk - layer[LAYER_LOW], layer[LAYER_HIGH] - trunk)
    inside = min(inside, layer[LAYER_WIDTH] - abs(x - layer[LAYER_DROP]))
    return min(inside, min(side, 0.05 - arm))


@njit(cache=True, nogil=True, error_model="numpy")
def thicken(
    vertices: AnyArray, normals: AnyArray, fields: AnyArray, layers: AnyArray, thickness: AnyArray, ripple: AnyArray, out: AnyArray
) -> None:
    """Push the skin out where garments cover it. thickness: (l,) metres; ripple: (v,) multiplier of about 1."""
    for v in range(vertices.shape[0]):
        push = np.float32(0.0)
        x, z, trunk, arm = fields[v, FIELD_X], fields[v, FIELD_Z], fields[v, FIELD_TRUNK], fields[v, FIELD_ARM]
        for k in range(layers.shape[0]):
            if thickness[k] <= push or trunk < layers[k, LAYER_LOW] - 0.05 or trunk > layers[k, LAYER_HIGH] + 0.05:
                continue
            inside = covers(layers[k], x, z, trunk, arm, fields[v, FIELD_WAVE])
            if inside > -0.02:
                push = max(push, thickness[k] * min(1.0, (inside + 0.02) * 25.0))
        push *= ripple[v]
        for c in range(3):
            out[v, c] = vertices[v, c] + push * normals[v, c]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _texel(texture: AnyArray, u: float, v: float, c: int) -> Any:
    """Bilinear, repeated; u, v in texels."""
    height, width = texture.shape[0], texture.shape[1]
    u -= 0.5
    v -= 0.5
    x0, y0 = int(np.floor(u)), int(np.floor(v))
    fx, fy = np.float32(u - x0), np.float32(v - y0)
    xa, ya = x0 % width, y0 % height
    xb, yb = (xa + 1) % width, (ya + 1) % height
    upper = texture[ya, xa, c] + fx * (np.float32(texture[ya, xb, c]) - texture[ya, xa, c])
    lower = texture[yb, xa, c] + fx * (np.float32(texture[yb, xb, c]) - texture[yb, xa, c])
    return upper + fy * (lower - upper)


@njit(cache=True, nogil=True, error_model="numpy")
def shade_body(
    face: AnyArray, barycentric: AnyArray, depth: AnyArray, first: int,
    faces: AnyArray, normals: AnyArray, fields: AnyArray, skin_uv: AnyArray, face_kind: AnyArray,
    layers: AnyArray, materials: AnyArray, tiles: AnyArray, skin: AnyArray, skin_gain: AnyArray, eye: AnyArray, bump: AnyArray,
    view_rotation: AnyArray, view_translation: AnyArray, focal: float, cx: float, cy: float,
    lights: AnyArray, ambient: AnyArray,
    light_depth: AnyArray, light_rotation: AnyArray, light_translation: AnyArray, light_focal: float,
    image: AnyArray,
) -> None:  # fmt: skip
    """Paint the pixels whose face is one of this body's, first <= face < first + len(faces), into image (h, w, 3) float32.

    skin: (s, s, 3) uint8, looked up by skin_uv (F, 3, 2), V up. bump: (b, b, 2) float32 slopes of a fold pattern.
    """
    height, width = face.shape
    count = faces.shape[0]
    normal = np.empty(3, np.float32)
    view = np.empty(3, np.float32)
    world = np.empty(3, np.float32)
    albedo = np.empty(3, np.float32)
    colour = np.empty(3, np.float32)
    value = np.empty(NUM_FIELDS, np.float32)
    shadows = light_depth.shape[0] > 0
    side = skin.shape[0]
    for y in range(height):
        for x in range(width):
            f = face[y, x] - first
            if f < 0 or f >= count:
                continue
            wb, wc = barycentric[y, x, 0], barycentric[y, x, 1]
            wa = np.float32(1.0) - wb - wc
            a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
            for k in range(NUM_FIELDS):
                value[k] = wa * fields[a, k] + wb * fields[b, k] + wc * fields[c, k]
            for k in range(3):
                normal[k] = wa * normals[a, k] + wb * normals[b, k] + wc * normals[c, k]
            material = -1
            kind = KIND_CLOTH
            # From the outermost inwards: the first that covers is the one that is seen.
            for k in range(layers.shape[0] - 1, -1, -1):
                inside = covers(layers[k], value[FIELD_X], value[FIELD_Z], value[FIELD_TRUNK], value[FIELD_ARM], value[FIELD_WAVE])
                if inside > 0.0:
                    material = k
                    kind = layers[k, LAYER_KIND]
                    break
            gloss: Any = np.float32(0.06)
            folds: Any = np.float32(0.0)
            if material < 0:
                if face_kind[f] == 1:
                    albedo[0], albedo[1], albedo[2] = np.float32(0.6), np.float32(0.58), np.float32(0.56)
                elif face_kind[f] == 2:
                    albedo[0], albedo[1], albedo[2] = eye[0], eye[1], eye[2]
                else:
                    u = wa * skin_uv[f, 0, 0] + wb * skin_uv[f, 1, 0] + wc * skin_uv[f, 2, 0]
                    v = wa * skin_uv[f, 0, 1] + wb * skin_uv[f, 1, 1] + wc * skin_uv[f, 2, 1]
                    for k in range(3):
                        tone = _texel(skin, u * side, (1.0 - v) * side, k) * np.float32(1.0 / 255.0) * skin_gain[k]
                        albedo[k] = tone * tone
            else:
                m = materials[material]
                gloss, folds = m[MATERIAL_GLOSS], m[MATERIAL_FOLDS]
                u = m[0] * value[0] + m[1] * value[1] + m[2] * value[2] + m[MATERIAL_OFFSET]
                v = m[3] * value[0] + m[4] * value[1] + m[5] * value[2] + m[MATERIAL_OFFSET + 1]
                for k in range(3):
                    tone = _texel(tiles[material], u, v, k) * np.float32(1.0 / 255.0)
                    albedo[k] = tone * tone
            if folds > 0.0 and kind != KIND_GLASSES:
                size = bump.shape[0]
                bx = int(np.floor((value[0] + 0.6 * value[2]) * 210.0)) % size
                by = int(np.floor((value[1] - 0.3 * value[2]) * 110.0)) % size
                normal[0] += folds * bump[by, bx, 0]
                normal[1] += folds * bump[by, bx, 1]
                normal[2] += folds * bump[bx, by, 0]
            length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2) + np.float32(1e-9)
            for k in range(3):
                normal[k] /= length
            look_from(x, y, depth[y, x], view_rotation, view_translation, focal, cx, cy, view, world)
            lit: Any = np.float32(1.0)
            if shadows:
                lit = shadow_test(light_depth, world, light_rotation, light_translation, light_focal, 0.03)
            light_pixel(normal, view, albedo, gloss, value[FIELD_AO], lit, lights, ambient, colour)
            for k in range(3):
                image[y, x, k] = colour[k]


@njit(cache=True, nogil=True, error_model="numpy")
def shade_cloth(
    face: AnyArray, barycentric: AnyArray, depth: AnyArray, first: int,
    faces: AnyArray, normals: AnyArray, face_uv: AnyArray, texture: AnyArray, repeat: float, colour_map: AnyArray,
    gloss: float, folds: float, bump: AnyArray,
    view_rotation: AnyArray, view_translation: AnyArray, focal: float, cx: float, cy: float,
    lights: AnyArray, ambient: AnyArray,
    light_depth: AnyArray, light_rotation: AnyArray, light_translation: AnyArray, light_focal: float,
    image: AnyArray,
) -> None:  # fmt: skip
    """As `shade_body`, for a garment seen from either side, with its own texture (h, w, 3 or 4) uint8.

    repeat: how often the picture fits into texture coordinate 1. colour_map: (3, 4) float32, affine on display values 0..1.
    """
    height, width = face.shape
    count = faces.shape[0]
    normal = np.empty(3, np.float32)
    view = np.empty(3, np.float32)
    world = np.empty(3, np.float32)
    albedo = np.empty(3, np.float32)
    texel = np.empty(3, np.float32)
    colour = np.empty(3, np.float32)
    shadows = light_depth.shape[0] > 0
    size = bump.shape[0]
    for y in range(height):
        for x in range(width):
            f = face[y, x] - first
            if f < 0 or f >= count:
                continue
            wb, wc = barycentric[y, x, 0], barycentric[y, x, 1]
            wa = np.float32(1.0) - wb - wc
            a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
            u = (wa * face_uv[f, 0, 0] + wb * face_uv[f, 1, 0] + wc * face_uv[f, 2, 0]) * repeat
            v = (wa * face_uv[f, 0, 1] + wb * face_uv[f, 1, 1] + wc * face_uv[f, 2, 1]) * repeat
            for k in range(3):
                texel[k] = _texel(texture, u * texture.shape[1], (1.0 - v) * texture.shape[0], k) * np.float32(1.0 / 255.0)
                normal[k] = wa * normals[a, k] + wb * normals[b, k] + wc * normals[c, k]
            for k in range(3):
                tone = colour_map[k, 0] * texel[0] + colour_map[k, 1] * texel[1] + colour_map[k, 2] * texel[2] + colour_map[k, 3]
                tone = min(max(tone, np.float32(0.01)), np.float32(1.0))
                albedo[k] = tone * tone
            if folds > 0.0:
                bx, by = int(np.floor(u / repeat * 200.0)) % size, int(np.floor(v / repeat * 120.0)) % size
                for k in range(2):
                    normal[k] += folds * bump[by, bx, k]
            length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2) + np.float32(1e-9)
            look_from(x, y, depth[y, x], view_rotation, view_translation, focal, cx, cy, view, world)
            facing = np.float32(0.0)
            for k in range(3):
                normal[k] /= length
                facing += normal[k] * view[k]
            ao: Any = np.float32(1.0)
            if facing > 0.0:
                # The inside of the cloth: turned towards the camera, and darker.
                ao = np.float32(0.6)
                for k in range(3):
                    normal[k] = -normal[k]
            lit: Any = np.float32(1.0)
            if shadows:
                lit = shadow_test(light_depth, world, light_rotation, light_translation, light_focal, 0.04)
            light_pixel(normal, view, albedo, gloss, ao, lit, lights, ambient, colour)
            for k in range(3):
                image[y, x, k] = colour[k]
