"""The head's chart: laid into a fixed upright outline.

The paper took the head from the body model's own, hand-made texture: the face's midline runs up one side of the square, the back
of the head up the other, the neck lies along the bottom, and the crown forms a flat dome. Scaling would give the head's profile
instead. So the border is laid along that outline, and the inside follows as a weighted mean: every vertex lies at a mean of its
neighbours with positive weights, which on a convex outline cannot turn a triangle over (Tutte, "How to draw a graph", 1963). The
weights are mean values (Floater, "Mean value coordinates", 2003), and are lowered once towards vertices whose surroundings come
out too small (Yoshizawa, Belyaev and Seidel, "A fast and simple stretch-minimizing mesh parameterization", 2004), so that ears
and nostrils keep some room. At last U is spread on the face's side, where the original gives the face more room than its share.
(The outline is narrowed by the same before, which leaves it all but convex; the builder checks every triangle all the same.)

The few numbers of the outline were read off the original's surface: where the neck's corners lie, how high the sides go, and the
landmarks (nose, eye, ear).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vitruv.surface.building.orient import stretch
from vitruv.surface.building.unwrap import gradients
from vitruv.surface.mesh import border_loops
from vitruv.types import AnyArray, Float64Array, Int64Array

_NECK_SIDE, _NECK_BEHIND = (0.61, 0.063), (0.97, 0.10)
_NOSE_V, _EYE_V, _EAR_V = 0.477, 0.597, 0.485
_SHOULDER_V = 0.75
"""Where the straight sides end and the dome of the crown begins."""

_FACE_SPREAD = 1.25
_DOME_STEPS = 100


def lay_upright(points: Float64Array, faces: AnyArray, vertex_of: AnyArray, places: dict[str, int]) -> Float64Array:
    """U and V of the left half of a head, (n, 2) in [0, 1]: U = 0 face, U = 1 back, V = 0 neck, V = 1 crown.

    points: (n, 3) of every chart vertex, z up, the face towards -y; vertex_of: (n,) mesh vertex of each, which `places` name:
    the corners "neck in front", "side of the neck" and "neck behind", and the landmarks "nose", "eye" and "ear".
    """
    place = {name: int(np.argmax(vertex_of == vertex)) for name, vertex in places.items() if (vertex_of == vertex).any()}
    border, target = _outline(points, faces, place)
    target[:, 0] = _narrow(target[:, 0])
    weights = mean_value_weights(points, faces)
    first = harmonic(weights, border, target)
    layout = harmonic(weights.multiply(_shrinkage(points, faces, first) ** -0.5), border, target)
    layout[:, 0] = _spread(layout[:, 0])
    return stretch(layout)


def _outline(points: Float64Array, faces: AnyArray, place: dict[str, int]) -> tuple[Int64Array, Float64Array]:
    """The border's vertices, from the pit of the neck by its side to the back and over the crown, and where they lie, (n, 2).

    Between named places, vertices are spaced by their distance along the border.
    """
    loop = border_loops(faces)[0]
    loop = np.roll(loop, -int(np.argmax(loop == place["neck in front"])))
    position = {name: int(np.argmax(loop == vertex)) for name, vertex in place.items()}
    height = points[loop, 2]
    crown = int(np.argmax(height))

    def level(start: int, end: int, wanted: float) -> int:
        return start + int(np.argmin(np.abs(height[start:end] - wanted)))

    # V is level on the upright head: the midline is as high as the ear behind, and as the eye in front.
    back = level(position["neck behind"], crown, points[place["ear"], 2])
    front = level(crown, position["nose"], points[place["eye"], 2])
    angle = np.linspace(0.0, np.pi, 2 * _DOME_STEPS + 1)
    dome = np.stack([0.5 + 0.5 * np.cos(angle), _SHOULDER_V + (1.0 - _SHOULDER_V) * np.sin(angle)], axis=1)
    share = (_EAR_V - _NECK_BEHIND[1]) / (_SHOULDER_V - _NECK_BEHIND[1])
    behind = (_NECK_BEHIND[0] + share * (1.0 - _NECK_BEHIND[0]), _EAR_V)
    stretches: list[tuple[int, int, Any]] = [
        (0, position["side of the neck"], [(0.0, 0.0), _NECK_SIDE]),
        (position["side of the neck"], position["neck behind"], [_NECK_SIDE, _NECK_BEHIND]),
        (position["neck behind"], back, [_NECK_BEHIND, behind]),
        (back, crown, [behind, *dome[: _DOME_STEPS + 1]]),
        (crown, front, [*dome[_DOME_STEPS:], (0.0, _EYE_V)]),
        (front, position["nose"], [(0.0, _EYE_V), (0.0, _NOSE_V)]),
        (position["nose"], len(loop), [(0.0, _NOSE_V), (0.0, 0.0)]),
    ]
    closed = np.append(loop, loop[0])
    target = np.zeros((len(loop), 2))
    for start, end, curve in stretches:
        along = _shares(points[closed[start : end + 1]])
        line = np.array(curve)
        for axis in range(2):
            target[start:end, axis] = np.interp(along, _shares(line), line[:, axis])[:-1]
    return loop, target


def _shares(line: Float64Array) -> Float64Array:
    """Distance along a line of points, (n,) from 0 to 1."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    return np.asarray(length / length[-1])


