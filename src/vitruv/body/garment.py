"""`Garment`: one piece of clothing or hair on a posed body."""

from __future__ import annotations

from dataclasses import dataclass

from vitruv.types import Float32Array, Int32Array


@dataclass(frozen=True, eq=False)
class Garment:
    """A piece of cloth, a shoe, a hat or hair, on its person.

    name: which one ("male_casualsuit02"). kind: what it is: "top", "bottom", "dress", "suit", "shoes", "hat",
        "hair", "glasses", "swim". Draw it from both sides: cloth is open.
    vertices: (n, 3) float32, metres, in the same frame as the person's. faces: (m, 3) int32.
    face_uv: (m, 3, 2) float32, texture coordinates of face corners, v upwards; may leave 0..1 (then the texture repeats).
    texture: number in `Wardrobe.textures`, or -1: no picture belongs to it, paint it as you like.
    anchors: (n,) int32: the vertex of the body that lies under each garment vertex: the chart of cloth pixels over the body.
    hides: (h,) int32: vertices of the body that it covers. Skin between them need not be drawn, and should not: it may come
        through. (Labels are still those of the whole body.)
    """

    name: str
    kind: str
    vertices: Float32Array
    faces: Int32Array
    face_uv: Float32Array
    texture: int
    anchors: Int32Array
    hides: Int32Array
