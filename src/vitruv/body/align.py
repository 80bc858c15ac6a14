"""The way from the body's rest pose (arms hanging obliquely, elbows a little bent) to the T-pose that rotations count from."""

from __future__ import annotations

import numpy as np

from vitruv.body import rotations as rot
from vitruv.body.skeleton import BONE_INDEX, BONES
from vitruv.types import AnyArray, Float32Array, Float64Array

_DOWN = np.array([0.0, -1.0, 0.0])
_WRIST_ROLL_SHARE = {"lowerarm01": 0.25, "lowerarm02": 0.75, "wrist": 1.0}


def rest_to_t_pose(joints: AnyArray) -> Float32Array:
    """(n, bones, 3) joints at rest -> (n, bones, 3, 3) float32: rotation of every bone from rest to the T-pose.

    Upper arms are swung level, forearms then straightened about the elbow, hands laid palm down with the roll spread over the
    forearm; thighs and shins are put upright, feet turned straight ahead. Trunk, neck, head, clavicles and shoulders stay.
    """
    at = np.asarray(joints, np.float64)
    out = np.tile(rot.IDENTITY_XYZW, (len(at), len(BONES), 1))

    def along(start: str, end: str) -> Float64Array:
        direction: Float64Array = at[:, BONE_INDEX[end]] - at[:, BONE_INDEX[start]]
        return direction

    def put(bone: str, value: Float64Array) -> None:
        out[:, BONE_INDEX[bone]] = value

    for side, sign in ((".L", 1.0), (".R", -1.0)):
        outward = np.array([sign, 0.0, 0.0])
        upper = rot.swing_between(along(f"upperarm01{side}", f"lowerarm01{side}"), outward)
        fore = _then(upper, along(f"lowerarm01{side}", f"wrist{side}"), outward)
        hand = _then(fore, along(f"wrist{side}", f"finger3-1{side}"), outward)
        across = rot.rotate(hand, along(f"finger2-1{side}", f"finger5-1{side}"))
        # Palm down: from the index to the little finger points straight back.
        roll = np.arctan2(across[:, 1], -across[:, 2])
        roll_vector = np.stack([-roll, np.zeros_like(roll), np.zeros_like(roll)], axis=1)
        put(f"upperarm01{side}", upper)
        put(f"upperarm02{side}", upper)
        for bone, share in _WRIST_ROLL_SHARE.items():
            start = hand if bone == "wrist" else fore
            put(f"{bone}{side}", rot.multiply(rot.quaternion_from_rotvec(share * roll_vector), start))
        for finger in range(1, 6):
            for k in range(1, 4):
                put(f"finger{finger}-{k}{side}", out[:, BONE_INDEX[f"wrist{side}"]])
        thigh = rot.swing_between(along(f"upperleg01{side}", f"lowerleg01{side}"), _DOWN)
        shin = _then(thigh, along(f"lowerleg01{side}", f"foot{side}"), _DOWN)
        ahead = along(f"foot{side}", f"toes{side}")
        turn = -np.arctan2(ahead[:, 0], ahead[:, 2])
        foot = rot.quaternion_from_rotvec(np.stack([np.zeros_like(turn), turn, np.zeros_like(turn)], axis=1))
        for bone, value in (("upperleg01", thigh), ("upperleg02", thigh), ("lowerleg01", shin), ("lowerleg02", shin)):
            put(f"{bone}{side}", value)
        put(f"foot{side}", foot)
        put(f"toes{side}", foot)
    return rot.matrix_from_quaternion(out).astype(np.float32)


def _then(first: Float64Array, direction: Float64Array, target: Float64Array) -> Float64Array:
    """`first`, followed by the smallest rotation that brings what it made of `direction` to `target`."""
    return rot.multiply(rot.swing_between(rot.rotate(first, direction), target), first)
