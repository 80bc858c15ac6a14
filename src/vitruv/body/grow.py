"""Clothes from nothing: the body's own surface pushed out with folds, and skirts on the helper surface around the legs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.body.item import Item
from vitruv.body.mannequin import Mannequin
from vitruv.body.model import Body
from vitruv.body.skeleton import BONE_INDEX
from vitruv.body.skin import blend_skin
from vitruv.errors import InputError
from vitruv.types import BoolArray, Float32Array, Float64Array, Int32Array

REGIONS = ("trousers", "shorts", "shirt", "t-shirt", "vest", "overall", "robe", "socks", "gloves", "hood")


@dataclass(frozen=True, eq=False)
class Measures:
    """Where each vertex of the body lies, at rest, in the terms clothes are cut in.

    trunk: (V,) float32, 0 at the crotch, 1 at the base of the neck. leg: 0 at the hip, 1 at the knee, 2 at the ankle; -1 off the
    legs. arm: 0 at the shoulder, 1 at the elbow, 2 at the wrist; -1 off the arms. head: (V,) bool.
    """

    trunk: Float32Array
    leg: Float32Array
    arm: Float32Array
    head: BoolArray

    @classmethod
    def of(cls, body: Body) -> Measures:
        """Of the average person."""
        joints = {bone: body.joint_mean[i].astype(np.float64) for bone, i in BONE_INDEX.items()}
        dominant = body.skin_bones[:, 0]
        at = body.mean.astype(np.float64)
        crotch = joints["upperleg01.L"][1] - 0.06
        trunk = (at[:, 1] - crotch) / (joints["neck01"][1] - crotch)
        leg, arm = np.full(len(at), -1.0), np.full(len(at), -1.0)
        for side in (".L", ".R"):
            for values, chain, stems in (
                (leg, ("upperleg01", "lowerleg01", "foot"), ("upperleg", "lowerleg", "foot", "toes")),
                (arm, ("upperarm01", "lowerarm01", "wrist"), ("upperarm", "lowerarm", "wrist", "finger")),
            ):
                mine = np.isin(dominant, [i for bone, i in BONE_INDEX.items() if bone.startswith(stems) and bone.endswith(side)])
                first, middle, last = (joints[f"{bone}{side}"] for bone in chain)
                upper, lower = _along(at[mine], first, middle), _along(at[mine], middle, last)
                values[mine] = np.where(lower > 0, 1 + lower, np.clip(upper, 0, 1))
        head = np.isin(dominant, [BONE_INDEX[bone] for bone in ("head", "neck02", "neck03")])
        return cls(trunk.astype(np.float32), leg.astype(np.float32), arm.astype(np.float32), head)

    def region(self, name: str, rng: np.random.Generator) -> BoolArray:
        """(V,) bool: what a garment of `REGIONS` covers; hems and sleeves fall where the generator puts them."""
        off_limbs = (self.arm < 0) & (self.leg < 0) & ~self.head
        waist, collar = float(rng.uniform(0.2, 0.45)), float(rng.uniform(0.93, 1.02))
        hips = (off_limbs & (self.trunk < waist)) | (self.leg >= 0)
        chest = (off_limbs & (self.trunk > rng.uniform(-0.05, 0.3)) & (self.trunk < collar)) | (
            (self.leg >= 0) & (self.trunk > 0.12)
        )
        if name == "trousers":
            return hips & (self.leg < rng.uniform(1.6, 2.0))
        if name == "shorts":
            return hips & (self.leg < rng.uniform(0.35, 1.1))
        if name in ("shirt", "t-shirt", "vest"):
            sleeve = {"shirt": rng.uniform(1.5, 1.97), "t-shirt": rng.uniform(0.35, 0.9), "vest": 0.06}[name]
            return chest | ((self.arm >= 0) & (self.arm < sleeve))
        if name in ("overall", "robe"):
            trunk = off_limbs & (self.trunk < collar)
            legs = (self.leg >= 0) & (self.leg < (rng.uniform(1.7, 1.95) if name == "overall" else 0.05))
            return trunk | legs | ((self.arm >= 0) & (self.arm < rng.uniform(1.6, 1.97)))
        if name == "socks":
            return self.leg > rng.uniform(1.5, 1.95)
        if name == "gloves":
            return self.arm > rng.uniform(1.85, 1.98)
        if name == "hood":
            return self.head & (self.trunk > 0)
        raise InputError(f"region must be one of {', '.join(REGIONS)}, but is {name!r}")


def _along(points: Float64Array, start: Float64Array, end: Float64Array) -> Float64Array:
    """Where points lie along a line: 0 at its start, 1 at its end."""
    axis = end - start
    share: Float64Array = (points - start) @ axis / (axis @ axis)
    return share


def inflate(
    vertices: Float32Array, normals: Float32Array, faces: Int32Array, region: BoolArray, *, amount: float, folds: float, seed: int
) -> tuple[Float32Array, Int32Array, Int32Array]:
    """Part of a posed body's surface pushed out along its normals.

    vertices, normals: (V, 3) float32; faces: (F, 3) int32; region: (V,) bool. amount: metres it stands off on the average; folds:
    metres by which that varies, in waves of 5 to 25 cm. The same seed gives the same folds, so that an outer garment with it and a
    larger amount stays outside.
    Returns the garment's vertices (n, 3) float32, its faces (m, 3) int32 and for each of its vertices the body vertex (n,) int32.
    """
    chosen = faces[region[faces].all(axis=1)]
    covered = np.zeros(len(vertices), bool)
    covered[chosen] = True
    used = np.flatnonzero(covered)
    number = np.cumsum(covered, dtype=np.int32) - np.int32(1)
    rng = np.random.default_rng(seed)
    at = vertices[used]
    waves = np.zeros(len(used), np.float32)
    for _ in range(5):
        direction = rng.normal(size=3)
        direction *= 2 * np.pi / rng.uniform(0.05, 0.25) / np.linalg.norm(direction)
        waves += np.sin(at @ direction.astype(np.float32) + np.float32(rng.uniform(0, 2 * np.pi)))
    away = np.maximum(amount + folds * waves / np.sqrt(5 / 2), 0.002).astype(np.float32)
    return at + away[:, None] * normals[used], number[chosen], used.astype(np.int32)


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
        legs = np.flatnonzero(Measures.of(mannequin.body).arm < 0)
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


def _nearest(points: Float32Array, among: Float32Array) -> Int32Array:
    """For every point the number of the nearest of some others, a few hundred points at a time."""
    found = [((p - among) ** 2).sum(axis=1).argmin() for p in points]
    return np.array(found, np.int32)
