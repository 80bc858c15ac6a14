"""On whom the embedded model fails: sets of synthetic crops in which one factor is fixed and everything else is drawn as always.

    python benchmarks/factors.py pack.npz [--model MODEL] [--crops 240] [--only skin age]

Every set has the same seeds: where a factor does not change what else is drawn (skin, direction), the very same people, clothes
and backgrounds appear in each of its sets. True boxes are given. Printed: share of the people's pixels with the right chart, with
that of the other side, and taken for background; median error where the chart is right, in a straight line on the body at rest.
The last column is twice the standard error of the right share, over crops: smaller differences mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import tyro

import vitruv
from vitruv.body import Pose, ShapeSampler
from vitruv.geometry import placement_xywh
from vitruv.surface import MIRROR_CHART, Atlas
from vitruv.synth import CropSampler, SynthPack
from vitruv.synth.garment_fitter import ACCESSORIES, Cloth
from vitruv.synth.person_batch import PersonBatch
from vitruv.synth.scene_person import Dress, Poses, ScenePerson, ScenePersonSampler

SEED = 31_337_001  # of no training run
SIZE_HW = (384, 256)
_DRAWS = 400  # of a pose or an outfit, until one is of the kind that is asked for


@dataclass(frozen=True)
class Options:
    pack: tyro.conf.Positional[Path]
    """File from `vitruv synth pack`."""
    model: str | None = None
    """Another model than the one in the package."""
    crops: int = 240
    """In every set."""
    only: tuple[str, ...] = ()
    """Some of: skin, age, build, pose, clothes, direction."""


@dataclass(frozen=True)
class OneKind:
    """Poses of some categories only."""

    poses: Poses
    categories: frozenset[str]

    def sample(self, rng: np.random.Generator, *, lying: float = 1.0) -> Pose:
        for _ in range(_DRAWS):
            pose = self.poses.sample(rng, lying=lying)
            if pose.category in self.categories:
                return pose
        raise SystemExit(f"the pack has too few poses of {', '.join(sorted(self.categories))}")


@dataclass(frozen=True)
class DressedIn:
    """Outfits that have at least one of some kinds of garment with a shape of its own; without kinds: none of them."""

    garment_fitter: Dress
    kinds: frozenset[str]

    def __call__(self, rng: np.random.Generator, *people: Any, **looks: Any) -> list[Cloth]:
        for _ in range(_DRAWS):
            clothes = self.garment_fitter(rng, *people, **looks)
            worn = {cloth.kind for cloth in clothes} - set(ACCESSORIES)
            if worn & self.kinds or not (worn or self.kinds):
                return clothes
        raise SystemExit(f"the pack has no garments of {', '.join(sorted(self.kinds))}")


@dataclass(frozen=True, eq=False)
class Facing(ScenePersonSampler):
    """People turned by about as much. yaw_deg: 0 faces the camera, at 90 it sees their right side."""

    yaw_deg: float = 0.0

    def __call__(self, rng: np.random.Generator, batch: PersonBatch, member: int, *, texel_m: float, yaw: float) -> ScenePerson:
        turn = np.radians(self.yaw_deg) + np.clip(yaw, -1, 1) * np.radians(20)
        return super().__call__(rng, batch, member, texel_m=texel_m, yaw=float(turn))


def variants(person_sampler: ScenePersonSampler) -> Iterator[tuple[str, str, ScenePersonSampler]]:
    """Factor, name, and the sampler in which it is fixed."""
    yield "all", "as drawn for training", person_sampler
    shades = np.array([float(person_sampler.skins[i].mean()) for i in range(len(person_sampler.skins))])
    for name, chosen in (("dark", shades < 110), ("light", shades >= 110)):
        yield "skin", name, replace(person_sampler, skins=person_sampler.skins.some(np.flatnonzero(chosen).tolist()))
    age = person_sampler.shapes.age
    for name, low, high in (("2 to 9 years", 2, 10), ("10 to 17", 10, 18), ("18 to 59", 18, 60), ("60 and older", 60, 120)):
        yield "age", name, replace(person_sampler, shapes=some_people(person_sampler.shapes, (age >= low) & (age < high)))
    adult = age >= 18
    stout = stoutness(person_sampler)
    thirds = np.quantile(stout[adult], [0.1, 0.45, 0.55, 0.9])
    for name, chosen in (
        ("slimmest tenth", stout <= thirds[0]),
        ("middle tenth", (stout > thirds[1]) & (stout <= thirds[2])),
        ("stoutest tenth", stout > thirds[3]),
    ):
        yield "build", name, replace(person_sampler, shapes=some_people(person_sampler.shapes, adult & chosen))
    for name, categories in {
        "standing": ("standing", "contrapposto"),
        "walking, running": ("walking", "running"),
        "sitting": ("sitting", "cross-legged", "floor sitting", "knees up"),
        "crouching, kneeling, bending": ("crouching", "half crouch", "kneeling", "one knee", "bending"),
        "lying": ("on back", "on side", "on front"),
        "sports, dance": ("soccer", "basketball", "martial_arts", "salsa_dance", "jumping", "climb_hang_swing"),
    }.items():
        yield "pose", name, replace(person_sampler, poses=OneKind(person_sampler.poses, frozenset(categories)))
    for name, kinds in {
        "close to the body": (),
        "tops, trousers, skirts": ("top", "bottom"),
        "suits": ("suit",),
        "dresses": ("dress",),
        "coats": ("coat",),
    }.items():
        women = some_people(person_sampler.shapes, person_sampler.shapes.femininity > 0.5)  # whom the wardrobe gives all of these
        yield (
            "clothes",
            name,
            replace(person_sampler, shapes=women, garment_fitter=DressedIn(person_sampler.garment_fitter, frozenset(kinds))),
        )
    parts = {f.name: getattr(person_sampler, f.name) for f in fields(person_sampler)}
    for name, degrees in {"front": 0, "half right side": 45, "right side": 90, "back": 180, "left side": 270}.items():
        yield "direction", name, Facing(**parts, yaw_deg=degrees)


def some_people(shapes: ShapeSampler, chosen: np.ndarray) -> ShapeSampler:
    return ShapeSampler(shapes.coefficients[chosen], shapes.age[chosen], shapes.femininity[chosen])


def stoutness(person_sampler: ScenePersonSampler) -> np.ndarray:
    """(m,): volume by height cubed of everybody in the list of people."""
    found = []
    for some in np.array_split(person_sampler.shapes.coefficients, 32):
        vertices = person_sampler.body.pose(some, [Pose.t_pose()] * len(some)).vertices
        corners = vertices[:, person_sampler.body.faces]  # (k, F, 3, 3)
        volume = np.abs(np.linalg.det(corners).sum(axis=1)) / 6
        found.append(volume / np.ptp(vertices[..., 1], axis=1) ** 3)
    return np.concatenate(found)


def measure(model: vitruv.Predictor, sampler: CropSampler, count: int, atlas: Atlas) -> str:
    per_crop, errors = [], []
    for i in range(count):
        sample = sampler(i)
        given = model(sample.image, boxes=sample.box_xyxy[None])
        x, y, w, h = (int(v) for v in placement_xywh(given.boxes_xyxy)[0])
        truth, true_uv = sample.labels[y : y + h, x : x + w], sample.uv[:, y : y + h, x : x + w] / 255
        found, uv = given.charts[0].labels[: truth.shape[0], : truth.shape[1]], given.charts[0].uv
        person = truth > 0
        if not person.any():
            continue
        right = person & (found == truth)
        mirrored = person & ~right & (found == MIRROR_CHART[truth])
        per_crop.append([right[person].mean(), mirrored[person].mean(), (found == 0)[person].mean()])
        step = max(1, int(right.sum()) // 40)
        rows, columns = (axis[::step] for axis in np.nonzero(right))
        places = [
            atlas.positions(atlas.locate(truth[rows, columns], maps[:, rows, columns].T.astype(np.float32)))
            for maps in (uv, true_uv)
        ]
        errors.append(np.linalg.norm(places[0] - places[1], axis=1))
    shares = np.array(per_crop)
    spread = 2 * shares[:, 0].std() / len(shares) ** 0.5
    cm = 100 * np.median(np.concatenate(errors))
    return f"{shares[:, 0].mean():6.3f} {shares[:, 1].mean():9.3f} {shares[:, 2].mean():11.3f} {cm:7.2f}   {spread:.3f}"


def main() -> None:
    options = tyro.cli(Options)
    pack = SynthPack.load(options.pack)
    model, atlas = vitruv.load(options.model), Atlas.load()
    print(f"{'factor':10s} {'set':30s}  right  mirrored  background      cm   +-")
    for factor, name, person_sampler in variants(pack.parts.person_sampler):
        if options.only and factor not in options.only:
            continue
        pack.parts.person_sampler = person_sampler
        print(
            f"{factor:10s} {name:30s} {measure(model, CropSampler(pack, size_hw=SIZE_HW, seed=SEED), options.crops, atlas)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
