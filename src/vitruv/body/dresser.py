"""`PersonSampler`: whole people by lot: shape, pose, clothes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from vitruv.body.grow import Measures, Skirts, inflate
from vitruv.body.library import PoseLibrary
from vitruv.body.mannequin import Mannequin
from vitruv.body.model import Body, Posed
from vitruv.body.person import Garment, Person
from vitruv.body.pose import Pose
from vitruv.body.shape import Shape, ShapeSampler
from vitruv.body.wardrobe import Wardrobe
from vitruv.body.wardrobe_files import load_wardrobe
from vitruv.files import made_from
from vitruv.types import AnyArray, Float32Array, PathLike

_NONE = np.zeros(0, np.int32)


@dataclass(frozen=True, eq=False)
class PersonSampler:
    """Draws people. grown: chance that somebody's clothes are grown from the body instead of taken from the wardrobe (always, where
    the wardrobe has none)."""

    body: Body
    shapes: ShapeSampler
    poses: PoseLibrary
    wardrobe: Wardrobe
    grown: float = 0.4

    @classmethod
    def load(cls, pack: PathLike | None = None) -> PersonSampler:
        """With poses and wardrobe of a file from `vitruv body pack`; without a file, poses from tables and grown clothes.

        Raises MissingFileError, UnreadableFileError or FormatError.
        """
        if pack is not None:
            return made_from(Path(pack), cls.from_arrays, "is not a pack of people; make one with `vitruv body pack`")
        wardrobe = load_wardrobe()
        return cls(wardrobe.mannequin.body, ShapeSampler.load(), PoseLibrary.load(), wardrobe)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> PersonSampler:
        """From the arrays of a pack. Raises KeyError for a missing one."""
        mannequin = Mannequin.from_arrays(arrays)
        return cls(
            mannequin.body,
            ShapeSampler.from_arrays(arrays),
            PoseLibrary.from_arrays(arrays),
            Wardrobe.from_arrays(arrays, mannequin),
        )

    @cached_property
    def _measures(self) -> Measures:
        return Measures.of(self.body)

    @cached_property
    def _skirts(self) -> Skirts:
        return Skirts.of(self.wardrobe.mannequin)

    def sample(self, rng: np.random.Generator, *, shape: Shape | None = None, pose: Pose | None = None) -> Person:
        """One dressed person; the same generator state gives the same person. A shape or pose that is given is kept."""
        shape = self.shapes.sample(rng) if shape is None else shape
        pose = self.poses.sample(rng) if pose is None else pose
        posed = self.body.pose(shape.coefficients[None], [pose])
        garments = self.dress(rng, shape, posed)
        lowest = min(float(v[:, 1].min()) for v in (posed.vertices[0], *(g.vertices for g in garments)))
        rise = np.array([0, -lowest, 0], np.float32)
        return Person(
            vertices=posed.vertices[0] + rise,
            keypoints_xyz=self.body.keypoints(posed.vertices[0]) + rise,
            garments=tuple(replace(g, vertices=g.vertices + rise) for g in garments),
            shape=shape,
            pose=pose,
        )

    def dress(self, rng: np.random.Generator, shape: Shape, posed: Posed) -> list[Garment]:
        """Clothes for the first of the posed bodies, which must have that shape; in the frame of `posed.vertices`."""
        points = self.wardrobe.mannequin.rest(shape.coefficients)
        normals = self.wardrobe.mannequin.normals(points)
        worn = [
            self.wardrobe.wear(i, points, normals, posed.transforms[0], rng) for i in self.wardrobe.outfit(rng, shape.femininity)
        ]
        accessories = [g for g in worn if g.kind in ("shoes", "hat", "glasses", "hair")]
        if len(accessories) < len(worn) and rng.random() >= self.grown:
            return worn
        return self._grow(rng, shape, posed, points, normals) + accessories

    def _grow(
        self, rng: np.random.Generator, shape: Shape, posed: Posed, points: Float32Array, normals: Float32Array
    ) -> list[Garment]:
        posed_normals = self.body.normals(posed.vertices[0])
        garments: list[Garment] = []

        folds, seed = 0.012 * float(rng.uniform(0, 1)) ** 2, int(rng.integers(2**31))
        stands_off = 0.003

        def add(region: str, kind: str, loose: float) -> None:
            nonlocal stands_off
            stands_off += 0.005 + loose * float(rng.uniform(0, 1)) ** 2
            vertices, faces, used = inflate(
                posed.vertices[0], posed_normals, self.body.faces, self._measures.region(region, rng),
                amount=stands_off + folds, folds=folds, seed=seed,
            )  # fmt: skip
            uv = self._flat_uv[used][faces]
            garments.append(Garment(f"grown:{region}", kind, vertices, faces, uv, -1, used, _NONE))

        if rng.random() < 0.3:
            add("socks", "shoes", 0.004)
        if rng.random() < 0.12:
            add("overall", "suit", 0.025)
        else:
            skirt = rng.random() < 0.05 + 0.35 * shape.femininity
            if not skirt:
                add("trousers" if rng.random() < 0.65 else "shorts", "bottom", 0.02)
            add(str(rng.choice(["shirt", "t-shirt", "vest"], p=[0.4, 0.45, 0.15])), "top", 0.02)
            if skirt:
                garments.append(self._skirt(rng, posed, points, normals, "bottom", float(rng.uniform(0.25, 0.95))))
            if rng.random() < 0.12:
                add("robe", "coat", 0.02)
                garments.append(self._skirt(rng, posed, points, normals, "coat", float(rng.uniform(0.3, 0.9))))
        return garments

    @cached_property
    def _flat_uv(self) -> Float32Array:
        """(V, 2): centimetre-like coordinates on the average person at rest, about two repeats of a picture a metre."""
        at = self.body.mean
        return np.stack([2 * (at[:, 0] + 0.7 * at[:, 2]), 2 * at[:, 1]], axis=1).astype(np.float32)

    def _skirt(
        self, rng: np.random.Generator, posed: Posed, points: Float32Array, normals: Float32Array, kind: str, hem: float
    ) -> Garment:
        skirts = self._skirts
        vertices, faces, uv, used = skirts.cut(
            points, normals, posed.transforms[0],
            waist=float(rng.uniform(0, 0.1)), hem=hem, flare=float(rng.uniform(-0.02, 0.15)), folds=float(rng.uniform(0, 0.02)),
            seed=int(rng.integers(2**31)),
        )  # fmt: skip
        return Garment("grown:skirt", kind, vertices, faces, uv, -1, skirts.item.anchors[used], _NONE)
