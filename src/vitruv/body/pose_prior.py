"""How people usually hold themselves: mean and covariance of the joint rotations of captured poses, and the limits of joints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vitruv.body import rotations as rot
from vitruv.body.library import PoseLibrary
from vitruv.body.skeleton import JOINTS
from vitruv.errors import InputError
from vitruv.files import made_from, write_arrays
from vitruv.types import AnyArray, Float64Array, PathLike

BUILT_IN = Path(__file__).parent.parent / "data" / "pose_prior.npz"

_SIZE = 3 * (len(JOINTS) - 1)
_LOOSE = np.radians(4.0) ** 2  # added to every variance: captures hardly move some joints, people in photos do


@dataclass(frozen=True, eq=False)
class PosePrior:
    """A Gaussian over the local rotation vectors of all joints but the pelvis (`JOINTS[1:]`), 63 numbers, radians.

    mean: (63,) float64. covariance: (63, 63) float64.
    """

    mean: Float64Array
    covariance: Float64Array

    def __post_init__(self) -> None:
        if self.mean.shape != (_SIZE,) or self.covariance.shape != (_SIZE, _SIZE):
            raise InputError(f"mean must be ({_SIZE},) and covariance ({_SIZE}, {_SIZE})")

    @classmethod
    def load(cls, path: PathLike | None = None) -> PosePrior:
        """The prior in the package, or one that `save` wrote. Raises MissingFileError, UnreadableFileError or FormatError."""
        return made_from(Path(BUILT_IN if path is None else path), cls.from_arrays, "holds no pose prior")

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> PosePrior:
        return cls(np.asarray(arrays["mean"], np.float64), np.asarray(arrays["covariance"], np.float64))

    @classmethod
    def of(cls, library: PoseLibrary) -> PosePrior:
        """From a library of real poses and their mirror images; categories count by the root of their size.

        The one in the package: PosePrior.of(PoseLibrary.load("mocap_poses.npz")).save("pose_prior.npz").
        """
        if not len(library):
            raise InputError("a pose prior needs poses, but the library is empty")
        sizes = np.bincount(library.category, minlength=len(library.names))
        weights = np.repeat(1 / np.sqrt(sizes[library.category]), 2)
        poses = [pose for i in range(len(library)) for pose in (library.pick(i), library.pick(i).mirrored())]
        vectors = np.array([rot.rotvec_from_quaternion(pose.joints)[1:].ravel() for pose in poses])
        weights /= weights.sum()
        mean = weights @ vectors
        spread = (vectors - mean) * np.sqrt(weights)[:, None]
        return cls(mean, spread.T @ spread)

    def save(self, path: PathLike) -> None:
        """Raises UnwritableFileError."""
        write_arrays(path, {"mean": self.mean.astype(np.float32), "covariance": self.covariance.astype(np.float32)})

    @cached_property
    def whitening(self) -> Float64Array:
        """(63, 63): turns a deviation from the mean into numbers of standard deviation 1, independent of each other."""
        return np.linalg.inv(np.linalg.cholesky(self.covariance + _LOOSE * np.eye(_SIZE)))
