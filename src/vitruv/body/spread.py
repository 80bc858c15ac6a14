"""From the 22 joints of a pose to the bones that carry the skin.

Twists of arms and legs are spread along them, so that no single ring of skin is wrung; raised arms take the shoulder girdle along.
Both sides are computed at once: the right one is mirrored, treated as a left one, and mirrored back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.body import rotations as rot
from vitruv.body.skeleton import BONE_INDEX, BONES, JOINT_INDEX, JOINT_PARENTS
from vitruv.types import AnyArray, Float32Array, Float64Array

_DOWN = np.array([0.0, -1.0, 0.0])
_LEFT = np.array([1.0, 0.0, 0.0])
_MIRROR = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, -1.0, -1.0, 1.0]])
"""Turns quaternions (n, 2, 4) of (left, right) into those of two left sides, and back."""
_REST_UPPER_ARM = np.array([0.631, -0.775, 0.012])
"""Direction of the left upper arm of the average body at rest; the shoulder bones turn in proportion to the way from here."""
_CLAVICLE_SHARE, _SHOULDER_SHARE = 0.16, 0.39
"""Shares of the upper arm's swing, as in the body model's own T-pose (7.6 and 18.1 of 46.8 degrees)."""
_FINGER_SPREAD = np.radians([18.0, 4.0, -8.0, -18.0])
"""How far index..little finger point to the front of straight outward at rest, in the T-pose."""
_FINGER_BEND = np.array([[0.45, 0.6, 0.0], *([np.sin(a), 0.0, -np.cos(a)] for a in _FINGER_SPREAD)])
"""Axis times share of the curl by which thumb..little finger bend at each knuckle. In the T-pose the palm looks down: each finger
bends down about the level line across it; the thumb closes towards the index finger and under the palm."""
_KNUCKLE_SHARE = np.array([[0.5, 1.0, 1.0], *[[1.0, 1.0, 1.0]] * 4])


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
    spread.legs()
    spread.arms()
    spread.fingers(np.asarray(curl, np.float64))
    return rot.matrix_from_quaternion(spread.bones).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Spread:
    """local, world: (n, 22, 4); bones: (n, bones, 4), filled in."""

    local: Float64Array
    world: Float64Array
    bones: Float64Array

    def joint(self, name: str) -> Float64Array:
        return self.world[:, JOINT_INDEX[name]]

    def put(self, bone: str, value: Float64Array) -> None:
        self.bones[:, BONE_INDEX[bone]] = value

    def pair(self, name: str, source: Float64Array | None = None) -> Float64Array:
        """(n, 2, 4) of a joint's two sides, as left sides; of a joint in the middle, twice."""
        source = self.world if source is None else source
        indices = [JOINT_INDEX.get(f"{side}_{name}", JOINT_INDEX.get(name, 0)) for side in "lr"]
        both: Float64Array = source[:, indices] * _MIRROR
        return both

    def put_pair(self, bone: str, value: Float64Array) -> None:
        self.bones[:, [BONE_INDEX[f"{bone}.L"], BONE_INDEX[f"{bone}.R"]]] = value * _MIRROR

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

    def legs(self) -> None:
        pelvis, hip, knee = self.pair("pelvis"), self.pair("hip"), self.pair("knee")
        swing, _ = rot.split_twist(self.pair("hip", self.local), _DOWN)
        _, ankle_twist = rot.split_twist(self.pair("ankle", self.local), _DOWN)
        self.put_pair("pelvis", pelvis)
        self.put_pair("upperleg01", rot.between(rot.multiply(pelvis, swing), hip, 0.4))
        self.put_pair("upperleg02", hip)
        self.put_pair("lowerleg01", knee)
        self.put_pair("lowerleg02", rot.multiply(knee, rot.fraction(ankle_twist, 0.5)))
        self.put_pair("foot", self.pair("ankle"))
        self.put_pair("toes", self.pair("foot"))

    def arms(self) -> None:
        collar, shoulder, elbow = self.pair("collar"), self.pair("shoulder"), self.pair("elbow")
        local = self.pair("shoulder", self.local)
        raised = rot.swing_between(_REST_UPPER_ARM, rot.rotate(local, _LEFT))
        self.put_pair("clavicle", rot.multiply(collar, rot.fraction(raised, _CLAVICLE_SHARE)))
        self.put_pair("shoulder01", rot.multiply(collar, rot.fraction(raised, _SHOULDER_SHARE)))
        swing, _ = rot.split_twist(local, _LEFT)
        self.put_pair("upperarm01", rot.between(rot.multiply(collar, swing), shoulder, 0.4))
        self.put_pair("upperarm02", shoulder)
        _, wrist_twist = rot.split_twist(self.pair("wrist", self.local), _LEFT)
        self.put_pair("lowerarm01", rot.multiply(elbow, rot.fraction(wrist_twist, 0.25)))
        self.put_pair("lowerarm02", rot.multiply(elbow, rot.fraction(wrist_twist, 0.75)))
        self.put_pair("wrist", self.pair("wrist"))

    def fingers(self, curl: Float64Array) -> None:
        steps = curl[..., None, None] * _FINGER_BEND[:, None, :] * _KNUCKLE_SHARE[..., None]  # (n, 2, fingers, knuckles, 3)
        turns = rot.quaternion_from_rotvec(steps)
        world = self.pair("wrist")[:, :, None]
        for k in range(3):
            world = rot.multiply(world, turns[..., k, :])  # (n, 2, fingers, 4)
            for finger in range(5):
                self.put_pair(f"finger{finger + 1}-{k + 1}", world[:, :, finger])
