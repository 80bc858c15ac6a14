"""Skirts of any length and width, cut from the helper surface around the legs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.body.item import Item
from vitruv.body.mannequin import Mannequin
from vitruv.body.model import Body
from vitruv.body.skeleton import BONE_INDEX
from vitruv.body.skin import blend_skin
from vitruv.types import BoolArray, Float32Array, Int32Array


@dataclass(frozen=True, eq=False)
class Skirts:
    """Skirts of any length and width, on the mannequin's skirt: rows of points from the waist to the ankles.

    item: all of it, as an `Item` without pictures. level: (n,) float32, 0 at the waist, 1 at the ankles.
    """

    item: Item
    level: Float32Array

    @classmethod
    def of(cls, mannequin: Mannequin) -> Skirts:
        used, faces = np.unique(mannequin.skirt_faces, return_inverse=True)
        rest = mannequin.rest(np.zeros(mannequin.body.shape_size))
        at = rest[used]
        body = rest[: mannequin.body.vertex_count]
        legs = np.flatnonzero(~_on_arms(mannequin.body))
        nearest = legs[_nearest(at, body[legs])]
        high, low = at[:, 1].max(), at[:, 1].min()
        level = (high - at[:, 1]) / (high - low)
        around = np.arctan2(at[:, 0], at[:, 2]) / (2 * np.pi) + 0.5
        corners = faces.reshape(-1, 3)
        uv = np.stack([around, 1 - level], axis=1)[corners]
        # Faces over the seam at the back must not run once around the picture.
        wraps = np.ptp(uv[..., 0], axis=1) > 0.5
        uv[wraps, :, 0] = np.where(uv[wraps, :, 0] < 0.5, uv[wraps, :, 0] + 1, uv[wraps, :, 0])
        n = len(used)
        item = Item(
            name="skirt",
            kind="bottom",
            sex=1,
            refs=np.repeat(used[:, None], 3, axis=1).astype(np.int32),
            weights=np.tile(np.array([[1, 0, 0]], np.float32), (n, 1)),
            offsets=np.zeros((n, 3), np.float32),
            scale_refs=np.zeros((3, 2), np.int32),
            scale_lengths=np.zeros(3, np.float32),
            faces=corners.astype(np.int32),
            face_uv=uv.astype(np.float32),
            anchors=nearest.astype(np.int32),
            hides=np.zeros(0, np.int32),
            skin_bones=mannequin.skin_bones[used],
            skin_weights=mannequin.skin_weights[used],
        )
        return cls(item, level.astype(np.float32))

    def cut(
        self,
        points: Float32Array,
        normals: Float32Array,
        transforms: Float32Array,
        *,
        waist: float,
        hem: float,
        flare: float,
        folds: float,
        seed: int,
    ) -> tuple[Float32Array, Int32Array, Float32Array, Int32Array]:
        """A skirt on a posed body. points, normals, transforms as in `Item.fit`. waist, hem: levels 0..1 between which it lies
        (0.35 is above the knee). flare: metres it is wider at the ankles than the mannequin's; folds: metres its hem waves.

        Returns vertices (n, 3) float32, faces (m, 3) int32, texture coordinates of corners (m, 3, 2) float32 and which vertices
        of `item` the vertices are (n,) int32.
        """
        rest = self.item.rest(points, normals)
        centre = rest.mean(axis=0)
        outward = (rest - centre) * np.array([1, 0, 1], np.float32)
        outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
        around = np.arctan2(outward[:, 0], outward[:, 2])
        rng = np.random.default_rng(seed)
        waves = sum(np.sin(k * around + rng.uniform(0, 2 * np.pi)) for k in rng.choice(np.arange(3, 12), 3, replace=False))
        push = self.level * (flare + folds * np.asarray(waves) / np.sqrt(3 / 2))
        rest = rest + push[:, None].astype(np.float32) * outward
        posed = blend_skin(rest, self.item.skin_bones, self.item.skin_weights, transforms)
        inside = (self.level >= waist) & (self.level <= hem)
        kept = inside[self.item.faces].all(axis=1)
        used, faces = np.unique(self.item.faces[kept], return_inverse=True)
        return posed[used], faces.reshape(-1, 3).astype(np.int32), self.item.face_uv[kept], used.astype(np.int32)


def _on_arms(body: Body) -> BoolArray:
    """(V,) bool: vertices that follow an arm or a hand more than any other bone."""
    bones = [i for bone, i in BONE_INDEX.items() if bone.startswith(("upperarm", "lowerarm", "wrist", "finger"))]
    return np.isin(body.skin_bones[:, 0], bones)


def _nearest(points: Float32Array, among: Float32Array) -> Int32Array:
    """For every point the number of the nearest of some others, a few hundred points at a time."""
    found = [((p - among) ** 2).sum(axis=1).argmin() for p in points]
    return np.array(found, np.int32)
