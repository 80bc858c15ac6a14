"""The way from the body's rest pose (arms hanging obliquely, elbows a little bent) to the T-pose that rotations count from."""

from __future__ import annotations

import numpy as np

from vitruv.body import rotations as rot
from vitruv.body.skeleton import BONE_INDEX, BONES
from vitruv.types import AnyArray, Float32Array, Float64Array

_DOWN = np.array([0.0, -1.0, 0.0])
_LEFT = np.array([1.0, 0.0, 0.0])
_MIRROR_POINT = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
_MIRROR_XYZW = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, -1.0, -1.0, 1.0]])
_WRIST_ROLL_SHARE = {"lowerarm01": 0.25, "lowerarm02": 0.75}


def rest_to_t_pose(joints: AnyArray) -> Float32Array:
    """(n, bones, 3) joints at rest -> (n, bones, 3, 3) float32: rotation of every bone from rest to the T-pose.

    Upper arms are swung level, forearms then straightened about the elbow, hands laid palm down with the roll spread over the
    forearm; thighs and shins are put upright, feet turned straight ahead. Trunk, neck, head, clavicles and shoulders stay.
    The right side is mirrored, treated as a left one, and mirrored back.
    """
    at = np.asarray(joints, np.float64)
    out = np.tile(rot.IDENTITY_XYZW, (len(at), len(BONES), 1))

    def along(start: str, end: str) -> Float64Array:
        ends = [BONE_INDEX[f"{end}.L"], BONE_INDEX[f"{end}.R"]]
        starts = [BONE_INDEX[f"{start}.L"], BONE_INDEX[f"{start}.R"]]
        direction: Float64Array = (at[:, ends] - at[:, starts]) * _MIRROR_POINT
        return direction

    def put(value: Float64Array, *bones: str) -> None:
        for bone in bones:
            out[:, [BONE_INDEX[f"{bone}.L"], BONE_INDEX[f"{bone}.R"]]] = value * _MIRROR_XYZW

    upper = rot.swing_between(along("upperarm01", "lowerarm01"), _LEFT)
    fore = _then(upper, along("lowerarm01", "wrist"), _LEFT)
    hand = _then(fore, along("wrist", "finger3-1"), _LEFT)
    across = rot.rotate(hand, along("finger2-1", "finger5-1"))
    # Palm down: from the index to the little finger points straight back.
    roll = -np.arctan2(across[..., 1], -across[..., 2])[..., None] * _LEFT
    put(upper, "upperarm01", "upperarm02")
    for bone, share in _WRIST_ROLL_SHARE.items():
        put(rot.multiply(rot.quaternion_from_rotvec(share * roll), fore), bone)
    fingers = [f"finger{finger}-{k}" for finger in range(1, 6) for k in range(1, 4)]
    put(rot.multiply(rot.quaternion_from_rotvec(roll), hand), "wrist", *fingers)
    thigh = rot.swing_between(along("upperleg01", "lowerleg01"), _DOWN)
    put(thigh, "upperleg01", "upperleg02")
    put(_then(thigh, along("lowerleg01", "foot"), _DOWN), "lowerleg01", "lowerleg02")
    ahead = along("foot", "toes")
    put(rot.quaternion_from_rotvec(np.arctan2(ahead[..., 0], ahead[..., 2])[..., None] * _DOWN), "foot", "toes")
    return rot.matrix_from_quaternion(out).astype(np.float32)


def _then(first: Float64Array, direction: Float64Array, target: Float64Array) -> Float64Array:
    """`first`, followed by the smallest rotation that brings what it made of `direction` to `target`."""
    return rot.multiply(rot.swing_between(rot.rotate(first, direction), target), first)
