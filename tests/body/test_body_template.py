"""Closing anny's mesh: borders, strips between chains of vertices, ends of bones. Small meshes stand in for it."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.body import anny_source
from vitruv.errors import ModelError

TETRAHEDRON = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])


def test_a_closed_surface_is_accepted_and_an_open_one_refused() -> None:
    anny_source._check_closed(TETRAHEDRON.astype(np.int32), 4)
    for damaged in (TETRAHEDRON[:3], TETRAHEDRON[:, ::-1][[0, 0, 1, 2]]):
        with pytest.raises(ModelError, match="does not close to one surface"):
            anny_source._check_closed(damaged.astype(np.int32), 4)


def test_the_border_of_an_opening() -> None:
    assert sorted(anny_source._boundary_loop(TETRAHEDRON[:3]).tolist()) == [0, 2, 3]
    with pytest.raises(ModelError, match="no opening where one is expected"):
        anny_source._boundary_loop(TETRAHEDRON)
    with pytest.raises(ModelError, match="another opening than expected"):
        anny_source._boundary_loop(np.array([[0, 1, 2], [3, 4, 5]]))


def test_pieces_are_numbered_by_their_first_vertex() -> None:
    assert anny_source._components(np.array([[0, 1, 2], [3, 4, 5]]), 6).tolist() == [0, 0, 0, 1, 1, 1]


def test_the_mirror_image_of_every_vertex() -> None:
    points = np.array([[0.5, 0, 0], [0, 1.0, 0], [-0.5, 0, 0]])
    assert anny_source._mirror(points).tolist() == [2, 1, 0]
    with pytest.raises(ModelError, match="not mirror-symmetric"):
        anny_source._mirror(points + np.array([0.1, 0, 0]))


def test_a_ring_is_zipped_to_the_ring_inside_it() -> None:
    angles = 2 * np.pi * np.arange(8) / 8
    ring = np.stack([np.cos(angles), np.sin(angles), np.zeros(8)], axis=1)
    positions = np.concatenate([2 * ring, ring[::2]])
    strip = anny_source._zip(np.arange(8), np.arange(8, 12), positions, closed=True)
    assert len(strip) == 12
    directed = {(int(a), int(b)) for face in strip for a, b in zip(face, np.roll(face, -1), strict=True)}
    assert len(directed) == 36, "no edge is walked twice in one sense"
    rim = {(a, b) for a, b in directed if (b, a) not in directed}
    assert {(i, (i + 1) % 8) for i in range(8)} <= rim, "the outer ring is walked forwards"
    corners = positions[strip]
    area = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2]
    assert (np.abs(area) > 1e-9).all() and len({bool(a > 0) for a in area}) == 1


def test_bones_end_where_their_children_begin() -> None:
    heads = np.array([[0.0, 0, 0], [0, 0, 1], [0, 0, 2]])
    vertices = np.array([[0.0, 0, 0.5], [0, 0, 1.5], [0, 0, 2.25]])
    bones, weights = np.array([[0], [1], [2]], np.int32), np.ones((3, 1))
    tails = anny_source._bone_tails(heads, np.array([-1, 0, 1], np.int32), vertices, bones, weights)
    assert tails.tolist() == [[0, 0, 1], [0, 0, 2], [0, 0, 2.5]]
