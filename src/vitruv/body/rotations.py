"""Rotations as arrays: unit quaternions (x, y, z, w), rotation vectors, 3x3 matrices for column vectors. Leading axes are free."""

from __future__ import annotations

import numpy as np

from vitruv.types import AnyArray, Float64Array

IDENTITY_XYZW = np.array([0.0, 0.0, 0.0, 1.0])
_TINY = 1e-12


def _cross(a: Float64Array, b: Float64Array) -> Float64Array:
    """np.cross, several times faster for few vectors."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def matrix_from_quaternion(xyzw: AnyArray) -> Float64Array:
    """(..., 4) quaternions of any length but zero -> (..., 3, 3) float64."""
    q = np.asarray(xyzw, np.float64)
    x, y, z, w = np.moveaxis(q / np.linalg.norm(q, axis=-1, keepdims=True), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def quaternion_from_rotvec(rotvec: AnyArray) -> Float64Array:
    """(..., 3) axis times angle in radians -> (..., 4) float64."""
    v = np.asarray(rotvec, np.float64)
    angle = np.linalg.norm(v, axis=-1, keepdims=True)
    # sinc keeps the limit at angle 0 exact: sin(angle / 2) / angle = sinc(angle / 2 pi) / 2
    return np.concatenate([v * (0.5 * np.sinc(angle / (2 * np.pi))), np.cos(angle / 2)], axis=-1)


def rotvec_from_quaternion(xyzw: AnyArray) -> Float64Array:
    """(..., 4) -> (..., 3) axis times angle in radians, angle in [0, pi]."""
    q = np.asarray(xyzw, np.float64)
    q = np.where(q[..., 3:] < 0, -q, q)
    length = np.linalg.norm(q[..., :3], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(length, q[..., 3:])
    rotvec: Float64Array = q[..., :3] * (angle / np.maximum(length, _TINY))
    return rotvec


def multiply(a: AnyArray, b: AnyArray) -> Float64Array:
    """(..., 4) a and b -> the rotation that applies b first, then a."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    av, aw, bv, bw = a[..., :3], a[..., 3:], b[..., :3], b[..., 3:]
    vector = aw * bv + bw * av + _cross(av, bv)
    scalar = aw * bw - (av * bv).sum(-1, keepdims=True)
    return np.concatenate([vector, scalar], axis=-1)


def inverse(xyzw: AnyArray) -> Float64Array:
    """(..., 4) unit quaternions -> the opposite rotations."""
    opposite: Float64Array = np.asarray(xyzw, np.float64) * np.array([-1.0, -1.0, -1.0, 1.0])
    return opposite


def fraction(xyzw: AnyArray, t: float) -> Float64Array:
    """(..., 4) -> the same rotations, turned by t times their (shorter) angle."""
    return quaternion_from_rotvec(t * rotvec_from_quaternion(xyzw))


def between(a: AnyArray, b: AnyArray, t: float) -> Float64Array:
    """(..., 4) a at t = 0, b at t = 1, the shorter way round at constant speed."""
    return multiply(a, fraction(multiply(inverse(a), b), t))


def swing_between(start: AnyArray, end: AnyArray) -> Float64Array:
    """(..., 3) directions -> (..., 4): the smallest rotation that takes `start` to `end`, so without twist about either.

    Opposite directions have no smallest rotation; they get half a turn about some axis at right angles.
    """
    a = np.asarray(start, np.float64)
    b = np.asarray(end, np.float64)
    a = a / np.linalg.norm(a, axis=-1, keepdims=True)
    b = b / np.linalg.norm(b, axis=-1, keepdims=True)
    q = np.concatenate([_cross(a, b), 1 + (a * b).sum(-1, keepdims=True)], axis=-1)
    length = np.linalg.norm(q, axis=-1, keepdims=True)
    smallest = np.eye(3)[np.argmin(np.abs(a), axis=-1)]
    side = _cross(a, smallest)
    side = side / np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), _TINY)
    half_turn = np.concatenate([np.broadcast_to(side, (*q.shape[:-1], 3)), np.zeros_like(length)], axis=-1)
    result: Float64Array = np.where(length > 1e-6, q / np.maximum(length, _TINY), half_turn)
    return result


def split_twist(xyzw: AnyArray, axis: AnyArray) -> tuple[Float64Array, Float64Array]:
    """(..., 4) rotations q and a unit axis -> (swing, twist) with q = swing * twist, where twist turns about the axis only."""
    q = np.asarray(xyzw, np.float64)
    axis = np.asarray(axis, np.float64)
    along = (q[..., :3] * axis).sum(-1, keepdims=True)
    twist = np.concatenate([along * axis, q[..., 3:]], axis=-1)
    length = np.linalg.norm(twist, axis=-1, keepdims=True)
    twist = np.where(length > 1e-6, twist / np.maximum(length, _TINY), IDENTITY_XYZW)
    return multiply(q, inverse(twist)), twist


def rotate(xyzw: AnyArray, vectors: AnyArray) -> Float64Array:
    """(..., 4) rotations applied to (..., 3) vectors."""
    q, v = np.asarray(xyzw, np.float64), np.asarray(vectors, np.float64)
    t = 2 * _cross(q[..., :3], v)
    return v + q[..., 3:] * t + _cross(q[..., :3], t)
