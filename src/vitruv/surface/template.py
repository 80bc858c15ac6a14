"""The body as it comes from a parametric model, before it is cut into charts."""

from __future__ import annotations

from dataclasses import dataclass

from vitruv.errors import InputError
from vitruv.types import Float64Array, Int32Array, UInt8Array

FACE_KINDS = ("skin", "eye white", "iris", "mouth")
"""What a face of the template shows, by number."""


@dataclass(frozen=True, eq=False)
class BodyTemplate:
    """An average adult in the model's rest pose: one closed, mirror-symmetric surface without inner cavities.

    Axes: x to the person's left, y to the back, z up; metres.

    vertices: (v, 3) float64. This order of vertices is the atlas's and the baked body's.
    faces: (f, 3) int32, wound counter-clockwise seen from outside.
    face_kind: (f,) uint8 into `FACE_KINDS`.
    corner_uv: (f, 3, 2) float64, the model's own texture coordinates (V up) of every face corner.
    bone_names: b names; `.L` and `.R` are the person's left and right.
    bone_parents: (b,) int32, -1 for the root; a parent comes before its children.
    bone_heads, bone_tails: (b, 3) float64.
    skin_bones, skin_weights: (v, k) int32 and float64; the weights of a vertex add up to 1.
    model_vertex: (v,) int32, vertex in the model's own order (to bring its shape data into this order).
    hm08_vertex: (v,) int32, vertex of MakeHuman's base mesh hm08 (its clothes are fitted by these numbers).
    mirror_vertex: (v,) int32, vertex at the same place on the other side of the body; its own mirror on the midline.
    """

    vertices: Float64Array
    faces: Int32Array
    face_kind: UInt8Array
    corner_uv: Float64Array
    bone_names: tuple[str, ...]
    bone_parents: Int32Array
    bone_heads: Float64Array
    bone_tails: Float64Array
    skin_bones: Int32Array
    skin_weights: Float64Array
    model_vertex: Int32Array
    hm08_vertex: Int32Array
    mirror_vertex: Int32Array

    def __post_init__(self) -> None:
        v, f, b = len(self.vertices), len(self.faces), len(self.bone_names)
        expected = {
            "vertices": (v, 3),
            "faces": (f, 3),
            "face_kind": (f,),
            "corner_uv": (f, 3, 2),
            "bone_parents": (b,),
            "bone_heads": (b, 3),
            "bone_tails": (b, 3),
            "skin_weights": self.skin_bones.shape,
            "model_vertex": (v,),
            "hm08_vertex": (v,),
            "mirror_vertex": (v,),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise InputError(f"{name} must have shape {shape}, but has {getattr(self, name).shape}")
        if self.skin_bones.shape[0] != v:
            raise InputError(f"skin_bones must have {v} rows, but has {self.skin_bones.shape[0]}")
