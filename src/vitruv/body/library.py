"""`PoseLibrary`: real poses, disturbed and blended, mixed with poses from tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vitruv.body import rotations as rot
from vitruv.body.arrays import dequantise, quantise
from vitruv.body.limits import blend, random_curl, with_noise
from vitruv.body.pose import Pose
from vitruv.body.procedural import procedural_pose
from vitruv.body.skeleton import JOINT_INDEX, JOINTS
from vitruv.errors import InputError
from vitruv.files import made_from
from vitruv.types import AnyArray, Float32Array, Int32Array, PathLike

_UNIFORM_SHARE = 0.5
"""Categories are drawn by a mix of even shares and their sizes."""

_EMPHASIS = {"walking": 2.5, "soccer": 1.6, "running": 1.6, "basketball": 1.5}
_EMPHASIS |= {"climb_hang_swing": 0.3, "martial_arts": 0.5, "indian_dance": 0.5, "salsa_dance": 0.7}
"""Of what people do in photos oftener, or more rarely, than motion is captured of it."""


@dataclass(frozen=True, eq=False)
class PoseLibrary:
    """joints: (n, 22, 4) float32 as in `Pose.joints`, n = 0 is legal; category: (n,) int32 into `names`."""

    joints: Float32Array
    category: Int32Array
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        n = len(self.joints)
        if self.joints.shape != (n, len(JOINTS), 4) or self.category.shape != (n,):
            raise InputError(f"joints must be (n, 22, 4) and category (n,), but got {self.joints.shape} and {self.category.shape}")

    def __len__(self) -> int:
        return len(self.joints)

    @classmethod
    def load(cls, path: PathLike | None = None) -> PoseLibrary:
        """Poses from a file: a pack of arrays, or motion data as in `from_motion`. Without a file only poses from tables.

        Raises MissingFileError, UnreadableFileError or FormatError.
        """
        if path is None:
            return cls(np.zeros((0, len(JOINTS), 4), np.float32), np.zeros(0, np.int32), ())
        return made_from(Path(path), cls._from_any, "holds no poses that can be used")

    @classmethod
    def _from_any(cls, arrays: Mapping[str, AnyArray]) -> PoseLibrary:
        return cls.from_motion(arrays) if "local_quat_xyzw" in arrays else cls.from_arrays(arrays)

    @classmethod
    def from_motion(cls, arrays: Mapping[str, AnyArray]) -> PoseLibrary:
        """From arrays `local_quat_xyzw` (n, 22, 4), `joint_names` (22,) and `category` (n,) str: rotations of SMPL-like joints away
        from the T-pose, in axes aligned with the body. Raises KeyError or InputError."""
        order = {str(name): i for i, name in enumerate(arrays["joint_names"])}
        missing = [name for name in JOINTS if name not in order]
        if missing:
            raise InputError(f"the joints {', '.join(missing)} are missing")
        joints = np.asarray(arrays["local_quat_xyzw"], np.float32)[:, [order[name] for name in JOINTS]]
        names, category = np.unique(np.asarray(arrays["category"]).astype(str), return_inverse=True)
        return cls(joints, category.astype(np.int32), tuple(str(name) for name in names))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> PoseLibrary:
        """From what `to_arrays` gave. Raises KeyError for a missing array."""
        vectors = dequantise(arrays, "poses_rotvec").reshape(-1, len(JOINTS), 3)
        joints = rot.quaternion_from_rotvec(vectors).astype(np.float32)
        names = tuple(str(name) for name in arrays["poses_names"])
        return cls(joints, np.asarray(arrays["poses_category"]).astype(np.int32), names)

    def to_arrays(self) -> dict[str, AnyArray]:
        """Compact plain arrays: rotation vectors as 16 bit integers (error under 0.003 degrees)."""
        vectors = rot.rotvec_from_quaternion(self.joints).reshape(1, -1, 3)
        return {
            **quantise("poses_rotvec", vectors, 16),
            "poses_category": self.category.astype(np.uint8),
            "poses_names": np.array(self.names, dtype=np.str_),
        }

    def pick(self, index: int) -> Pose:
        """Pose number `index` as it is in the library, fingers at rest, facing +z."""
        pose = Pose(self.joints[index].copy(), np.zeros((2, 5), np.float32), self.names[int(self.category[index])])
        return pose.facing(0.0)

    def sample(self, rng: np.random.Generator, *, procedural: float = 0.45, noise: float = 1.0, lying: float = 1.0) -> Pose:
        """A pose facing +z. The same generator state gives the same pose.

        procedural: share of poses made from tables (1 where the library is empty); the others are real ones, half of them
        blended with another of the same category. Every pose gets joint noise (scaled by `noise`), random fingers, a head that
        looks about, and is mirrored half of the time. lying: how many times as often as otherwise people of the tables lie.
        """
        if not len(self) or rng.random() < procedural:
            return with_noise(procedural_pose(rng, lying=lying), rng, 0.5 * noise)
        members = self._members(rng)
        pose = self.pick(int(rng.choice(members)))
        if rng.random() < 0.5:
            pose = blend(pose, self.pick(int(rng.choice(members))), float(rng.uniform(0, 0.5)))
        pose = with_noise(pose, rng, noise * float(rng.uniform(0, 1)))
        pose = replace(_looking(pose, rng), curl=random_curl(rng))
        return pose.mirrored() if rng.random() < 0.5 else pose

    def _members(self, rng: np.random.Generator) -> AnyArray:
        sizes = np.bincount(self.category, minlength=len(self.names)).astype(np.float64)
        even = (sizes > 0) / np.count_nonzero(sizes)
        shares = _UNIFORM_SHARE * even + (1 - _UNIFORM_SHARE) * sizes / sizes.sum()
        shares *= [_EMPHASIS.get(name, 1.0) for name in self.names]
        return np.flatnonzero(self.category == rng.choice(len(self.names), p=shares / shares.sum()))


def _looking(pose: Pose, rng: np.random.Generator) -> Pose:
    """The head turned to look somewhere else, by up to some 40 degrees."""
    turn = rng.normal(0, np.radians(15))
    joints = pose.joints.astype(np.float64)
    for joint in ("neck", "head"):
        index = JOINT_INDEX[joint]
        joints[index] = rot.multiply(joints[index], rot.quaternion_from_rotvec(np.array([0.0, turn / 2, 0.0])))
    return replace(pose, joints=joints.astype(np.float32))
