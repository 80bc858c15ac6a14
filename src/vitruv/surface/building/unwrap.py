"""Unrolling a chart: geodesic distances between all its vertices, classical multidimensional scaling, repair of folds.

The paper: "for the rest of the parts we obtain the unwrapping via multidimensional scaling applied to pairwise geodesic
distances". Scaling minimises the error of distances, not of triangles, so where the surface is strongly curved (finger
tips) some triangles come out upside down. They are turned back by minimising, from the scaled layout, a distortion energy
that grows without bound as a triangle's area goes to zero, smoothed so that it is finite for inverted ones, the smoothing being
taken away step by step (Garanzha et al., "Foldover-free maps in 50 lines of code", 2021).
"""

from __future__ import annotations

import numpy as np

from vitruv.errors import InputError, MissingExtraError
from vitruv.surface.mesh import border_loops, face_areas, signed_uv_areas
from vitruv.types import AnyArray, Float64Array

_ROUNDS = 40
_AREA_WEIGHT = 0.5
_STAY = 20.0
"""Weight of staying where scaling put a vertex, against the distortion."""


def geodesic_distances(vertices: Float64Array, faces: AnyArray) -> Float64Array:
    """(v, v): exact geodesic distances within an open piece of surface (paths do not leave it)."""
    try:
        from pygeodesic.geodesic import PyGeodesicAlgorithmExact
    except ImportError as error:
        raise MissingExtraError("pygeodesic", "build") from error
    solver = PyGeodesicAlgorithmExact(vertices, np.asarray(faces, np.int32))
    count = len(vertices)
    rows = [solver.geodesicDistances(np.array([i], np.int32))[0] for i in range(count)]
    distance = np.array(rows, np.float64).reshape(count, count)
    return (distance + distance.T) / 2


def classical_scaling(distance: Float64Array) -> Float64Array:
    """(n, 2): the plane layout of classical multidimensional scaling; first axis the longer one."""
    squared = distance**2
    centred = -0.5 * (squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean())
    values, vectors = np.linalg.eigh(centred)
    return np.asarray(vectors[:, [-1, -2]] * np.sqrt(np.maximum(values[[-1, -2]], 0.0)))


def unfold(layout: Float64Array, vertices: Float64Array, faces: AnyArray) -> Float64Array:
    """Turn inverted triangles back, moving everything else as little as possible.

    layout: (v, 2), most triangles counter-clockwise; vertices: (v, 3), the shape that should be kept. Returns (v, 2) without
    inverted triangles; the layout itself when it has none. Raises InputError when that cannot be reached.
    """
    if (signed_uv_areas(layout, faces) > 0).all():
        return layout
    from scipy.optimize import minimize

    gradient, area = gradients(vertices, faces)
    # One number per piece of information: the mean squared edge, so that weights do not depend on the unit.
    scale = area.sum()
    found = layout.copy()
    for _ in range(_ROUNDS):
        smallest = float((signed_uv_areas(found, faces) / area).min())
        if smallest > 0:
            return found
        smoothing = max(1e-3, np.sqrt(1e-6 + 0.04 * smallest**2))
        energy = _Distortion(gradient, area / scale, faces, layout, smoothing)
        result = minimize(energy, found.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 300, "maxcor": 12})
        found = np.asarray(result.x).reshape(-1, 2)
    if (signed_uv_areas(found, faces) > 0).all():
        return found
    raise InputError(f"a chart keeps {int((signed_uv_areas(found, faces) <= 0).sum())} inverted triangles")


def gradients(vertices: Float64Array, faces: AnyArray) -> tuple[Float64Array, Float64Array]:
    """Gradients of the hat functions in every triangle's own plane (f, 3, 2), and its area (f,)."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    along = b - a
    length = np.linalg.norm(along, axis=1)
    x = along / length[:, None]
    side = c - a
    cx = np.sum(side * x, axis=1)
    cy = np.linalg.norm(side - cx[:, None] * x, axis=1)
    area = face_areas(vertices, faces)
    zero = np.zeros_like(cx)
    corners = np.stack([np.stack([zero, zero], 1), np.stack([length, zero], 1), np.stack([cx, cy], 1)], axis=1)
    opposite = corners[:, [2, 0, 1]] - corners[:, [1, 2, 0]]
    return np.stack([-opposite[..., 1], opposite[..., 0]], axis=2) / (2 * area)[:, None, None], area


class _Distortion:
    """Energy and its derivative for a flattened list of positions."""

    def __init__(
        self, gradient: Float64Array, weight: Float64Array, faces: AnyArray, anchor: Float64Array, smoothing: float
    ) -> None:
        self.gradient, self.weight, self.faces, self.anchor, self.smoothing = gradient, weight, faces, anchor, smoothing
        mass = np.zeros(len(anchor))
        np.add.at(mass, faces.ravel(), np.repeat(weight / 3, 3))
        extent = np.square(anchor - anchor.mean(axis=0)).sum(axis=1) @ mass
        self.stay = _STAY * mass[:, None] / extent * 100

    def __call__(self, flat: Float64Array) -> tuple[float, Float64Array]:
        position = flat.reshape(-1, 2)
        jacobian = np.einsum("fkc,fkd->fcd", position[self.faces], self.gradient)  # (f, 2, 2)
        determinant = jacobian[:, 0, 0] * jacobian[:, 1, 1] - jacobian[:, 0, 1] * jacobian[:, 1, 0]
        root = np.sqrt(determinant**2 + self.smoothing**2)
        positive = (determinant + root) / 2
        positive_slope = (1 + determinant / root) / 2
        squares = np.square(jacobian).sum(axis=(1, 2))
        shape = (squares + _AREA_WEIGHT * (1 + determinant**2)) / positive
        cofactor = np.stack(
            [
                np.stack([jacobian[:, 1, 1], -jacobian[:, 1, 0]], axis=1),
                np.stack([-jacobian[:, 0, 1], jacobian[:, 0, 0]], axis=1),
            ],
            axis=1,
        )
        by_determinant = _AREA_WEIGHT * 2 * determinant / positive - shape / positive * positive_slope
        slope = 2 * jacobian / positive[:, None, None] + by_determinant[:, None, None] * cofactor
        offset = position - self.anchor
        value = float(self.weight @ shape + np.sum(self.stay * offset**2))
        derivative = 2 * self.stay * offset
        np.add.at(derivative, self.faces, np.einsum("f,fcd,fkd->fkc", self.weight, slope, self.gradient))
        return value, derivative.ravel()


def outline_crosses_itself(layout: Float64Array, faces: AnyArray) -> bool:
    """Whether the outline of a disk without inverted triangles overlaps itself: without that, no two triangles overlap."""
    loop = border_loops(faces)[0]
    start = layout[loop]
    end = np.roll(start, -1, axis=0)
    along = end - start
    count = len(loop)
    i, j = np.triu_indices(count, 2)
    apart = ~((i == 0) & (j == count - 1))
    i, j = i[apart], j[apart]

    def side(origin: AnyArray, direction: AnyArray, point: AnyArray) -> AnyArray:
        offset = point - origin
        return np.asarray(np.sign(direction[:, 0] * offset[:, 1] - direction[:, 1] * offset[:, 0]))

    first = side(start[i], along[i], start[j]) * side(start[i], along[i], end[j])
    second = side(start[j], along[j], start[i]) * side(start[j], along[j], end[i])
    return bool(((first < 0) & (second < 0)).any())
