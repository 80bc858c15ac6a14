"""`Mannequin`: what clothes hang on: the body, and invisible helper surfaces around it (tights, skirt, hair cap)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitruv.body.arrays import NO_BODY, dequantise
from vitruv.body.model import BUILT_IN, Body
from vitruv.errors import InputError
from vitruv.files import made_from
from vitruv.types import AnyArray, Float32Array, Int32Array, PathLike, UInt8Array


@dataclass(frozen=True, eq=False)
class Mannequin:
    """Support points for clothes: the V vertices of the body, then H helper vertices.

    body: the body. helper_mean: (H, 3) float32, helper_components: (K, H, 3) float32, as in `Body`.
    skin_bones: (V + H, 6) uint8, skin_weights: (V + H, 6) float32.
    skirt_faces: (f, 3) int32 among the V + H points: a skirt from the waist to the ankles.
    hm08_vertex: (V + H,) int32, the number of each point in MakeHuman's base mesh hm08.
    """

    body: Body
    helper_mean: Float32Array
    helper_components: Float32Array
    skin_bones: UInt8Array
    skin_weights: Float32Array
    skirt_faces: Int32Array
    hm08_vertex: Int32Array

    def __post_init__(self) -> None:
        points = self.body.vertex_count + len(self.helper_mean)
        if len(self.skin_bones) != points or len(self.skin_weights) != points or len(self.hm08_vertex) != points:
            raise InputError(f"skin and hm08_vertex of a mannequin must have {points} rows")

    @classmethod
    def load(cls, path: PathLike | None = None) -> Mannequin:
        """The one in the package, or in a body file. Raises as `Body.load`."""
        return made_from(Path(BUILT_IN if path is None else path), cls.from_arrays, NO_BODY)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray], body: Body | None = None) -> Mannequin:
        """From the arrays of a body file. Raises KeyError for a missing one."""
        body = body if body is not None else Body.from_arrays(arrays)
        weights = np.asarray(arrays["helper_skin_weights"], np.float32)
        weights /= weights.sum(axis=1, keepdims=True)
        return cls(
            body=body,
            helper_mean=dequantise(arrays, "helper_mean").astype(np.float32),
            helper_components=dequantise(arrays, "helper_components").astype(np.float32),
            skin_bones=np.concatenate([body.skin_bones, np.asarray(arrays["helper_skin_bones"], np.uint8)]),
            skin_weights=np.concatenate([body.skin_weights, weights]),
            skirt_faces=np.asarray(arrays["helper_skirt_faces"]).astype(np.int32) + np.int32(body.vertex_count),
            hm08_vertex=np.concatenate([arrays["body_hm08_vertex"], arrays["helper_hm08_vertex"]]).astype(np.int32),
        )

    @property
    def point_count(self) -> int:
        return self.body.vertex_count + len(self.helper_mean)

    def rest(self, shape: AnyArray) -> Float32Array:
        """(K,) coefficients of one shape -> (V + H, 3) float32 points in the rest pose, axes and origin as in `Body.rest`."""
        coefficients = np.asarray(shape, np.float32)
        vertices, _ = self.body.rest(coefficients[None])
        helpers = self.helper_mean + np.tensordot(coefficients, self.helper_components, axes=1)
        return np.concatenate([vertices[0], helpers.astype(np.float32)])

    def normals(self, points: Float32Array) -> Float32Array:
        """(V + H, 3) points of `rest` -> (V, 3) float32 normals of the body among them."""
        return self.body.normals(np.ascontiguousarray(points[: self.body.vertex_count]))
