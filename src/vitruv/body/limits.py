"""How far joints go, and joint noise that stays within it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from vitruv.body import rotations as rot
from vitruv.body.pose import Pose
from vitruv.body.skeleton import JOINT_INDEX, JOINTS
from vitruv.types import AnyArray, Float64Array

# Local rotation vectors in degrees, lowest and highest per axis, for the middle and the left side: rounded 0.5th and 99.5th
# percentiles of motion capture, both sides taken together. The right side mirrors the left (y and z change sign).
_RANGES_DEG = {
    "spine1": ((-25, 55), (-25, 25), (-20, 20)),
    "spine2": ((-12, 25), (-15, 15), (-12, 12)),
    "spine3": ((-20, 40), (-16, 16), (-14, 14)),
    "neck": ((-35, 35), (-30, 30), (-25, 25)),
    "head": ((-40, 50), (-45, 45), (-35, 35)),
    "hip": ((-125, 25), (-35, 50), (-25, 65)),
    "knee": ((0, 145), (-3, 30), (-10, 4)),
    "ankle": ((-45, 45), (-35, 40), (-26, 13)),
    "foot": ((-38, 50), (-12, 15), (-3, 3)),
    "collar": ((-5, 5), (-22, 10), (-8, 15)),
    "shoulder": ((-85, 85), (-115, 50), (-96, 60)),
    "elbow": ((-45, 15), (-135, 2), (-35, 75)),
    "wrist": ((-85, 75), (-50, 55), (-30, 65)),
}
_NOISE_DEG = {
    "spine1": 5, "spine2": 3, "spine3": 4, "neck": 6, "head": 10, "hip": 6, "knee": 8, "ankle": 7, "foot": 6,
    "collar": 4, "shoulder": 10, "elbow": 10, "wrist": 14,
}  # fmt: skip


def _stem(joint: str) -> str:
    return joint.split("_")[-1]


@cache
def joint_limits() -> tuple[Float64Array, Float64Array]:
    """(22, 3) lowest and highest local rotation vector per joint, radians; the pelvis is free."""
    low, high = np.full((len(JOINTS), 3), -np.inf), np.full((len(JOINTS), 3), np.inf)
    for joint, index in JOINT_INDEX.items():
        if _stem(joint) in _RANGES_DEG:
            (low[index], high[index]) = np.radians(np.array(_RANGES_DEG[_stem(joint)], float).T)
        if joint.startswith("r_"):
            low[index, 1:], high[index, 1:] = -high[index, 1:].copy(), -low[index, 1:].copy()
    return low, high


def with_noise(pose: Pose, rng: np.random.Generator, scale: float = 1.0) -> Pose:
    """The pose with every joint but the pelvis disturbed. Joints do not leave their range, nor go further out of it than the pose
    already is."""
    rotvec = rot.rotvec_from_quaternion(pose.joints)
    low, high = joint_limits()
    low, high = np.minimum(low, rotvec), np.maximum(high, rotvec)
    disturbed = np.clip(rotvec + scale * _noise_deviation() * rng.standard_normal(rotvec.shape), low, high)
    return replace(pose, joints=rot.quaternion_from_rotvec(disturbed).astype(np.float32))


@cache
def _noise_deviation() -> Float64Array:
    deviation = np.array([_NOISE_DEG.get(_stem(joint), 0.0) for joint in JOINTS])
    spread: Float64Array = np.radians(deviation)[:, None] * np.ones((1, 3))
    return spread


def blend(first: Pose, second: Pose, share: float) -> Pose:
    """`share` 0 is the first pose, 1 the second; the heading of the first is kept."""
    joints = rot.between(first.joints, second.facing(_heading(first)).joints, share)
    curl = (1 - share) * first.curl + share * second.curl
    return replace(first, joints=joints.astype(np.float32), curl=curl.astype(np.float32))


def _heading(pose: Pose) -> float:
    forward = rot.rotate(pose.joints[0], np.array([0.0, 0.0, 1.0]))
    return float(np.arctan2(forward[0], forward[2]))


def random_curl(rng: np.random.Generator) -> AnyArray:
    """(2, 5) float32: hands relaxed, open, fists, pointing, or any; each finger a little for itself."""
    curl = np.empty((2, 5))
    for hand in range(2):
        kind = rng.choice(5, p=[0.4, 0.2, 0.15, 0.07, 0.18])
        base = {
            0: np.full(5, rng.uniform(0.05, 0.45)),
            1: np.full(5, rng.uniform(-0.3, 0.0)),
            2: np.full(5, rng.uniform(0.9, 1.4)),
            3: np.array([0.8, -0.1, 1.3, 1.3, 1.3]),
            4: rng.uniform(-0.2, 1.3, 5),
        }[int(kind)]
        curl[hand] = base + 0.1 * rng.standard_normal(5)
    return np.clip(curl, -0.35, 1.5).astype(np.float32)
