"""The measuring of a body and the walks along mesh edges that its cuts are made of."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.surface import BodyTemplate
from vitruv.surface.building.cuts import Border, LeftHalf, at_height, depth_middle, only, square_to, twisting, unit, walk

SIDE = 9


@pytest.fixture
def sheet() -> BodyTemplate:
    """A flat square of 9 x 9 vertices, 1 cm apart, that is its own mirror image; the left half is moved by one bone."""
    x, z = np.meshgrid(np.arange(SIDE) - SIDE // 2, np.arange(SIDE), indexing="xy")
    vertices = np.stack([x.ravel(), np.zeros(SIDE**2), z.ravel()], axis=1) / 100
    corner = (np.arange(SIDE - 1)[:, None] * SIDE + np.arange(SIDE - 1)).ravel()
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + SIDE], 1), np.stack([corner + 1, corner + SIDE + 1, corner + SIDE], 1)]
    )
    count = len(vertices)
    mirror = (np.arange(SIDE)[:, None] * SIDE + np.arange(SIDE)[::-1]).ravel()
    left = vertices[:, 0] > 0
    return BodyTemplate(
        vertices=vertices,
        faces=faces.astype(np.int32),
        face_kind=np.zeros(len(faces), np.uint8),
        corner_uv=vertices[faces][..., [0, 2]],
        bone_names=("root", "arm.L", "arm.R"),
        bone_parents=np.array([-1, 0, 0], np.int32),
        bone_heads=np.array([[0, 0, 0.0], [0.02, 0, 0.04], [-0.02, 0, 0.04]]),
        bone_tails=np.zeros((3, 3)),
        skin_bones=np.where(left, 1, 0)[:, None].astype(np.int32),
        skin_weights=np.ones((count, 1)),
        model_vertex=np.arange(count, dtype=np.int32),
        hm08_vertex=np.arange(count, dtype=np.int32),
        mirror_vertex=mirror.astype(np.int32),
    )


def test_the_left_half_is_measured(sheet: BodyTemplate) -> None:
    body = LeftHalf(sheet)
    assert body.on_midline.sum() == SIDE and body.left.sum() == SIDE * (SIDE // 2)
    assert body.height(0.5) == pytest.approx(0.04)
    assert body.bone("arm.L").tolist() == [0.02, 0.0, 0.04]
    assert (body.moved_by("arm") > 0.5).tolist() == body.left.tolist()
    assert body.points[body.corner(body.x - 0.02, body.z - 0.05, where=body.left)].tolist() == [0.02, 0.0, 0.05]
    assert body.points[body.midline_corner(0.031, body.z > 0)].tolist() == pytest.approx([0.0, 0.0, 0.03])
    assert depth_middle(body, body.left) == pytest.approx(np.zeros(len(body.x)))
    assert at_height(body.x, body.z, body.on_midline, 0.015) == 0


def test_walks_follow_their_curve_and_keep_off_what_is_forbidden(sheet: BodyTemplate) -> None:
    assert walk(sheet, []).size == 0
    body = LeftHalf(sheet)
    start, end = body.corner(body.x, body.z, where=body.on_midline), body.corner(body.x, body.z - 0.08, where=body.on_midline)
    straight = walk(sheet, [Border(start, end, np.abs(body.x))])
    assert len(straight) == SIDE - 1 and set(straight.ravel()) == set(np.flatnonzero(body.on_midline))
    # Forbidden half-way: the walk goes around.
    around = walk(sheet, [Border(start, end, only(body.x, np.abs(body.z - 0.04) > 0.001))])
    assert len(around) >= SIDE - 1
    blocked = walk(sheet, [Border(start, end, only(np.zeros_like(body.x), ~(body.on_midline & (np.abs(body.z - 0.04) < 0.001))))])
    middle = body.corner(body.x, body.z - 0.04, where=body.on_midline)
    assert middle not in set(blocked.ravel())


def test_directions() -> None:
    axis = np.array([0.0, 0.0, 1.0])
    assert unit(np.array([0.0, 3.0, 4.0])) == pytest.approx([0, 0.6, 0.8])
    assert square_to(axis, np.array([2.0, 0.0, 5.0])) == pytest.approx([1, 0, 0])
    turned = twisting(axis, np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), np.array([0.0, 0.5, 1.0]))
    assert turned == pytest.approx(np.array([[1, 0, 0], [0.5**0.5, 0.5**0.5, 0], [0, 1, 0]]))
    assert np.linalg.norm(turned, axis=1) == pytest.approx(np.ones(3))
