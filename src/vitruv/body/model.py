"""`Body`: a body of any shape in any pose, as vertices in the atlas's order, from baked arrays (no torch, no anny)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitruv.body.align import rest_to_t_pose
from vitruv.body.arrays import NO_BODY, dequantise
from vitruv.body.pose import Pose
from vitruv.body.skeleton import BONE_PARENTS, BONES
from vitruv.body.skin import blend_skin, vertex_normals
from vitruv.body.spread import bone_rotations
from vitruv.errors import InputError
from vitruv.files import made_from
from vitruv.types import AnyArray, Float32Array, Int32Array, PathLike, UInt8Array

BUILT_IN = Path(__file__).parent.parent / "data" / "body.npz"

COCO_KEYPOINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Posed:
    """n bodies in their poses. The pelvis joint is at the origin; axes as in `Body`.

    vertices: (n, V, 3) float32, metres, the atlas's vertex order.
    transforms: (n, bones, 3, 4) float32, from the rest pose of that shape to the pose (what clothes are skinned with).
    joints: (n, bones, 3) float32, where the bones start.
    """

    vertices: Float32Array
    transforms: Float32Array
    joints: Float32Array


@dataclass(frozen=True, eq=False)
class Body:
    """The body model: rest vertices and joints are linear in K shape coefficients (standard deviation 1 each over people);
    poses by linear blend skinning.

    Axes: right-handed, metres, y up; in the T-pose the body faces +z and its LEFT side is at +x. A camera that looks along -z
    with x to the right sees the front of the body, its left side on the right of the picture.

    mean: (V, 3) float32; components: (K, V, 3) float32.
    joint_mean: (J, 3) float32; joint_components: (K, J, 3) float32; the pelvis (bone 0) is the origin. Bones are `BONES`.
    faces: (F, 3) int32, counter-clockwise seen from outside, the atlas's faces in its order.
    face_kind: (F,) uint8, 0 skin, 1 white of the eye, 2 iris, 3 between the lips.
    face_uv: (F, 3, 2) float32, texture coordinates of every face corner on the MakeHuman (hm08) skin layout, v upwards.
    skin_bones: (V, 6) uint8; skin_weights: (V, 6) float32, rows sum to 1.
    keypoint_vertices: (17, m) int32; keypoint_weights: (17, m) float32: the COCO joints as weighted vertices, rows sum to 1.
    occlusion: (V,) float32 in 0..1: share of the sky of each vertex that the body itself leaves open in the T-pose.
    mirror_vertex: (V,) int32: the vertex on the other side.
    """

    mean: Float32Array
    components: Float32Array
    joint_mean: Float32Array
    joint_components: Float32Array
    faces: Int32Array
    face_kind: UInt8Array
    face_uv: Float32Array
    skin_bones: UInt8Array
    skin_weights: Float32Array
    keypoint_vertices: Int32Array
    keypoint_weights: Float32Array
    occlusion: Float32Array
    mirror_vertex: Int32Array

    def __post_init__(self) -> None:
        vertices, count = len(self.mean), len(self.components)
        expected = {
            "components": (count, vertices, 3),
            "joint_mean": (len(BONES), 3),
            "joint_components": (count, len(BONES), 3),
            "face_uv": (len(self.faces), 3, 2),
            "skin_weights": self.skin_bones.shape,
            "keypoint_weights": self.keypoint_vertices.shape,
            "occlusion": (vertices,),
            "mirror_vertex": (vertices,),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise InputError(f"{name} of a body must be {shape}, but is {getattr(self, name).shape}")

    @classmethod
    def load(cls, path: PathLike | None = None) -> Body:
        """The body in the package, or the one in a file written by `vitruv body build`.

        Raises MissingFileError, UnreadableFileError or FormatError.
        """
        return made_from(Path(BUILT_IN if path is None else path), cls.from_arrays, NO_BODY)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> Body:
        """From the arrays of a body file (other arrays among them do not matter). Raises KeyError for a missing one."""

        def real(name: str) -> Float32Array:
            return np.ascontiguousarray(dequantise(arrays, f"body_{name}"), np.float32)

        def rows_of_one(name: str) -> Float32Array:
            weights = real(name)
            weights /= weights.sum(axis=1, keepdims=True)
            return weights

        def whole(name: str) -> Int32Array:
            return np.asarray(arrays[f"body_{name}"]).astype(np.int32)

        return cls(
            mean=real("mean"),
            components=real("components"),
            joint_mean=real("joint_mean"),
            joint_components=real("joint_components"),
            faces=whole("faces"),
            face_kind=np.asarray(arrays["body_face_kind"], np.uint8),
            face_uv=real("face_uv").reshape(-1, 3, 2),
            skin_bones=np.asarray(arrays["body_skin_bones"], np.uint8),
            skin_weights=rows_of_one("skin_weights"),
            keypoint_vertices=whole("keypoint_vertices"),
            keypoint_weights=rows_of_one("keypoint_weights"),
            occlusion=real("occlusion"),
            mirror_vertex=whole("mirror_vertex"),
        )

    @property
    def shape_size(self) -> int:
        """K, the number of shape coefficients."""
        return len(self.components)

    @property
    def vertex_count(self) -> int:
        return len(self.mean)

    def rest(self, shapes: AnyArray) -> tuple[Float32Array, Float32Array]:
        """Bodies in the rest pose. shapes: (n, K), zeros are the average person.

        Returns vertices (n, V, 3) and joints (n, bones, 3), float32 metres, the pelvis at the origin.
        """
        coefficients = self._shapes(shapes)
        n = len(coefficients)
        vertices = self.mean + (coefficients @ self.components.reshape(self.shape_size, -1)).reshape(n, *self.mean.shape)
        joints = self.joint_mean + (coefficients @ self.joint_components.reshape(self.shape_size, -1)).reshape(
            n, *self.joint_mean.shape
        )
        return vertices, joints

    def pose(self, shapes: AnyArray, poses: Sequence[Pose] | AnyArray) -> Posed:
        """Bodies in poses. shapes: (n, K). poses: n `Pose`s, or (n, bones, 3, 3) rotations as from `bone_rotations`."""
        coefficients = self._shapes(shapes)
        if isinstance(poses, np.ndarray):
            rotations = poses
        elif len(poses):
            rotations = bone_rotations(np.stack([p.joints for p in poses]), np.stack([p.curl for p in poses]))
        else:
            rotations = np.zeros((0, len(BONES), 3, 3), np.float32)
        if rotations.shape != (len(coefficients), len(BONES), 3, 3):
            raise InputError(
                f"{len(coefficients)} shapes need as many poses, or rotations ({len(coefficients)}, {len(BONES)}, 3, 3), "
                f"but got {rotations.shape}"
            )
        rest_vertices, rest_joints = self.rest(coefficients)
        transforms, joints = _forward(rest_joints, rotations)
        vertices = np.empty_like(rest_vertices)
        for i, rest in enumerate(rest_vertices):
            vertices[i] = blend_skin(rest, self.skin_bones, self.skin_weights, transforms[i])
        return Posed(vertices, transforms, joints)

    def keypoints(self, vertices: AnyArray) -> Float32Array:
        """(..., V, 3) vertices at rest or posed -> (..., 17, 3) float32: the joints of `COCO_KEYPOINTS`, inside the body."""
        picked = np.asarray(vertices, np.float32)[..., self.keypoint_vertices, :]
        points: Float32Array = np.einsum("kmd,km->kd" if picked.ndim == 3 else "...kmd,km->...kd", picked, self.keypoint_weights)
        return points

    def normals(self, vertices: Float32Array) -> Float32Array:
        """(V, 3) vertices of one body -> (V, 3) float32 outward unit normals."""
        return vertex_normals(vertices, self.faces)

    def _shapes(self, shapes: AnyArray) -> Float32Array:
        coefficients = np.asarray(shapes, np.float32)
        if coefficients.ndim != 2 or coefficients.shape[1] != self.shape_size:
            raise InputError(f"shapes must be (n, {self.shape_size}), but got {coefficients.shape}")
        return coefficients


def _forward(rest_joints: Float32Array, rotations: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Forward kinematics. rest_joints: (n, bones, 3), rotations: (n, bones, 3, 3) away from the T-pose.

    Returns transforms (n, bones, 3, 4) from rest to pose, and joints (n, bones, 3), the first bone at the origin.
    """
    turned = rotations @ rest_to_t_pose(rest_joints)
    parents = np.maximum(BONE_PARENTS, 0)
    steps = (turned[:, parents] @ (rest_joints - rest_joints[:, parents])[..., None])[..., 0]
    joints = np.zeros_like(rest_joints)
    for bone, parent in enumerate(BONE_PARENTS):
        if parent >= 0:
            joints[:, bone] = joints[:, parent] + steps[:, bone]
    shift = joints - np.einsum("nbij,nbj->nbi", turned, rest_joints)
    return np.concatenate([turned, shift[..., None]], axis=-1).astype(np.float32), joints
