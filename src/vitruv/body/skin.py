"""The hot path: linear blend skinning and vertex normals as numba kernels, with their plain numpy twins where numba is absent."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from vitruv.types import Float32Array, Int32Array, UInt8Array


def blend_skin(vertices: Float32Array, bones: UInt8Array, weights: Float32Array, transforms: Float32Array) -> Float32Array:
    """Linear blend skinning of one body.

    vertices: (v, 3) float32 at rest. bones: (v, k) uint8, weights: (v, k) float32, rows sum to 1, unused slots have weight 0.
    transforms: (bones, 3, 4) float32 from rest to pose. Returns (v, 3) float32.
    """
    kernels = _kernels()
    if kernels is None:
        return blend_skin_numpy(vertices, bones, weights, transforms)
    out = np.empty_like(vertices)
    kernels[0](vertices, bones, weights, transforms, out)
    return out


def blend_skin_numpy(vertices: Float32Array, bones: UInt8Array, weights: Float32Array, transforms: Float32Array) -> Float32Array:
    blended = np.einsum("vk,vkij->vij", weights, transforms[bones])
    skinned: Float32Array = np.einsum("vij,vj->vi", blended[:, :, :3], vertices) + blended[:, :, 3]
    return skinned


def vertex_normals(vertices: Float32Array, faces: Int32Array) -> Float32Array:
    """(v, 3) float32 unit normals, faces weighted by area; vertices of no face get (0, 0, 1). faces: (f, 3) int32, outside CCW."""
    kernels = _kernels()
    if kernels is None:
        return vertex_normals_numpy(vertices, faces)
    out = np.empty_like(vertices)
    kernels[1](vertices, faces, out)
    return out


def vertex_normals_numpy(vertices: Float32Array, faces: Int32Array) -> Float32Array:
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    face_normals = np.cross(b - a, c - a)
    total = np.zeros_like(vertices)
    for i in range(3):
        np.add.at(total, faces[:, i], face_normals)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    normals: Float32Array = np.where(length > 0, total / np.maximum(length, 1e-30), np.array([0, 0, 1], np.float32))
    return normals.astype(np.float32)


@cache
def _kernels() -> tuple[Any, Any] | None:
    try:
        import numba
    except ImportError:
        return None

    @numba.njit(cache=True, fastmath=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
    def skin(vertices: Any, bones: Any, weights: Any, transforms: Any, out: Any) -> None:
        for v in range(vertices.shape[0]):
            m00 = m01 = m02 = m03 = m10 = m11 = m12 = m13 = m20 = m21 = m22 = m23 = np.float32(0)
            for k in range(bones.shape[1]):
                w = weights[v, k]
                if w == 0:
                    continue
                t = transforms[bones[v, k]]
                m00 += w * t[0, 0]
                m01 += w * t[0, 1]
                m02 += w * t[0, 2]
                m03 += w * t[0, 3]
                m10 += w * t[1, 0]
                m11 += w * t[1, 1]
                m12 += w * t[1, 2]
                m13 += w * t[1, 3]
                m20 += w * t[2, 0]
                m21 += w * t[2, 1]
                m22 += w * t[2, 2]
                m23 += w * t[2, 3]
            x, y, z = vertices[v, 0], vertices[v, 1], vertices[v, 2]
            out[v, 0] = m00 * x + m01 * y + m02 * z + m03
            out[v, 1] = m10 * x + m11 * y + m12 * z + m13
            out[v, 2] = m20 * x + m21 * y + m22 * z + m23

    @numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
    def normals(vertices: Any, faces: Any, out: Any) -> None:
        out[:] = 0
        for f in range(faces.shape[0]):
            a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
            ux = vertices[b, 0] - vertices[a, 0]
            uy = vertices[b, 1] - vertices[a, 1]
            uz = vertices[b, 2] - vertices[a, 2]
            vx = vertices[c, 0] - vertices[a, 0]
            vy = vertices[c, 1] - vertices[a, 1]
            vz = vertices[c, 2] - vertices[a, 2]
            nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
            for i in (a, b, c):
                out[i, 0] += nx
                out[i, 1] += ny
                out[i, 2] += nz
        for v in range(out.shape[0]):
            length = np.sqrt(out[v, 0] ** 2 + out[v, 1] ** 2 + out[v, 2] ** 2)
            if length > 0:
                out[v, 0] /= length
                out[v, 1] /= length
                out[v, 2] /= length
            else:
                out[v, 2] = 1

    return skin, normals
