"""`Pose`: how a body stands, free of its proportions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vitruv.body import rotations as rot
from vitruv.body.skeleton import JOINT_MIRROR, JOINTS
from vitruv.errors import InputError
from vitruv.types import Float32Array

_MIRROR_XYZW = np.array([1.0, -1.0, -1.0, 1.0])
"""Reflecting x turns a rotation about (x, y, z) into one about (x, -y, -z)."""


@dataclass(frozen=True, eq=False)
class Pose:
    """One pose.

    joints: (22, 4) float32, local rotation of every joint of `JOINTS` as a unit quaternion (x, y, z, w); identity is the T-pose.
        World rotation of a joint = world rotation of its parent * its local rotation. The pelvis carries the heading.
    curl: (2, 5) float32, radians by which thumb..little finger of the left and right hand are bent at each knuckle, 0 = as at
        rest, about -0.3 (stretched) to 1.5 (fist).
    category: what the person does ("walking", "sitting", ...).
    """

    joints: Float32Array
    curl: Float32Array
    category: str = ""

    def __post_init__(self) -> None:
        if self.joints.shape != (len(JOINTS), 4) or self.curl.shape != (2, 5):
            raise InputError(f"a pose has joints (22, 4) and curl (2, 5), but got {self.joints.shape} and {self.curl.shape}")

    @classmethod
    def t_pose(cls) -> Pose:
        return cls(np.tile(rot.IDENTITY_XYZW, (len(JOINTS), 1)).astype(np.float32), np.zeros((2, 5), np.float32), "t-pose")

    def mirrored(self) -> Pose:
        """Left and right exchanged."""
        joints = self.joints[list(JOINT_MIRROR)] * _MIRROR_XYZW
        return replace(self, joints=joints.astype(np.float32), curl=self.curl[::-1].copy())

    def facing(self, yaw: float) -> Pose:
        """The same pose with the pelvis turned about the vertical so that its heading is `yaw` radians (0 faces +z)."""
        joints = self.joints.astype(np.float64)
        forward = rot.rotate(joints[0], np.array([0.0, 0.0, 1.0]))
        turn = yaw - np.arctan2(forward[0], forward[2])
        joints[0] = rot.multiply(rot.quaternion_from_rotvec(np.array([0.0, turn, 0.0])), joints[0])
        return replace(self, joints=joints.astype(np.float32))
