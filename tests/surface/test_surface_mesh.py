"""Meshes as arrays, on solids small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.errors import InputError
from vitruv.surface.mesh import (
    border_loops,
    edges,
    euler_characteristic,
    face_areas,
    face_components,
    is_disk,
    opposite_faces,
    signed_uv_areas,
)

TETRAHEDRON = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])
SQUARE = np.array([[0, 1, 2], [0, 2, 3]])


def test_no_faces_are_no_disk() -> None:
    assert not is_disk(np.zeros((0, 3), np.int64))
    assert not len(edges(np.zeros((0, 3), np.int64)))


def test_a_tetrahedron_is_a_sphere() -> None:
    assert euler_characteristic(TETRAHEDRON) == 2
    assert border_loops(TETRAHEDRON) == []
    assert (opposite_faces(TETRAHEDRON) >= 0).all()
    assert not is_disk(TETRAHEDRON)


def test_a_square_is_a_disk_with_its_outline_walked_counter_clockwise() -> None:
    assert is_disk(SQUARE)
    assert [loop.tolist() for loop in border_loops(SQUARE)] == [[0, 1, 2, 3]]
    assert opposite_faces(SQUARE).tolist() == [[-1, -1, 1], [0, -1, -1]]


def test_a_cut_separates_faces() -> None:
    assert face_components(SQUARE).tolist() == [0, 0]
    assert face_components(SQUARE, np.array([[2, 0]])).tolist() == [0, 1]


def test_two_triangles_that_touch_in_a_vertex_are_refused() -> None:
    bow_tie = np.array([[0, 1, 2], [0, 3, 4]])
    assert not is_disk(bow_tie)
    with pytest.raises(InputError, match="passes a vertex twice"):
        border_loops(bow_tie)


def test_areas() -> None:
    corners = np.array([[0.0, 0, 0], [2, 0, 0], [2, 1, 0], [0, 1, 0]])
    assert face_areas(corners, SQUARE).tolist() == [1.0, 1.0]
    assert signed_uv_areas(corners[:, :2], SQUARE[:, ::-1]).tolist() == [-1.0, -1.0]
