"""The pinhole camera: points of the world to pixels. Camera axes: x right, y down, z forward; pixel centres at +0.5."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.errors import InputError
from vitruv.types import AnyArray, Float32Array


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera without distortion.

    focal_px: focal length in pixels, the same in x and y.
    centre_xy: principal point in pixels.
    rotation: (3, 3) float32, world to camera axes; translation: (3,) float32, metres. x_camera = rotation @ x_world + translation.
    """

    focal_px: float
    centre_xy: tuple[float, float]
    rotation: Float32Array
    translation: Float32Array

    def __post_init__(self) -> None:
        if not (np.isfinite(self.focal_px) and self.focal_px > 0):
            raise InputError(f"focal_px must be a positive number, but got {self.focal_px}")
        if self.rotation.shape != (3, 3) or self.translation.shape != (3,):
            raise InputError(
                f"rotation must be (3, 3) and translation (3,), but got {self.rotation.shape} and {self.translation.shape}"
            )

    @classmethod
    def look_at(
        cls,
        eye: AnyArray,
        target: AnyArray,
        *,
        up: AnyArray,
        focal_px: float,
        centre_xy: tuple[float, float],
        roll: float = 0.0,
    ) -> Camera:
        """A camera at `eye` whose optical axis goes through `target`; `up` points up in the picture.

        eye, target, up: (3,) in world axes. roll: radians, turns the picture clockwise. Raises InputError where `up` is
        parallel to the line of sight.
        """
        eye64 = np.asarray(eye, np.float64)
        forward = np.asarray(target, np.float64) - eye64
        right = np.cross(forward, np.asarray(up, np.float64))
        if np.linalg.norm(right) < 1e-9 * max(float(np.linalg.norm(forward)), 1e-30):
            raise InputError(f"up must not be parallel to the line of sight, but eye {eye}, target {target}, up {up}")
        forward /= np.linalg.norm(forward)
        right /= np.linalg.norm(right)
        down = np.cross(forward, right)
        cos, sin = np.cos(roll), np.sin(roll)
        rotation = np.stack([cos * right + sin * -down, cos * down + sin * right, forward])
        return cls(focal_px, centre_xy, rotation.astype(np.float32), (-rotation @ eye64).astype(np.float32))

    def to_camera(self, points: AnyArray) -> Float32Array:
        """(..., 3) points in world axes -> (..., 3) float32 in camera axes."""
        return np.asarray(np.asarray(points, np.float32) @ self.rotation.T + self.translation, np.float32)

    def project(self, points: AnyArray) -> tuple[Float32Array, Float32Array]:
        """(..., 3) points in world axes -> (..., 2) pixels and (...) depth in metres.

        Points behind the camera have a depth <= 0; their pixels mean nothing.
        """
        at = self.to_camera(points)
        depth = at[..., 2]
        safe = np.where(np.abs(depth) < 1e-9, np.float32(1e-9), depth)
        pixels = at[..., :2] / safe[..., None] * np.float32(self.focal_px) + np.array(self.centre_xy, np.float32)
        return pixels.astype(np.float32), depth
