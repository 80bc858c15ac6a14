"""The viewpoints of each part of the body: six directions per part, chosen by its shape.

Limbs are turned six times by 60 degrees about their own axis, upper end at the top of the picture, so that the six pictures
unroll the surface. Trunk, head, hands and feet are seen from the six sides of a box around them. The paper shows six views of
each part and says no more (section 3.1); these are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.surface.charts import PART_NAMES
from vitruv.types import Float64Array

VIEWS_PER_PART = 6

# `Atlas.rest_vertices` of the atlas in the package: x to the person's left, y to the back, z up.
_LEFT, _BACK, _UP = np.eye(3)

_AROUND = ("front", "front, outer side", "back, outer side", "back", "back, inner side", "front, inner side")


@dataclass(frozen=True, eq=False)
class Viewpoint:
    """A direction of sight: the camera looks along -`toward` with `up` up in the picture; both (3,) unit vectors."""

    title: str
    toward: Float64Array
    up: Float64Array


def viewpoints(part: int, points: Float64Array) -> list[Viewpoint]:
    """The six viewpoints of a part. points: (n, 3) its vertices in the rest pose of the atlas."""
    name = PART_NAMES[part]
    outward = -_LEFT if name.startswith("right") else _LEFT
    if "hand" in name:
        return _hand(points, outward)
    if "foot" in name:
        return _foot(outward)
    if "arm" in name or "leg" in name:
        return _limb(points, outward)
    return _upright()


def _upright() -> list[Viewpoint]:
    return [
        Viewpoint("front", -_BACK, _UP),
        Viewpoint("left side", _LEFT, _UP),
        Viewpoint("from above", _UP, _BACK),
        Viewpoint("back", _BACK, _UP),
        Viewpoint("right side", -_LEFT, _UP),
        # From straight below, the chin would hide the neck, and of the trunk only the cut thighs would be seen.
        Viewpoint("from below", _unit(-_UP - 0.8 * _BACK), _unit(_UP - _BACK)),
    ]


def _foot(outward: Float64Array) -> list[Viewpoint]:
    return [
        Viewpoint("from above", _unit(_UP - 0.35 * _BACK), -_BACK),
        Viewpoint("outer side", outward, _UP),
        Viewpoint("toes", _unit(-_BACK + 0.15 * _UP), _UP),
        Viewpoint("sole", -_UP, -_BACK),
        Viewpoint("inner side", -outward, _UP),
        Viewpoint("heel", _BACK, _UP),
    ]


def _hand(points: Float64Array, outward: Float64Array) -> list[Viewpoint]:
    fingers, across, thickness = _principal(points)
    fingers = fingers if fingers @ outward > 0 else -fingers  # arms are spread in the rest pose
    back = thickness if thickness @ _UP > 0 else -thickness  # palms look down
    thumb = across if across @ -_BACK > 0 else -across  # thumbs point forward
    return [
        Viewpoint("back of the hand", back, fingers),
        Viewpoint("thumb side", thumb, fingers),
        Viewpoint("finger tips", _unit(fingers + 0.3 * back), back),
        Viewpoint("palm", -back, fingers),
        Viewpoint("little finger side", -thumb, fingers),
        Viewpoint("palm and finger tips", _unit(fingers - back), -back),
    ]


def _limb(points: Float64Array, outward: Float64Array) -> list[Viewpoint]:
    axis = _principal(points)[0]
    axis = axis if axis @ (_UP - 0.5 * outward) > 0 else -axis  # the end nearer to the trunk is up
    front = _unit(-_BACK - (axis @ -_BACK) * axis)
    outer = np.cross(axis, front)
    outer = outer if outer @ (outward + _UP) > 0 else -outer
    turns = np.deg2rad(60.0 * np.arange(VIEWS_PER_PART))
    return [Viewpoint(title, np.cos(turn) * front + np.sin(turn) * outer, axis) for title, turn in zip(_AROUND, turns, strict=True)]


def _principal(points: Float64Array) -> Float64Array:
    """(3, 3): the axes of a cloud of points, the longest first."""
    centred = points - points.mean(axis=0)
    return np.asarray(np.linalg.svd(centred, full_matrices=False)[2])


def _unit(vector: Float64Array) -> Float64Array:
    return np.asarray(vector / np.linalg.norm(vector))
