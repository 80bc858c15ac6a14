"""Borders as shortest walks along mesh edges close to ideal curves, and the measuring of a body that the curves need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.surface.mesh import edges
from vitruv.surface.template import BodyTemplate
from vitruv.types import BoolArray, Float64Array, Int64Array

_WIDTH_M = 0.006
"""How far a border may stray from its ideal curve before the detour costs as much as the way."""

_FORBIDDEN_M = 1.0
"""Distance given to vertices that a border must not touch."""


@dataclass(frozen=True, eq=False)
class Border:
    """One stretch of border on the left half: from corner to corner along an ideal curve.

    off: (v,) metres that every vertex lies off the curve (inf-like where the border must not go).
    """

    start: int
    end: int
    off: Float64Array


class LeftHalf:
    """The left half of a template, measured: joints, lines along limbs, and how far vertices lie off the ideal curves."""

    def __init__(self, template: BodyTemplate) -> None:
        self.template = template
        self.points = template.vertices
        x, y, z = self.points.T
        self.x, self.y, self.z = x, y, z
        self.on_midline = template.mirror_vertex == np.arange(len(x))
        self.left = (x > 0) & ~self.on_midline
        self.corners: dict[str, int] = {}

    def bone(self, name: str) -> Float64Array:
        return np.asarray(self.template.bone_heads[self.template.bone_names.index(name)])

    def height(self, share: float) -> float:
        return float(self.z.min() + share * (self.z.max() - self.z.min()))

    def moved_by(self, *prefixes: str) -> Float64Array:
        """(v,): share of every vertex that left bones with such names move."""
        chosen = [name.endswith(".L") and name.startswith(prefixes) for name in self.template.bone_names]
        return np.asarray((self.template.skin_weights * np.array(chosen)[self.template.skin_bones]).sum(axis=1))

    def corner(self, *off: Float64Array, where: BoolArray) -> int:
        """The vertex among `where` that lies best on several curves at once."""
        distance = np.where(where, np.sum(np.square(off), axis=0), np.inf)
        return int(np.argmin(distance))

    def midline_corner(self, height_m: float, where: BoolArray) -> int:
        return self.corner(self.z - height_m, where=self.on_midline & where)


def unit(vector: Float64Array) -> Float64Array:
    return np.asarray(vector / np.linalg.norm(vector))


def square_to(axis: Float64Array, vector: Float64Array) -> Float64Array:
    """Unit part of `vector` at right angles to the unit `axis`."""
    return unit(vector - np.dot(vector, axis) * axis)


def twisting(axis: Float64Array, start: Float64Array, end: Float64Array, share: Float64Array) -> Float64Array:
    """(n, 3): direction square to `axis` that turns from `start` (share 0) to `end` (share 1)."""
    angle = share * np.arctan2(np.dot(np.cross(start, end), axis), np.dot(start, end))
    return np.asarray(np.cos(angle)[:, None] * start + np.sin(angle)[:, None] * np.cross(axis, start))


def only(off: Float64Array, where: BoolArray) -> Float64Array:
    return np.where(where, np.abs(off), _FORBIDDEN_M)


def depth_middle(body: LeftHalf, limb: BoolArray) -> Float64Array:
    """(v,): y half-way between front and back of a limb at every vertex' height."""
    levels = np.linspace(body.z[limb].min(), body.z[limb].max(), 40)
    slab = 0.75 * (levels[1] - levels[0]) + 0.01
    middle = []
    for level in levels:
        y = body.y[limb & (np.abs(body.z - level) < slab)]
        middle.append((y.min() + y.max()) / 2)
    smooth = np.convolve(np.pad(middle, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    return np.asarray(np.interp(body.z, levels, smooth))


def at_height(values: Float64Array, height: Float64Array, where: BoolArray, wanted: float) -> float:
    """Value of a quantity that depends on the height only, at one height."""
    order = np.argsort(height[where])
    return float(np.interp(wanted, height[where][order], values[where][order]))


def walk(template: BodyTemplate, borders: list[Border]) -> Int64Array:
    """(n, 2): the mesh edges along all borders. scipy is a dependency of the builder only."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    ends = edges(template.faces)
    length = np.linalg.norm(template.vertices[ends[:, 0]] - template.vertices[ends[:, 1]], axis=1)
    count = len(template.vertices)
    found: list[tuple[int, int]] = []
    for border in borders:
        off = (border.off[ends] / _WIDTH_M) ** 2
        cost = length * (1.0 + off.mean(axis=1))
        graph = coo_matrix((cost, (ends[:, 0], ends[:, 1])), shape=(count, count)).tocsr()
        _, previous = dijkstra(graph, directed=False, indices=border.start, return_predecessors=True)
        here = border.end
        while here != border.start:
            found.append((int(previous[here]), here))
            here = int(previous[here])
    return np.array(found, np.int64)
