"""Joints in a picture, with COCO's visibility."""

from __future__ import annotations

import numpy as np

from vitruv.render import NEAR_M, Camera
from vitruv.types import AnyArray, BoolArray, Float32Array

WRISTS = slice(9, 11)
"""Left and right wrist among COCO's joints."""


def project_joints(
    joints: AnyArray, tolerance_m: Float32Array, camera: Camera, depth: Float32Array, seen: BoolArray, inside: BoolArray
) -> Float32Array:
    """(k, 3) float32: x, y and visibility of joints (k, 3) given in world axes.

    Visibility: 0 not in the picture (x = y = 0); 2 where the pixel shows the person (`seen`) and its surface is not nearer to the
    camera than the joint by more than `tolerance_m` (k,), the depth of the joint under its own skin; otherwise 1.
    depth: (h, w) of all surfaces. inside: (h, w), false where the picture has ended.
    """
    pixels, z = camera.project(joints)
    height, width = depth.shape
    columns, rows = np.floor(pixels[:, 0]).astype(np.int64), np.floor(pixels[:, 1]).astype(np.int64)
    there = (z > NEAR_M) & (columns >= 0) & (rows >= 0) & (columns < width) & (rows < height)
    r, c = np.where(there, rows, 0), np.where(there, columns, 0)
    there &= inside[r, c]
    visible = seen[r, c] & (depth[r, c] > z - tolerance_m)
    out = np.zeros((len(pixels), 3), np.float32)
    out[:, :2] = np.where(there[:, None], pixels, 0)
    out[:, 2] = np.where(there, np.where(visible, 2, 1), 0)
    return out
