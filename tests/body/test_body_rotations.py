import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vitruv.body import rotations as rot

vectors = arrays(np.float64, (3,), elements=st.floats(-1.7, 1.7))  # angles below pi


def test_no_rotations_stay_none() -> None:
    assert rot.matrix_from_quaternion(np.zeros((0, 4))).shape == (0, 3, 3)
    assert rot.multiply(np.zeros((0, 4)), np.zeros((0, 4))).shape == (0, 4)
    assert rot.swing_between(np.zeros((0, 3)), np.array([1.0, 0, 0])).shape == (0, 4)


@given(vectors)
def test_rotation_vectors_come_back(vector: np.ndarray) -> None:
    assert rot.rotvec_from_quaternion(rot.quaternion_from_rotvec(vector)) == pytest.approx(vector, abs=1e-9)


@given(vectors, vectors, vectors)
def test_products_agree_with_matrices(a: np.ndarray, b: np.ndarray, point: np.ndarray) -> None:
    p, q = rot.quaternion_from_rotvec(a), rot.quaternion_from_rotvec(b)
    matrix = rot.matrix_from_quaternion(p) @ rot.matrix_from_quaternion(q)
    assert rot.matrix_from_quaternion(rot.multiply(p, q)) == pytest.approx(matrix, abs=1e-9)
    assert rot.rotate(rot.multiply(p, q), point) == pytest.approx(matrix @ point, abs=1e-9)
    assert np.linalg.det(matrix) == pytest.approx(1)


@given(vectors, vectors)
def test_half_way_twice_is_the_whole_way(a: np.ndarray, b: np.ndarray) -> None:
    p, q = rot.quaternion_from_rotvec(a), rot.quaternion_from_rotvec(b)
    half = rot.fraction(rot.multiply(rot.inverse(p), q), 0.5)
    there = rot.multiply(rot.multiply(p, half), half)
    assert abs(float((there * q).sum())) == pytest.approx(1, abs=1e-9)
    assert abs(float((rot.between(p, q, 1.0) * q).sum())) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    ("start", "end"), [((1, 0, 0), (0, 1, 0)), ((1, 2, 3), (-3, 1, 2)), ((0, 1, 0), (0, 1, 0)), ((0, 0, 1), (0, 0, -1))]
)
def test_swing_brings_one_direction_to_the_other(start: tuple[int, ...], end: tuple[int, ...]) -> None:
    a, b = np.array(start, float), np.array(end, float)
    turned = rot.rotate(rot.swing_between(a, b), a / np.linalg.norm(a))
    assert turned == pytest.approx(b / np.linalg.norm(b), abs=1e-6)


@given(vectors)
def test_swing_and_twist_make_the_whole(vector: np.ndarray) -> None:
    axis = np.array([1.0, 0, 0])
    q = rot.quaternion_from_rotvec(vector)
    swing, twist = rot.split_twist(q, axis)
    assert rot.multiply(swing, twist) == pytest.approx(q, abs=1e-9)
    assert twist[1:3] == pytest.approx(0, abs=1e-12)
    assert rot.rotvec_from_quaternion(swing)[0] == pytest.approx(0, abs=1e-6)
