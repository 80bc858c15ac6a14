"""The body as a function of numbers, many variants at once, at the few points that a fit looks at."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vitruv.body import Body, Pose, bone_rotations
from vitruv.body import rotations as rot
from vitruv.body.skeleton import JOINTS
from vitruv.surface import Atlas, SurfacePoints
from vitruv.types import AnyArray, Float32Array, Float64Array

NUM_ROTATIONS = 3 * (len(JOINTS) - 1)
_CURL = 0.25  # relaxed fingers; the picture of a whole person does not show more
TURN, SHIFT, JOINT_PART = slice(0, 3), slice(3, 6), slice(6, 6 + NUM_ROTATIONS)
SHAPE_PART = slice(6 + NUM_ROTATIONS, None)
CAMERA_AXES = np.array([1.0, -1.0, -1.0])
"""From the body's axes (y up, it faces +z) to a camera's (x right, y down, z forward): a body that is not turned faces it."""


@dataclass(frozen=True, eq=False)
class RigidPoints:
    """As `PosedPoints` with pose and shape held still, which is much faster: only turn and shift of a vector count.

    points: (n, 3) in the body's axes, the pelvis neither turned nor shifted.
    """

    points: Float64Array
    heading: Float64Array

    def __call__(self, parameters: Float64Array) -> Float64Array:
        turn = rot.multiply(rot.quaternion_from_rotvec(parameters[:, TURN]), self.heading)
        found = self.points @ np.swapaxes(rot.matrix_from_quaternion(turn), 1, 2)
        return np.asarray(found * CAMERA_AXES + parameters[:, None, SHIFT])


@dataclass(frozen=True, eq=False)
class PosedPoints:
    """Points on bodies before a camera, as a function of parameter vectors.

    A vector has 3 numbers that turn the whole body (rotation vector, applied after `heading`), 3 that shift it (metres, camera
    axes), 63 local rotation vectors of the joints but the pelvis, and the shape coefficients of `Body`.

    body: only the vertices that are needed. corner: (n, 3) rows of it. weights: (n, 3). heading: (4,) quaternion of the pelvis.
    """

    body: Body
    corner: AnyArray
    weights: Float64Array
    heading: Float64Array

    @classmethod
    def of(cls, body: Body, atlas: Atlas, points: SurfacePoints, heading: AnyArray) -> PosedPoints:
        used, corner = np.unique(atlas.faces[points.face].ravel(), return_inverse=True)
        none = np.zeros((0, 3))
        few = replace(
            body,
            mean=np.ascontiguousarray(body.mean[used]),
            components=np.ascontiguousarray(body.components[:, used]),
            skin_bones=np.ascontiguousarray(body.skin_bones[used]),
            skin_weights=np.ascontiguousarray(body.skin_weights[used]),
            occlusion=body.occlusion[used],
            mirror_vertex=np.zeros(len(used), np.int32),
            faces=none.astype(np.int32),
            face_kind=np.zeros(0, np.uint8),
            face_uv=np.zeros((0, 3, 2), np.float32),
        )
        return cls(few, corner.reshape(-1, 3), points.barycentric, np.asarray(heading, np.float64))

    @property
    def size(self) -> int:
        """Length of a parameter vector."""
        return SHAPE_PART.start + self.body.shape_size

    def turned(self, heading: AnyArray) -> PosedPoints:
        return replace(self, heading=np.asarray(heading, np.float64))

    def __call__(self, parameters: Float64Array) -> Float64Array:
        """(k, size) parameter vectors -> (k, n, 3) points in camera axes, metres."""
        vertices = self.body.pose(parameters[:, SHAPE_PART], self.rotations(parameters)).vertices
        found = np.einsum("knjc,nj->knc", vertices[:, self.corner].astype(np.float64), self.weights)
        return np.asarray(found * CAMERA_AXES + parameters[:, None, SHIFT])

    def rotations(self, parameters: Float64Array) -> Float32Array:
        """(k, bones, 3, 3) for `Body.pose`."""
        joints = self.quaternions(parameters)
        return bone_rotations(joints, np.full((len(joints), 2, 5), _CURL))

    def quaternions(self, parameters: Float64Array) -> Float64Array:
        """(k, 22, 4) as in `Pose.joints`."""
        local = rot.quaternion_from_rotvec(parameters[:, JOINT_PART].reshape(len(parameters), -1, 3))
        pelvis = rot.multiply(rot.quaternion_from_rotvec(parameters[:, TURN]), self.heading)
        return np.concatenate([pelvis[:, None], local], axis=1)

    def pose(self, parameters: Float64Array) -> Pose:
        """(size,) one parameter vector -> its `Pose`."""
        joints = self.quaternions(parameters[None])[0]
        return Pose(joints.astype(np.float32), np.full((2, 5), _CURL, np.float32), "fitted")
