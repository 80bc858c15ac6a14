from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from vitruv.runtime.compact.people import LookPolicy, PeopleMapper
from vitruv.runtime.compact.regressor import Regressor, RegressorMaps
from vitruv.runtime.compact.upright import quarters_to_upright, turn_boxes, turn_crop, turn_maps, turn_points
from vitruv.types import Float32Array, UInt8Array

SIDE = 8


class PaintReader:
    """A regressor to reason about: logits and uv are the red of the crop, shoulders lie at the brightest green, hips at the
    brightest blue. It counts the crops that it is given.
    """

    size_hw = (SIDE, SIDE)

    def __init__(self) -> None:
        self.crops = 0

    def run(self, crops: UInt8Array, boxes_xyxy: Float32Array) -> RegressorMaps:
        self.crops += len(crops)
        red = crops[..., 0].astype(np.float32)[:, None]
        joints = np.full((len(crops), 17, 3), 0.5, np.float32)
        for crop, joint in zip(crops, joints, strict=True):
            for channel, which in ((1, (5, 6)), (2, (11, 12))):
                row, column = np.unravel_index(crop[..., channel].argmax(), (SIDE, SIDE))
                joint[list(which), :2] = (column + 0.5) / SIDE, (row + 0.5) / SIDE
        return RegressorMaps(np.tile(red, (1, 25, 1, 1)), np.tile(red, (1, 48, 1, 1)), joints)


def _mapper(reader: PaintReader, policy: LookPolicy) -> PeopleMapper:
    return PeopleMapper(cast(Regressor, reader), policy, box_scale=1.0, pad_value=0)


def _picture(shoulders_xy: tuple[int, int], hips_xy: tuple[int, int]) -> UInt8Array:
    rgb = np.random.default_rng(0).integers(0, 9, (SIDE, SIDE, 3)).astype(np.uint8)
    rgb[..., 0] = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    rgb[shoulders_xy[1], shoulders_xy[0], 1] = 255
    rgb[hips_xy[1], hips_xy[0], 2] = 255
    return rgb


WHOLE = np.array([[0, 0, SIDE, SIDE]], np.float32)


def test_nobody() -> None:
    reader = PaintReader()
    windows, maps = _mapper(reader, LookPolicy()).map([_picture((4, 1), (4, 6))], [np.zeros((0, 4), np.float32)])
    assert windows.shape == (0, 4)
    assert maps.logits.shape[:2] == (0, 25)


def test_people_of_several_pictures_come_in_their_order() -> None:
    pictures = [_picture((4, 1), (4, 6)), _picture((3, 1), (4, 6)), _picture((2, 1), (4, 6))]
    boxes = [WHOLE, np.zeros((0, 4), np.float32), np.repeat(WHOLE, 2, axis=0)]
    windows, maps = _mapper(PaintReader(), LookPolicy()).map(pictures, boxes)
    assert np.array_equal(windows, np.repeat(WHOLE, 3, axis=0))
    assert [round(float(x) * SIDE - 0.5) for x in maps.joints[:, 5, 0]] == [4, 2, 2]


@pytest.mark.parametrize(
    ("shoulders", "hips", "quarters"), [((4, 1), (4, 6), 0), ((6, 4), (1, 4), 1), ((4, 6), (4, 1), 2), ((1, 4), (6, 4), 3)]
)
def test_whoever_is_not_upright_is_looked_at_turned(shoulders: tuple[int, int], hips: tuple[int, int], quarters: int) -> None:
    rgb, reader = _picture(shoulders, hips), PaintReader()
    _, maps = _mapper(reader, LookPolicy(upright_score=0.3)).map([rgb], [WHOLE])
    assert reader.crops == (1 if quarters == 0 else 2)
    assert np.array_equal(maps.logits[0, 3], rgb[..., 0]), "maps are those of the picture as it is"
    assert np.allclose(maps.joints[0, 5, :2] * SIDE - 0.5, shoulders)
    joints = PaintReader().run(turn_crop(rgb, quarters)[None], WHOLE).joints
    assert quarters_to_upright(joints, size_hw=(SIDE, SIDE), min_score=0.3)[0] == 0, "turned, they stand"


def test_unsure_joints_turn_nothing() -> None:
    reader = PaintReader()
    _mapper(reader, LookPolicy(upright_score=0.6)).map([_picture((4, 6), (4, 1))], [WHOLE])
    _mapper(reader, LookPolicy(upright_score=None)).map([_picture((4, 6), (4, 1))], [WHOLE])
    assert reader.crops == 2


def test_mirror_averages_with_the_other_side() -> None:
    rgb, reader = _picture((4, 1), (4, 6)), PaintReader()
    _, maps = _mapper(reader, LookPolicy(mirror=True, upright_score=None)).map([rgb], [WHOLE])
    assert reader.crops == 2
    assert np.array_equal(maps.logits[0, 1], rgb[..., 0]), "the torso's back is its own mirror image"
    assert np.allclose(maps.joints[0, 5, :2] * SIDE - 0.5, (4, 1))


@pytest.mark.parametrize("quarters", [-1, 0, 1, 2, 3])
def test_points_boxes_and_maps_turn_alike(quarters: int) -> None:
    crop = np.zeros((SIDE, SIDE, 3), np.uint8)
    crop[1, 6] = 7
    row, column = np.argwhere(turn_crop(crop, quarters)[..., 0])[0]
    assert np.allclose(turn_points(np.array([6.5, 1.5], np.float32) / SIDE, quarters) * SIDE, (column + 0.5, row + 0.5))
    assert np.array_equal(turn_maps(crop[..., 0].astype(np.float32), quarters), turn_crop(crop, quarters)[..., 0])
    box = turn_boxes(np.array([6, 1, 7, 2], np.float32) / SIDE, quarters) * SIDE
    assert np.allclose(box, (column, row, column + 1, row + 1))
