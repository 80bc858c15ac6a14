"""From the 22 joints of a pose to the bones that carry the skin.

Twists of arms and legs are spread along them, so that no single ring of skin is wrung; raised arms take the shoulder girdle along.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.body import rotations as rot
from vitruv.body.skeleton import BONE_INDEX, BONES, JOINT_INDEX, JOINT_PARENTS
from vitruv.types import AnyArray, Float32Array, Float64Array

_DOWN = np.array([0.0, -1.0, 0.0])
_LEFT = np.array([1.0, 0.0, 0.0])
_REST_UPPER_ARM = np.array([0.631, -0.775, 0.012])
"""Direction of the left upper arm of the average body at rest; the shoulder bones turn in proportion to the way from here."""
_CLAVICLE_SHARE, _SHOULDER_SHARE = 0.16, 0.39
"""Shares of the upper arm's swing, as in the body model's own T-pose (7.6 and 18.1 of 46.8 degrees)."""


def joint_rotations(joints_xyzw: AnyArray) -> Float64Array:
    """(..., 22, 4) local rotations as in `Pose.joints` -> (..., 22, 4) world rotations away from the T-pose."""
    local = np.asarray(joints_xyzw, np.float64)
    world = local.copy()
    for j, parent in enumerate(JOINT_PARENTS):
        if parent >= 0:
            world[..., j, :] = rot.multiply(world[..., parent, :], local[..., j, :])
    return world


def bone_rotations(joints_xyzw: AnyArray, curl: AnyArray) -> Float32Array:
    """Spread poses over the bones.

    joints_xyzw: (n, 22, 4), curl: (n, 2, 5) as in `Pose`.
    Returns (n, bones, 3, 3) float32: the world rotation of each bone of `BONES` away from the T-pose; for clavicles and shoulders,
    which the T-pose has already moved, away from the rest pose.
    """
    local = np.asarray(joints_xyzw, np.float64)
    spread = _Spread(local, joint_rotations(local), np.empty((len(local), len(BONES), 4)))
    spread.trunk()
    for side, (prefix, suffix, sign) in enumerate((("l", ".L", 1.0), ("r", ".R", -1.0))):
        spread.leg(prefix, suffix)
        spread.arm(prefix, suffix, sign)
        spread.fingers(prefix, suffix, sign, np.asarray(curl, np.float64)[:, side])
    return rot.matrix_from_quaternion(spread.bones).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Spread:
    local: Float64Array
    world: Float64Array
    bones: Float64Array

    def joint(self, name: str) -> Float64Array:
        return self.world[:, JOINT_INDEX[name]]

    def put(self, bone: str, value: Float64Array) -> None:
        self.bones[:, BONE_INDEX[bone]] = value

    def trunk(self) -> None:
        pelvis, spine1, spine2, spine3 = (self.joint(name) for name in ("pelvis", "spine1", "spine2", "spine3"))
        neck, head = self.joint("neck"), self.joint("head")
        self.put("root", pelvis)
        self.put("spine05", rot.between(pelvis, spine1, 0.5))
        self.put("spine04", spine1)
        self.put("spine03", rot.between(spine1, spine2, 0.5))
        self.put("spine02", spine2)
        self.put("spine01", spine3)
        self.put("neck01", rot.between(spine3, neck, 0.5))
        self.put("neck02", neck)
        self.put("neck03", rot.between(neck, head, 0.4))
        self.put("head", head)

    def leg(self, prefix: str, suffix: str) -> None:
        hip, knee, ankle = (self.joint(f"{prefix}_{name}") for name in ("hip", "knee", "ankle"))
        swing, _ = rot.split_twist(self.local[:, JOINT_INDEX[f"{prefix}_hip"]], _DOWN)
        untwisted = rot.multiply(self.joint("pelvis"), swing)
        _, ankle_twist = rot.split_twist(self.local[:, JOINT_INDEX[f"{prefix}_ankle"]], _DOWN)
        self.put(f"pelvis{suffix}", self.joint("pelvis"))
        self.put(f"upperleg01{suffix}", rot.between(untwisted, hip, 0.4))
        self.put(f"upperleg02{suffix}", hip)
        self.put(f"lowerleg01{suffix}", knee)
        self.put(f"lowerleg02{suffix}", rot.multiply(knee, rot.fraction(ankle_twist, 0.5)))
        self.put(f"foot{suffix}", ankle)
        self.put(f"toes{suffix}", self.joint(f"{prefix}_foot"))

    def arm(self, prefix: str, suffix: str, sign: float) -> None:
        collar, shoulder, elbow, wrist = (self.joint(f"{prefix}_{name}") for name in ("collar", "shoulder", "elbow", "wrist"))
        local_shoulder = self.local[:, JOINT_INDEX[f"{prefix}_shoulder"]]
        rest = _REST_UPPER_ARM * np.array([sign, 1.0, 1.0])
        raised = rot.swing_between(rest, rot.rotate(local_shoulder, sign * _LEFT))
        self.put(f"clavicle{suffix}", rot.multiply(collar, rot.fraction(raised, _CLAVICLE_SHARE)))
        self.put(f"shoulder01{suffix}", rot.multiply(collar, rot.fraction(raised, _SHOULDER_SHARE)))
        swing, _ = rot.split_twist(local_shoulder, _LEFT)
        self.put(f"upperarm01{suffix}", rot.between(rot.multiply(collar, swing), shoulder, 0.4))
        self.put(f"upperarm02{suffix}", shoulder)
        _, wrist_twist = rot.split_twist(self.local[:, JOINT_INDEX[f"{prefix}_wrist"]], _LEFT)
        self.put(f"lowerarm01{suffix}", rot.multiply(elbow, rot.fraction(wrist_twist, 0.25)))
        self.put(f"lowerarm02{suffix}", rot.multiply(elbow, rot.fraction(wrist_twist, 0.75)))
        self.put(f"wrist{suffix}", wrist)

    def fingers(self, prefix: str, suffix: str, sign: float, curl: Float64Array) -> None:
        """In the T-pose the palm looks down and the fingers point away from the body: bending turns them about z, down."""
        wrist = self.joint(f"{prefix}_wrist")
        for finger in range(5):
            angle = curl[:, finger : finger + 1]
            if finger == 0:
                # The thumb closes towards the index finger and under the palm.
                step = np.concatenate([0.45 * angle, sign * 0.6 * angle, np.zeros_like(angle)], axis=-1)
            else:
                step = np.concatenate([np.zeros_like(angle), np.zeros_like(angle), -sign * angle], axis=-1)
            world = wrist
            for k in range(1, 4):
                world = rot.multiply(world, rot.quaternion_from_rotvec(step * (0.5 if finger == 0 and k == 1 else 1.0)))
                self.put(f"finger{finger + 1}-{k}{suffix}", world)
