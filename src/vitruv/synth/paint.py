"""`BodyPaint`: where on the body a point lies, in the terms garments are cut in (along the trunk, along the arm, on the head)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.body import COCO_KEYPOINTS, Body
from vitruv.body.skeleton import BONE_INDEX
from vitruv.synth.shade import FIELD_AO, FIELD_ARM, FIELD_TRUNK, FIELD_WAVE, FIELD_X, FIELD_Z, NUM_FIELDS
from vitruv.types import AnyArray, Float32Array


@dataclass(frozen=True, eq=False)
class BodyPaint:
    """Garment coordinates of the mean body at rest.

    fields: (V, NUM_FIELDS) float32: rest x, y, z in metres (pelvis at the origin, y up, z to the front); trunk: -1 at the ankles,
        0 at the crotch, 1 at the base of the neck, 2 at the crown, about 0.8 on the arms; arm: -0.5 away from the arms, 0 at the
        shoulder joint, 0.5 at the elbow, 1 at the wrist; occlusion in 0..1; a slow wave in -2..2 that makes borders uneven.
    eye, nose: trunk coordinates of places on the head; ear_z: depth of the ears, face_z of the eyes.
    """

    fields: Float32Array
    eye: float
    nose: float
    ear_z: float
    face_z: float

    @classmethod
    def of(cls, body: Body) -> BodyPaint:
        rest, joints = body.mean.astype(np.float64), body.joint_mean.astype(np.float64)
        keypoints = body.keypoints(body.mean)
        at = {name: i for i, name in enumerate(COCO_KEYPOINTS)}
        legs = _membership(body, ("upperleg", "lowerleg", "foot", "toes"))
        middle = (np.abs(rest[:, 0]) < 0.02) & (legs > 0.01)
        crotch = float(rest[middle, 1].min()) if middle.any() else float(joints[BONE_INDEX["upperleg01.L"], 1] - 0.08)
        ankle = float(keypoints[at["left_ankle"], 1])
        neck = float(joints[BONE_INDEX["neck01"], 1])
        crown = float(rest[:, 1].max())

        def along(y: AnyArray) -> AnyArray:
            return np.interp(y, [2 * ankle - crotch, ankle, crotch, neck, crown], [-2, -1, 0, 1, 2])

        trunk = along(rest[:, 1])
        arm = np.full(len(rest), -0.5)
        for side, word in ((".L", "left"), (".R", "right")):
            chain = [keypoints[at[f"{word}_{joint}"]].astype(np.float64) for joint in ("shoulder", "elbow", "wrist")]
            member = _membership(body, ("upperarm", "lowerarm", "wrist", "finger"), side)
            share = np.clip((member - 0.15) / 0.5, 0, 1)
            upper = _project(rest, chain[0], chain[1])
            lower = _project(rest, chain[1], chain[2])
            t = np.where(lower > 0, 0.5 + 0.5 * lower, 0.5 * np.minimum(upper, 1.0))
            here = member > 0.02
            arm[here] = (-0.5 + share * (t + 0.5))[here]
            trunk[here] = (trunk + share * (0.8 - trunk))[here]
        fields = np.zeros((len(rest), NUM_FIELDS), np.float32)
        fields[:, FIELD_X : FIELD_Z + 1] = rest
        fields[:, FIELD_TRUNK], fields[:, FIELD_ARM], fields[:, FIELD_AO] = trunk, arm, body.occlusion
        fields[:, FIELD_WAVE] = np.sin(31 * rest[:, 0] + 17 * rest[:, 1]) + np.sin(23 * rest[:, 2] + 13 * rest[:, 0] + 2)
        eyes = keypoints[[at["left_eye"], at["right_eye"]]].mean(axis=0)
        return cls(
            fields=fields,
            eye=float(along(eyes[1])),
            nose=float(along(keypoints[at["nose"], 1])),
            ear_z=float(keypoints[[at["left_ear"], at["right_ear"]], 2].mean()),
            face_z=float(eyes[2]),
        )


def _membership(body: Body, names: tuple[str, ...], side: str = "") -> AnyArray:
    """(V,) share of the skin weights that belongs to the bones whose names start so."""
    bones = [i for name, i in BONE_INDEX.items() if name.startswith(names) and name.endswith(side)]
    return np.asarray(np.where(np.isin(body.skin_bones, bones), body.skin_weights, 0).sum(axis=1), np.float64)


def _project(points: AnyArray, start: AnyArray, end: AnyArray) -> AnyArray:
    """0 at `start`, 1 at `end`, linear."""
    axis = end - start
    return np.asarray((points - start) @ axis / (axis @ axis))
