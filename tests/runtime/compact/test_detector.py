from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import vitruv
from toy_model import painted_picture, write_toy_model
from vitruv.runtime.compact.detector import Detector, DetectorConfig, boxes_of_centres, input_size


@pytest.mark.parametrize(
    ("size_hw", "expected"),
    [
        ((480, 640), (192, 256)),
        ((640, 480), (256, 192)),
        ((100, 100), (256, 256)),
        ((10, 1000), (32, 256)),
        ((999, 1000), (256, 256)),
    ],
)
def test_input_keeps_the_aspect(size_hw: tuple[int, int], expected: tuple[int, int]) -> None:
    assert input_size(size_hw, 256) == expected


def test_no_centres() -> None:
    boxes, scores = boxes_of_centres(
        np.zeros((4, 5), np.float32), np.ones((2, 4, 5), np.float32), np.zeros((2, 4, 5), np.float32), 0.1
    )
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


def test_boxes_stand_around_the_highest_cells() -> None:
    centres = np.zeros((6, 8), np.float32)
    centres[2, 3], centres[2, 4], centres[5, 7] = 0.9, 0.8, 0.3  # the second is a neighbour of the first
    sizes, offsets = np.zeros((2, 6, 8), np.float32), np.zeros((2, 6, 8), np.float32)
    sizes[:, 2, 3], offsets[:, 2, 3] = (4, 2), (0.5, 0.25)
    sizes[:, 5, 7] = (1, 1)
    boxes, scores = boxes_of_centres(centres, sizes, offsets, 0.2)
    assert scores.tolist() == pytest.approx([0.9, 0.3])
    assert boxes.tolist() == [[2.25, 0.5, 4.25, 4.5], [6.5, 4.5, 7.5, 5.5]]
    assert len(boxes_of_centres(centres, sizes, offsets, 0.5)[0]) == 1


def _detector(folder: Path, config: DetectorConfig) -> Detector:
    return Detector(write_toy_model(folder) / "detector.onnx", config, device="cpu")


def test_doubles_are_left_out(tmp_path: Path) -> None:
    rgb, _ = painted_picture((120, 160), [(10, 20, 40, 80), (100, 10, 30, 60)])
    boxes, scores = _detector(tmp_path, DetectorConfig(min_side_px=0, coarse_px=160, fine_px=None)).find(rgb)
    assert scores.tolist() == pytest.approx([0.9, 0.8])
    assert boxes.tolist() == [[10, 20, 50, 100], [100, 10, 130, 70]]
    _, scores = _detector(tmp_path, DetectorConfig(min_side_px=0, coarse_px=160, fine_px=None, nms_iou=1.0)).find(rgb)
    assert scores.tolist() == pytest.approx([0.9, 0.8, 0.6])


def test_the_fine_look_is_for_small_people(tmp_path: Path) -> None:
    """At a quarter of the picture's size the two boxes are coarse; the fine look gives them exactly."""
    rgb, _ = painted_picture((240, 320), [(21, 43, 40, 50), (201, 21, 31, 62)])
    coarse = DetectorConfig(min_side_px=0, coarse_px=64, fine_px=None)
    rough, _ = _detector(tmp_path, coarse).find(rgb)
    assert rough[0].tolist() != [21, 43, 61, 93]
    fine, _ = _detector(tmp_path, DetectorConfig(min_side_px=0, coarse_px=64, fine_px=320, nms_iou=0.0)).find(rgb)
    assert len(fine) == 2, "both looks see both people, and of two boxes of one person one is left"
    both, _ = _detector(tmp_path, DetectorConfig(min_side_px=0, coarse_px=64, fine_px=320, nms_iou=1.0)).find(rgb)
    assert [21, 43, 61, 93] in both.tolist()
    large, _ = _detector(tmp_path, DetectorConfig(min_side_px=0, coarse_px=64, fine_px=320, fine_below=0.1, nms_iou=1.0)).find(rgb)
    assert [21, 43, 61, 93] not in large.tolist(), "nobody is small enough to look again"


def test_boxes_too_small_for_the_network_are_left_out(tmp_path: Path) -> None:
    rgb, _ = painted_picture((240, 320), [(20, 40, 40, 80), (200, 20, 12, 20)])
    for min_side_px, count in ((0.0, 2), (12.0, 1), (50.0, 0)):
        config = DetectorConfig(coarse_px=160, fine_px=None, min_side_px=min_side_px)
        assert len(_detector(tmp_path, config).find(rgb)[0]) == count, min_side_px


def test_a_threshold_only_cuts(tmp_path: Path) -> None:
    """Whoever is found at some threshold is found, the same, at every lower one."""
    predictor = vitruv.load(write_toy_model(tmp_path, detector={"nms_iou": 0.95}))
    rgb, _ = painted_picture((120, 160), [(10, 20, 40, 80), (100, 10, 30, 60)])
    everybody = predictor(rgb, threshold=0.0)
    assert len(everybody) == 3
    for threshold in (0.0, 0.1, 0.5, 0.6, 0.61, 0.85, 0.95, 1.0):
        found = predictor(rgb, threshold=threshold)
        kept = everybody.scores >= threshold
        assert np.array_equal(found.scores, everybody.scores[kept])
        assert np.array_equal(found.boxes_xyxy, everybody.boxes_xyxy[kept])
