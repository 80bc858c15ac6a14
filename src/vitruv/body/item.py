"""`Item`: one piece of a wardrobe, tied to points of the mannequin so that it fits every shape and follows every pose."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vitruv.body.mannequin import Mannequin
from vitruv.body.skin import blend_skin
from vitruv.errors import InputError
from vitruv.types import AnyArray, Float32Array, Float64Array, Int32Array, UInt8Array

KINDS = ("top", "bottom", "dress", "suit", "coat", "shoes", "hat", "hair", "glasses", "swim")
MAX_BONES_PER_VERTEX = 6
_CLEARANCE_M, _NEAR_M = 0.004, 0.06


@dataclass(frozen=True, eq=False)
class Item:
    """A garment at rest: vertex i = sum_j weights[i, j] * point[refs[i, j]] + offsets[i] * scale, where scale (x, y, z) is the
    distance along that axis between two points of the mannequin over its length on the base mesh (the rule of .mhclo files).

    name, kind (one of `KINDS`). sex: -1 for men, 1 for women, 0 for all.
    refs: (n, 3) int32 into the mannequin's points; weights: (n, 3) float32; offsets: (n, 3) float32, metres.
    scale_refs: (3, 2) int32 and scale_lengths: (3,) float32, metres; a length of 0 means no scaling along that axis.
    faces: (m, 3) int32; face_uv: (m, 3, 2) float32, v upwards.
    anchors: (n,) int32, the body vertex under each vertex. hides: (h,) int32, body vertices that it covers.
    skin_bones: (n, 6) uint8, skin_weights: (n, 6) float32: how it moves with the pose.
    textures: numbers of the pictures it can wear in its wardrobe; none: paint it as you like.
    """

    name: str
    kind: str
    sex: int
    refs: Int32Array
    weights: Float32Array
    offsets: Float32Array
    scale_refs: Int32Array
    scale_lengths: Float32Array
    faces: Int32Array
    face_uv: Float32Array
    anchors: Int32Array
    hides: Int32Array
    skin_bones: UInt8Array
    skin_weights: Float32Array
    textures: tuple[int, ...] = field(default=())

    def __post_init__(self) -> None:
        n = len(self.refs)
        shapes = {
            "refs": (n, 3),
            "weights": (n, 3),
            "offsets": (n, 3),
            "anchors": (n,),
            "scale_refs": (3, 2),
            "scale_lengths": (3,),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise InputError(f"{name} of the item {self.name!r} must be {shape}, but is {getattr(self, name).shape}")
        if self.kind not in KINDS:
            raise InputError(f"the kind of the item {self.name!r} must be one of {', '.join(KINDS)}, but is {self.kind!r}")

    def rest(self, points: Float32Array, normals: Float32Array) -> Float32Array:
        """In the rest pose of a shape. points: (V + H, 3) of `Mannequin.rest`; normals: (V, 3) of the body in that pose.

        Returns (n, 3) float32. Where the body would come through, the garment is pushed out.
        """
        span = np.abs((points[self.scale_refs[:, 0]] - points[self.scale_refs[:, 1]])[np.arange(3), np.arange(3)])
        scale = np.where(self.scale_lengths > 0, span / np.maximum(self.scale_lengths, 1e-9), 1.0).astype(np.float32)
        held = points[self.refs[:, 0]] * self.weights[:, :1]
        for j in (1, 2):
            held += points[self.refs[:, j]] * self.weights[:, j : j + 1]
        vertices: Float32Array = held + self.offsets * scale
        outward = normals[self.anchors]
        away = vertices - points[self.anchors]
        height = (away * outward).sum(axis=1)
        # Far from its anchor a vertex hangs free, and the anchor's normal says nothing about it.
        near = (away * away).sum(axis=1) < _NEAR_M**2
        vertices += np.where(near & (height < _CLEARANCE_M), _CLEARANCE_M - height, 0)[:, None].astype(np.float32) * outward
        return vertices

    def fit(self, points: Float32Array, normals: Float32Array, transforms: Float32Array) -> Float32Array:
        """On a posed body: arguments as in `rest`, and `Posed.transforms[i]` (bones, 3, 4). Returns (n, 3) float32 vertices."""
        return blend_skin(self.rest(points, normals), self.skin_bones, self.skin_weights, transforms)


def skin_of_refs(mannequin: Mannequin, refs: AnyArray, weights: AnyArray) -> tuple[UInt8Array, Float32Array]:
    """Skin of vertices held by three points each: the points' own, mixed by the weights. (n, 6) and (n, 6)."""
    positive = np.maximum(np.asarray(weights, np.float64), 1e-4)
    positive /= positive.sum(axis=1, keepdims=True)
    bones = int(mannequin.skin_bones.max()) + 1
    dense: Float64Array = np.zeros((len(positive), bones))
    rows = np.arange(len(positive))[:, None]
    for j in range(3):
        np.add.at(dense, (rows, mannequin.skin_bones[refs[:, j]]), positive[:, j : j + 1] * mannequin.skin_weights[refs[:, j]])
    order = np.argsort(-dense, axis=1, kind="stable")[:, :MAX_BONES_PER_VERTEX]
    heaviest = np.take_along_axis(dense, order, axis=1)
    return order.astype(np.uint8), (heaviest / heaviest.sum(axis=1, keepdims=True)).astype(np.float32)