def _spread(u: Float64Array) -> Float64Array:
    """Rises from 0 to 1, steeper near 0."""
    return np.asarray(u + _FACE_SPREAD * u * (1.0 - u) ** 4)


def _narrow(u: Float64Array) -> Float64Array:
    """The inverse of `_spread`."""
    fine = np.linspace(0.0, 1.0, 4001)
    return np.interp(u, _spread(fine), fine)


def mean_value_weights(points: Float64Array, faces: AnyArray) -> Any:
    """(n, n) sparse: Floater's mean value weight of every neighbour of every vertex; positive."""
    from scipy.sparse import coo_matrix

    rows, columns, values = [], [], []
    for k in range(3):
        here, after, before = (faces[:, (k + step) % 3] for step in range(3))
        to_after, to_before = points[after] - points[here], points[before] - points[here]
        far_after, far_before = np.linalg.norm(to_after, axis=1), np.linalg.norm(to_before, axis=1)
        cosine = np.sum(to_after * to_before, axis=1) / (far_after * far_before)
        half_tangent = np.sqrt((1.0 - cosine) / (1.0 + cosine))
        rows += [here, here]
        columns += [after, before]
        values += [half_tangent / far_after, half_tangent / far_before]
    shape = (len(points), len(points))
    return coo_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape).tocsr()


def harmonic(weights: Any, border: AnyArray, target: Float64Array) -> Float64Array:
    """(n, 2): the layout with border vertices at `target`, all others at the weighted mean of their neighbours."""
    from scipy.sparse import diags
    from scipy.sparse.linalg import splu

    system = (diags(np.asarray(weights.sum(axis=1)).ravel()) - weights).tocsr()
    inside = np.setdiff1d(np.arange(weights.shape[0]), border)
    layout = np.zeros((weights.shape[0], 2))
    layout[border] = target
    if len(inside):
        rows = system[inside]
        layout[inside] = splu(rows[:, inside].tocsc()).solve(-(rows[:, border] @ target))
    return layout


def _shrinkage(points: Float64Array, faces: AnyArray, layout: Float64Array) -> Float64Array:
    """(n,): how many metres one unit of the layout is around every vertex, root mean square over directions and area."""
    gradient, area = gradients(points, faces)
    jacobian = np.einsum("fkc,fkd->fcd", layout[faces], gradient)
    determinant = jacobian[:, 0, 0] * jacobian[:, 1, 1] - jacobian[:, 0, 1] * jacobian[:, 1, 0]
    squared = np.square(jacobian).sum(axis=(1, 2)) / (2.0 * determinant**2)
    total, weight = np.zeros(len(points)), np.zeros(len(points))
    np.add.at(total, faces, (area * squared)[:, None])
    np.add.at(weight, faces, area[:, None])
    return np.asarray(np.sqrt(total / weight))
