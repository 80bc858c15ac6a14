"""`ScenePerson`: one posed, dressed person standing in the world; `ScenePersonSampler` draws them at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from vitruv.body import Body, Pose, Posed, ShapeSampler
from vitruv.synth.background import Photos
from vitruv.synth.garment_fitter import Cloth, turned
from vitruv.synth.outfit import Outfit, OutfitSampler
from vitruv.synth.paint import BodyPaint
from vitruv.synth.person_batch import PersonBatch
from vitruv.synth.shade import thicken
from vitruv.types import AnyArray, Float32Array, UInt8Array


@dataclass(frozen=True, eq=False)
class ScenePerson:
    """World axes: metres, y up, the ground at y = 0.

    body: (V, 3) float32, the skin; surface: (V, 3) float32, what is seen (skin, garments, hair), same vertices pushed out.
    normals: (V, 3) float32 of the surface. keypoints: (17, 3) float32. skin: (s, s, 3) uint8. clothes: what has a shape of its own.
    """

    body: Float32Array
    surface: Float32Array
    normals: Float32Array
    keypoints: Float32Array
    outfit: Outfit
    skin: UInt8Array
    clothes: tuple[Cloth, ...] = ()

    def moved(self, shift: AnyArray) -> ScenePerson:
        """The same figure elsewhere. shift: (3,) metres."""
        by = np.asarray(shift, np.float32)
        clothes = tuple(replace(c, vertices=c.vertices + by) for c in self.clothes)
        return replace(self, body=self.body + by, surface=self.surface + by, keypoints=self.keypoints + by, clothes=clothes)

    def turned(self, yaw: float) -> ScenePerson:
        """The same figure, turned about the vertical through the origin. yaw: radians."""
        turn = heading(yaw)
        body, surface, normals, keypoints = (a @ turn.T for a in (self.body, self.surface, self.normals, self.keypoints))
        clothes = tuple(turned(cloth, turn, np.zeros(3, np.float32)) for cloth in self.clothes)
        return replace(self, body=body, surface=surface, normals=normals, keypoints=keypoints, clothes=clothes)


def heading(yaw: float) -> Float32Array:
    """(3, 3) float32: rotation about the vertical, 0 faces +z."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    return np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]], np.float32)


Dress = Callable[..., list[Cloth]]
"""As `GarmentFitter`, which is one."""


class Poses(Protocol):
    """Draws a pose; the same generator state gives the same pose. lying: as in `PoseLibrary.sample`."""

    def sample(self, rng: np.random.Generator, *, lying: float = 1.0) -> Pose: ...


@dataclass(frozen=True, eq=False)
class ScenePersonSampler:
    """Draws people: shape, pose, skin and clothes. They stand on the ground at x = z = 0, turned any way."""

    body: Body
    shapes: ShapeSampler
    poses: Poses
    outfit_sampler: OutfitSampler
    garment_fitter: Dress
    paint: BodyPaint
    skins: Photos

    def draw_batch(self, rng: np.random.Generator, count: int, *, lying: float = 1.0) -> PersonBatch:
        """Draw `count` people, facing +z, without clothes. lying: as in `PoseLibrary.sample`."""
        shapes = [self.shapes.sample(rng) for _ in range(count)]
        coefficients = np.stack([s.coefficients for s in shapes])
        poses = [self.poses.sample(rng, lying=lying) for _ in range(count)]
        return PersonBatch(
            coefficients=coefficients,
            femininity=np.array([s.femininity for s in shapes], np.float32),
            posed=self.body.pose(coefficients, poses),
        )

    def __call__(self, rng: np.random.Generator, batch: PersonBatch, member: int, *, texel_m: float, yaw: float) -> ScenePerson:
        """Dress one of them. texel_m: size of a picture pixel on the body, about; yaw: radians, 0 faces +z."""
        turn = heading(yaw)
        body = batch.posed.vertices[member] @ turn.T
        rise = np.array([0, -body[:, 1].min(), 0], np.float32)
        body += rise
        femininity = float(batch.femininity[member])
        outfit = self.outfit_sampler(rng, texel_m=texel_m, female=femininity)
        one = slice(member, member + 1)
        posed = Posed(batch.posed.vertices[one], batch.posed.transforms[one], batch.posed.joints[one])
        clothes = [
            turned(cloth, turn, rise)
            for cloth in self.garment_fitter(
                rng, batch.coefficients[member], posed, femininity=femininity, hair=outfit.hair, tiles=outfit.tiles
            )
        ]
        outfit = outfit.beneath([cloth.kind for cloth in clothes])
        normals = self.body.normals(body)
        ripple = (1 + float(rng.uniform(0.2, 0.6)) * _waves(rng, self.paint.fields[:, :3])).astype(np.float32)
        surface = np.empty_like(body)
        thicken(body, normals, self.paint.fields, outfit.layers, outfit.thickness, ripple, surface)
        for cloth in clothes:
            # Skin under cloth shrinks a little, so that it does not come through.
            surface[cloth.hides] = body[cloth.hides] - _UNDER_M * normals[cloth.hides]
        return ScenePerson(
            body=body,
            surface=surface,
            normals=self.body.normals(surface),
            keypoints=self.body.keypoints(body),
            outfit=outfit,
            skin=self.skins[int(rng.integers(len(self.skins)))] if len(self.skins) else _PLAIN_SKIN,
            clothes=tuple(clothes),
        )


_UNDER_M = 0.012
_PLAIN_SKIN = np.full((4, 4, 3), (190, 140, 115), np.uint8)


def _waves(rng: np.random.Generator, at: Float32Array) -> Float32Array:
    """(V,) in -1..1, slow over the body: loose cloth does not stand off evenly."""
    total: Float32Array = np.zeros(len(at), np.float32)
    for _ in range(3):
        direction = rng.normal(0, 1, 3)
        direction *= rng.uniform(12, 60) / np.linalg.norm(direction)
        total += np.sin(at @ direction.astype(np.float32) + np.float32(rng.uniform(0, 6.3)))
    return total * np.float32(1 / 3)
