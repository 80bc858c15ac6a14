"""A posed and shaped body from the dense pose of one person: robust least squares over camera, pose and shape.

What is minimised, for every pair of a pixel and a point of the body: the distance in the picture between the pixel and where the
camera sees the point, with the robust loss of Geman and McClure; besides, how unusual the pose is (`PosePrior`), how far joints go
beyond what they can, and how unusual the build is. Steps are those of Levenberg and Marquardt, with derivatives by differences:
the body is evaluated for all parameters at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from vitruv.body import Body, Pose, PosePrior
from vitruv.body import rotations as rot
from vitruv.body.limits import joint_limits
from vitruv.body.skeleton import JOINT_INDEX
from vitruv.errors import InputError
from vitruv.results import Person
from vitruv.surface import Atlas
from vitruv.texture.correspondences import Correspondences, correspondences_of
from vitruv.texture.posing import CAMERA_AXES, JOINT_PART, SHAPE_PART, SHIFT, TURN, PosedPoints, RigidPoints
from vitruv.types import AnyArray, BoolArray, Float32Array, Float64Array

Points: TypeAlias = PosedPoints | RigidPoints

LEAST_PAIRS = 60
LEAST_CHARTS = 3

_STEP = 2e-3
_SIGMA_M = 0.012  # what a pair is off by where all is right, on the body
_PAIRS = 160.0  # as many independent pairs as the sample is taken for: neighbours share their mistakes
_SHAPE_WEIGHT = 1.0
_DISTANCE_SPREAD = 0.25  # of the logarithm of the distance, about that at which the average body is as large as the person
_LIMIT_WEIGHT = 12.0  # per radian beyond a limit
_STAGES = ((0.25, 1.0, 8), (0.12, 0.6, 10), (0.06, 0.35, 14))  # scale of the robust loss in metres, weight of the prior, rounds
_MOST_STARTS = 3
_ON_THE_PICTURE_M = 0.03  # median distance with which a fit is taken to lie where it should
_TRUNK = (1, 2, 7, 8, 9, 10, 23, 24)


@dataclass(frozen=True, eq=False)
class FittedBody:
    """A body before the camera.

    vertices: (v, 3) float32, metres, camera axes (x right, y down, z forward), the order of the atlas. joints: (17, 3) float32, the
    COCO joints in the same axes. pose, shape: of `Body`. focal_px: what the camera was taken to be; its centre is the picture's.
    error_px: median distance in the picture between a pixel and where the body's point is seen. pairs: how many were used.
    error_share: error_px against the height of the person's box.
    """

    vertices: Float32Array
    joints: Float32Array
    pose: Pose
    shape: Float32Array
    focal_px: float
    size_hw: tuple[int, int]
    error_px: float
    error_share: float
    pairs: int

    def project(self, points: AnyArray) -> Float64Array:
        """(n, 3) camera axes -> (n, 2) pixels."""
        return np.asarray(_project(np.asarray(points, np.float64)[None], self.focal_px, self.size_hw)[0])


def focal_from(size_hw: tuple[int, int], fov_deg: float = 40.0) -> float:
    """Focal length in pixels of a camera whose longer side spans an angle. Raises InputError unless 5..150 degrees."""
    if not 5 <= fov_deg <= 150:
        raise InputError(f"the field of view must be from 5 to 150 degrees, but is {fov_deg:g}")
    distance: float = max(size_hw) / 2 / math.tan(math.radians(fov_deg) / 2)
    return distance


def fit_body(
    person: Person,
    size_hw: tuple[int, int],
    *,
    focal_px: float | None = None,
    body: Body | None = None,
    atlas: Atlas | None = None,
    prior: PosePrior | None = None,
) -> FittedBody:
    """Fit the package's body to one person of a picture of `size_hw`.

    focal_px: of the camera; default is that of `focal_from`. Distance and size cannot be told apart in one picture: the person is
    taken to be of usual build. Raises InputError where too little of the person is seen.
    """
    body, atlas = Body.load() if body is None else body, Atlas.load() if atlas is None else atlas
    pairs = correspondences_of(person, atlas)
    if len(pairs) < LEAST_PAIRS or len(np.unique(pairs.charts)) < LEAST_CHARTS:
        raise InputError(
            f"too little of the person is seen to fit a body: {len(np.unique(pairs.charts))} of 24 charts, {len(pairs)} points; "
            f"at least {LEAST_CHARTS} charts and {LEAST_PAIRS} points are needed"
        )
    fit = _Fit(body, atlas, PosePrior.load() if prior is None else prior, pairs, focal_px or focal_from(size_hw), size_hw)
    parameters, model = fit.solve()
    posed = body.pose(parameters[None, SHAPE_PART], model.rotations(parameters[None]))
    vertices = (posed.vertices[0] * CAMERA_AXES + parameters[SHIFT]).astype(np.float32)
    off = np.linalg.norm(fit.residual_px(model, parameters[None])[0], axis=1)
    height = max(float(person.box_xyxy[3] - person.box_xyxy[1]), 1.0)
    return FittedBody(
        vertices=vertices,
        joints=body.keypoints(vertices),
        pose=model.pose(parameters),
        shape=parameters[SHAPE_PART].astype(np.float32),
        focal_px=fit.focal_px,
        size_hw=size_hw,
        error_px=float(np.median(off)),
        error_share=float(np.median(off)) / height,
        pairs=len(pairs),
    )


@dataclass(frozen=True, eq=False)
class _Fit:
    body: Body
    atlas: Atlas
    prior: PosePrior
    pairs: Correspondences
    focal_px: float
    size_hw: tuple[int, int]

    @cached_property
    def metres_per_px(self) -> float:
        """About what a pixel is at the person's distance: from how far the pairs lie apart on the average body and in the picture.

        It stays as it is during a fit: taken from the fitted distance, coming nearer would make every error smaller.
        """
        points = self.atlas.positions(self.pairs.points)
        return float(np.sqrt(points.var(axis=0).sum() * 2 / 3) / max(np.sqrt(self.pairs.xy.var(axis=0).sum()), 1.0))

    def solve(self) -> tuple[Float64Array, PosedPoints]:
        """Rough headings first, with the body held still; then all of it from the best of them, from strict to loose. Only where
        the result does not lie on the picture, from the next ones too."""
        model = PosedPoints.of(self.body, self.atlas, self.pairs.points, rot.IDENTITY_XYZW)
        starts = self._starts(model.size)
        still = model(starts)
        rough = []
        for start, points in zip(starts, still * CAMERA_AXES, strict=True):
            for heading in self._headings(points):
                rigid = RigidPoints(points, heading)
                parameters = self._place(rigid, start)
                parameters = self._minimise(rigid, parameters, _free(model.size, TURN, SHIFT), rounds=8, scale_m=0.25, prior=1.0)
                rough.append((self._cost(rigid, parameters[None], 0.25, 0.0)[0], parameters, model.turned(heading)))
        rough.sort(key=lambda entry: float(entry[0]))
        best: tuple[float, Float64Array, PosedPoints] | None = None
        everything = _free(model.size, slice(None))
        for _, parameters, turned in rough[:_MOST_STARTS]:
            for scale_m, prior, rounds in _STAGES:
                parameters = self._minimise(turned, parameters, everything, rounds=rounds, scale_m=scale_m, prior=prior)
            cost = float(self._cost(turned, parameters[None], *_STAGES[-1][:2])[0])
            if best is None or cost < best[0]:
                best = cost, parameters, turned
            pairs, _ = self._residuals(turned, parameters[None], 1.0)
            if np.median(np.linalg.norm(pairs[0], axis=1)) < _ON_THE_PICTURE_M:
                break
        assert best is not None
        return best[1], best[2]

    def _starts(self, size: int) -> Float64Array:
        """(2, size): poses that a fit begins with, the mean of all and sitting."""
        standing = np.zeros(size)
        standing[JOINT_PART] = self.prior.mean
        sitting = standing.copy()
        for joint, bend_deg in (("hip", -80.0), ("knee", 80.0)):
            for side in "lr":
                sitting[JOINT_PART.start + 3 * (JOINT_INDEX[f"{side}_{joint}"] - 1)] = np.radians(bend_deg)
        return np.stack([standing, sitting])

    def _headings(self, still: Float64Array) -> list[Float64Array]:
        """Where the body may face: what an affine camera says of its trunk, turns about the vertical, and lying in all ways."""
        turns = [rot.quaternion_from_rotvec(np.array([0.0, yaw, 0.0])) for yaw in np.radians(np.arange(0, 360, 45))]
        axes = np.array([[0.0, 0, 1], [0, 0, -1], [1, 0, 0], [-1, 0, 0]])
        tilts = [rot.quaternion_from_rotvec(np.radians(80) * axis) for axis in axes]
        found = turns + [rot.multiply(tilt, turn) for tilt in tilts for turn in turns[::2]]
        trunk = np.isin(self.pairs.charts, _TRUNK)
        if trunk.sum() >= 20:
            points = still[trunk]
            xy = self.pairs.xy[trunk]
            design = np.c_[points, np.ones(len(points))]
            rows = np.linalg.lstsq(design, xy, rcond=None)[0][:3].T * [[1], [-1]]  # y up
            u, _, vt = np.linalg.svd(np.vstack([rows, np.cross(rows[0], rows[1]) / max(np.linalg.norm(rows[0]), 1e-9)]))
            rotation = u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt
            found.insert(0, _quaternion(rotation))
        return found

    def _place(self, model: Points, start: Float64Array) -> Float64Array:
        """The shift that puts the body, as large as it is seen, over the person."""
        parameters = start.copy()
        parameters[SHIFT] = 0
        points = model(parameters[None])[0][:, :2]
        xy = self.pairs.xy
        spread = max(float(np.sqrt(points.var(axis=0).sum())), 1e-3)
        depth = self.focal_px * spread / max(float(np.sqrt(xy.var(axis=0).sum())), 1.0)
        middle = (xy.mean(axis=0) - np.array(self.size_hw[::-1]) / 2) * depth / self.focal_px
        parameters[SHIFT] = [*(middle - points.mean(axis=0)), depth]
        return parameters

    def residual_px(self, model: Points, parameters: Float64Array) -> Float64Array:
        """(k, n, 2) pixels: where the points are seen, less where they should be."""
        return _project(model(parameters), self.focal_px, self.size_hw) - self.pairs.xy

    def _residuals(self, model: Points, parameters: Float64Array, prior: float) -> tuple[Float64Array, Float64Array]:
        """Of k parameter vectors: of the pairs (k, n, 2) in metres on a plane at the body's distance, and of the priors (k, m)."""
        pairs = self.residual_px(model, parameters) * self.metres_per_px
        joints = parameters[:, JOINT_PART]
        unusual = (joints - self.prior.mean) @ self.prior.whitening.T * np.sqrt(prior)
        low, high = joint_limits()
        beyond = np.maximum(joints - high[1:].ravel(), 0) + np.minimum(joints - low[1:].ravel(), 0)
        shape = parameters[:, SHAPE_PART] * np.sqrt(_SHAPE_WEIGHT)
        expected = self.metres_per_px * self.focal_px
        distance = np.log(np.maximum(parameters[:, 5:6], 0.05) / expected) / _DISTANCE_SPREAD
        return pairs, np.concatenate([unusual, _LIMIT_WEIGHT * beyond, shape, distance], axis=1)

    @property
    def _pair_weight(self) -> Float64Array:
        return self.pairs.weight * min(_PAIRS / len(self.pairs), 1) / _SIGMA_M**2

    def _cost(self, model: Points, parameters: Float64Array, scale_m: float, prior: float) -> Float64Array:
        pairs, rest = self._residuals(model, parameters, prior)
        square = (pairs**2).sum(axis=2)
        robust = square / (1 + square / scale_m**2)
        return np.asarray(robust @ self._pair_weight + (rest**2).sum(axis=1))

    def _minimise(
        self, model: Points, start: Float64Array, free: BoolArray, *, rounds: int, scale_m: float, prior: float
    ) -> Float64Array:
        parameters, damping = start.copy(), 1e-2
        index = np.flatnonzero(free)
        cost = float(self._cost(model, parameters[None], scale_m, prior)[0])
        for _ in range(rounds):
            varied = np.repeat(parameters[None], len(index) + 1, axis=0)
            varied[np.arange(1, len(varied)), index] += _STEP
            pairs, rest = self._residuals(model, varied, prior)
            weight = np.repeat(self._pair_weight / (1 + (pairs[0] ** 2).sum(axis=1) / scale_m**2) ** 2, 2)
            flat = pairs.reshape(len(varied), -1)
            jacobian, jacobian_rest = (flat[1:] - flat[0]).T / _STEP, (rest[1:] - rest[0]).T / _STEP
            normal = jacobian.T @ (jacobian * weight[:, None]) + jacobian_rest.T @ jacobian_rest
            gradient = jacobian.T @ (weight * flat[0]) + jacobian_rest.T @ rest[0]
            for _ in range(5):
                step = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-6), -gradient)
                trial = parameters.copy()
                trial[index] += np.clip(step, -0.6, 0.6)
                trial[5] = max(trial[5], 0.3)
                trial_cost = float(self._cost(model, trial[None], scale_m, prior)[0])
                if trial_cost < cost:
                    break
                damping *= 6
            else:
                return parameters
            done = cost - trial_cost < 5e-4 * cost
            parameters, cost, damping = trial, trial_cost, max(damping / 4, 1e-6)
            if done:
                break
        return parameters


def _project(points: Float64Array, focal_px: float, size_hw: tuple[int, int]) -> Float64Array:
    depth = np.maximum(points[..., 2:], 0.05)
    return np.asarray(points[..., :2] / depth * focal_px + np.array(size_hw[::-1]) / 2)


def _free(size: int, *parts: slice) -> BoolArray:
    free = np.zeros(size, bool)
    for part in parts:
        free[part] = True
    return free


def _quaternion(matrix: AnyArray) -> Float64Array:
    """(3, 3) rotation -> (4,) x, y, z, w: the eigenvector of Bar-Itzhack's matrix, sound for every angle."""
    m = np.asarray(matrix, np.float64)
    k = np.array(
        [
            [m[0, 0] - m[1, 1] - m[2, 2], 0, 0, 0],
            [m[0, 1] + m[1, 0], m[1, 1] - m[0, 0] - m[2, 2], 0, 0],
            [m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], m[2, 2] - m[0, 0] - m[1, 1], 0],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m[0, 0] + m[1, 1] + m[2, 2]],
        ]
    )
    return np.asarray(np.linalg.eigh(k / 3)[1][:, -1])
