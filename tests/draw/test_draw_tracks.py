"""Skeletons, masks and tracks over a picture."""

from __future__ import annotations

import numpy as np
import pytest

from vitruv.draw import mask_outlines, skeletons, track_boxes, track_colour
from vitruv.errors import InputError
from vitruv.results import ChartMap, DensePoses


def one_person(**options: object) -> DensePoses:
    return DensePoses(
        np.array([[10, 10, 50, 90]], np.float32),
        np.array([0.8], np.float32),
        [ChartMap.empty((80, 40))],
        (100, 60),
        **options,  # type: ignore[arg-type]
    )


BLACK = np.zeros((100, 60, 3), np.uint8)


@pytest.mark.parametrize("draw", [skeletons, mask_outlines, track_boxes])
def test_nobody_leaves_the_picture(draw: object) -> None:
    picture = draw(BLACK, DensePoses.empty((100, 60)))  # type: ignore[operator]
    np.testing.assert_array_equal(picture, BLACK)
    with pytest.raises(InputError, match=r"rgb must be \(100, 60, 3\) uint8"):
        draw(BLACK[1:], DensePoses.empty((100, 60)))  # type: ignore[operator]


def test_without_keypoints_or_masks_nothing_is_drawn() -> None:
    assert not skeletons(BLACK, one_person()).any()
    assert not mask_outlines(BLACK, one_person()).any()


def test_joints_below_the_score_are_left_out() -> None:
    keypoints = np.zeros((1, 17, 3), np.float32)
    keypoints[0, 5] = (20, 30, 0.9)  # left shoulder
    keypoints[0, 7] = (20, 60, 0.9)  # left elbow
    keypoints[0, 6] = (40, 30, 0.1)  # right shoulder
    picture = skeletons(BLACK, one_person(keypoints=keypoints))
    assert picture[45, 20].tolist() == [64, 207, 255]
    assert not picture[:, 30:].any()
    assert skeletons(BLACK, one_person(keypoints=keypoints), min_score=0.05)[30, 30].any()


def test_the_rim_of_a_mask_lies_inside_it() -> None:
    mask = np.zeros((80, 40), bool)
    mask[10:30, 5:25] = True
    picture = mask_outlines(BLACK, one_person(masks=[mask], track_ids=np.array([4], np.int64)))
    drawn = picture.any(axis=2)
    assert picture[20, 15].tolist() == list(track_colour(4))
    assert not drawn[25:35, 20:30].any()
    assert drawn.sum() == 400 - 16 * 16
    assert (mask_outlines(BLACK, one_person(masks=[mask]))[20, 15] == 255).all()


def test_a_track_has_one_colour_and_others_have_others() -> None:
    box = track_boxes(BLACK, one_person(track_ids=np.array([4], np.int64)))
    assert box[89, 30].tolist() == list(track_colour(4))
    assert len({track_colour(i) for i in range(100)}) == 100
    assert (track_boxes(BLACK, one_person())[89, 30] == 255).all()
