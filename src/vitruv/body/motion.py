"""Poses in the order of time: stretches of captured motion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitruv.body import rotations as rot
from vitruv.body.library import PoseLibrary
from vitruv.body.pose import Pose
from vitruv.errors import InputError
from vitruv.files import made_from
from vitruv.types import AnyArray, Float32Array, Float64Array, PathLike

_CAPTURE_RATE = 20.0  # frames a second of the files' frame numbers
_WIDEST_GAP = 8  # frames between two kept poses; what lies between is blended
_SHORTEST_S = 1.5
_EMPHASIS = {"walking": 3.0, "running": 3.0, "climb_hang_swing": 0.05}  # who hangs from nothing looks odd


@dataclass(frozen=True, eq=False)
class Stretch:
    """joints: (n, 22, 4) float32 as in `Pose.joints`, times_s: (n,) seconds, rising from 0. category: what the person does."""

    joints: Float32Array
    times_s: Float64Array
    category: str

    @property
    def length_s(self) -> float:
        return float(self.times_s[-1])

    def at(self, time_s: float) -> Pose:
        """The pose at a time; played to and fro where the stretch is shorter."""
        time_s = time_s % (2 * self.length_s)
        time_s = min(time_s, 2 * self.length_s - time_s)
        after = int(np.clip(np.searchsorted(self.times_s, time_s), 1, len(self.times_s) - 1))
        before = after - 1
        share = (time_s - self.times_s[before]) / (self.times_s[after] - self.times_s[before])
        joints = rot.between(self.joints[before], self.joints[after], float(np.clip(share, 0, 1)))
        return Pose(joints.astype(np.float32), np.zeros((2, 5), np.float32), self.category)


@dataclass(frozen=True, eq=False)
class MotionLibrary:
    """Stretches of motion without large gaps."""

    stretches: tuple[Stretch, ...]

    def __len__(self) -> int:
        return len(self.stretches)

    @classmethod
    def load(cls, path: PathLike) -> MotionLibrary:
        """From a motion file: as `PoseLibrary.from_motion`, with `clip_index` and `frame_index` (n,). Raises MissingFileError,
        UnreadableFileError, FormatError."""
        return made_from(Path(path), cls.from_arrays, "holds no motion that can be used")

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> MotionLibrary:
        """Raises KeyError for a missing array, InputError where no stretch is long enough."""
        poses = PoseLibrary.from_motion(arrays)
        clip, frame = np.asarray(arrays["clip_index"]), np.asarray(arrays["frame_index"])
        stretches: list[Stretch] = []
        for number in np.unique(clip):
            members = np.flatnonzero(clip == number)
            members = members[np.argsort(frame[members], kind="stable")]
            cuts = np.flatnonzero(np.diff(frame[members]) > _WIDEST_GAP) + 1
            for run in np.split(members, cuts):
                times_s = (frame[run] - frame[run[0]]) / _CAPTURE_RATE
                if len(run) > 1 and times_s[-1] >= _SHORTEST_S and (np.diff(times_s) > 0).all():
                    stretches.append(Stretch(poses.joints[run], times_s, poses.names[int(poses.category[run[0]])]))
        if not stretches:
            raise InputError(f"no motion of at least {_SHORTEST_S:g} s without gaps")
        return cls(tuple(stretches))

    def sample(self, rng: np.random.Generator) -> Stretch:
        """One stretch, longer ones oftener."""
        lengths = np.array([s.length_s * _EMPHASIS.get(s.category, 1.0) for s in self.stretches])
        return self.stretches[int(rng.choice(len(self.stretches), p=lengths / lengths.sum()))]
