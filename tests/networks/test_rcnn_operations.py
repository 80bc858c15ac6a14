"""Single operations of a DensePose-RCNN against Detectron2's numbers, and against slow obvious twins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vitruv.geometry import nms
from vitruv.geometry.proposals import (
    DETECTION_WEIGHTS,
    PROPOSAL_WEIGHTS,
    best,
    decode_deltas,
    encode_deltas,
    propose,
    pyramid_anchors,
    pyramid_level,
    select_detections,
    suppress_per_group,
)
from vitruv.networks.roi_align import roi_align
from vitruv.runtime.rcnn.input import network_input, resize, resized_size
from vitruv.runtime.rcnn.pool import pool

OPS = dict(np.load(Path(__file__).parents[1] / "data" / "rcnn_ops.npz"))


@pytest.mark.parametrize(
    ("name", "size", "options"),
    [
        ("ra_out_7", 7, {}),
        ("ra_out_28", 28, {}),
        ("ra_out_7_adaptive", 7, {"sampling": 0}),
        ("ra_out_7_aligned", 7, {"aligned": True}),
    ],
)
def test_roi_align(name: str, size: int, options: dict[str, int]) -> None:
    expected = OPS[name]
    boxes = torch.from_numpy(OPS["ra_boxes"][: len(expected)])
    pooled = roi_align(torch.from_numpy(OPS["ra_feat"]), boxes, size=size, scale=1 / 4, **options)
    np.testing.assert_allclose(pooled.numpy(), expected, atol=2e-5)


@pytest.mark.parametrize(("name", "size"), [("ra_out_7", 7), ("ra_out_28", 28)])
def test_pool_of_the_runtime(name: str, size: int) -> None:
    expected = OPS[name]
    maps = {2: np.ascontiguousarray(OPS["ra_feat"][0].transpose(1, 2, 0))}
    pooled = pool(maps, OPS["ra_boxes"][: len(expected)], np.full(len(expected), 2), size=size)
    np.testing.assert_allclose(pooled.transpose(0, 3, 1, 2), expected, atol=2e-5)


def test_roi_align_of_no_box_and_of_several_pictures() -> None:
    features = torch.arange(2 * 3 * 8 * 8, dtype=torch.float32).view(2, 3, 8, 8)
    assert roi_align(features, torch.zeros(0, 4), size=7, scale=1).shape == (0, 3, 7, 7)
    box = torch.tensor([[1.0, 2.0, 6.0, 7.0]])
    both = roi_align(features, box.repeat(2, 1), torch.tensor([0, 1]), size=3, scale=1)
    for picture in (0, 1):
        alone = roi_align(features[picture : picture + 1], box, size=3, scale=1)
        torch.testing.assert_close(both[picture], alone[0])


def test_roi_align_passes_gradients() -> None:
    features = torch.randn(1, 2, 6, 6, dtype=torch.float64, requires_grad=True)
    boxes = torch.tensor([[0.3, 0.7, 4.1, 5.2], [2.0, 2.0, 2.1, 2.1]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: roi_align(x, boxes, size=2, scale=1), features)


@pytest.mark.parametrize(("name", "weights"), [("dl_out_w1", PROPOSAL_WEIGHTS), ("dl_out_w10", DETECTION_WEIGHTS)])
def test_box_deltas(name: str, weights: tuple[float, ...]) -> None:
    decoded = decode_deltas(OPS["dl_boxes"], OPS["dl_deltas"], weights)
    np.testing.assert_allclose(decoded, OPS[name], rtol=1e-5, atol=1e-3)


def test_encoding_is_the_inverse_of_decoding() -> None:
    boxes = np.array([[0, 0, 10, 20], [5, 5, 6, 9]], np.float32)
    targets = np.array([[1, 2, 14, 18], [4, 5, 8, 8]], np.float32)
    deltas = encode_deltas(boxes, targets, DETECTION_WEIGHTS)
    np.testing.assert_allclose(decode_deltas(boxes, deltas, DETECTION_WEIGHTS), targets, atol=1e-5)


def test_pyramid_levels_and_anchors() -> None:
    np.testing.assert_array_equal(pyramid_level(OPS["lv_boxes"]), OPS["lv_level"])
    anchors = pyramid_anchors([(12, 10), (6, 5), (3, 3), (2, 2), (1, 1)])
    for level, found in zip(range(2, 7), anchors, strict=True):
        assert found.shape == OPS[f"anchors_p{level}"].shape
        # These numbers were made with anchors in the middle of cells; DensePose's models have them at the corners.
        np.testing.assert_allclose(found + 2**level / 2, OPS[f"anchors_p{level}"], atol=1e-3)


@pytest.mark.parametrize(("digit", "threshold"), [(3, 0.3), (5, 0.5), (7, 0.7)])
def test_suppression(digit: int, threshold: float) -> None:
    boxes, scores, groups = OPS["nms_boxes"], OPS["nms_scores"], OPS["nms_idx"]
    np.testing.assert_array_equal(nms(boxes, scores, threshold), OPS[f"nms_keep_{digit}"])
    kept = suppress_per_group(boxes, scores, groups, threshold=threshold, limit=1000)
    np.testing.assert_array_equal(kept, OPS[f"bnms_keep_{digit}"])


def test_an_overlap_of_exactly_the_threshold_is_kept() -> None:
    np.testing.assert_array_equal(nms(OPS["nms_exact_boxes"], OPS["nms_exact_scores"], 0.5), OPS["nms_exact_keep_5"])


def test_best_is_a_stable_sort() -> None:
    values = np.random.default_rng(0).integers(0, 9, 200).astype(np.float32)
    for count in (0, 1, 57, 200, 300):
        if count:
            np.testing.assert_array_equal(best(values, count), np.argsort(-values, kind="stable")[:count])


def test_resizing_follows_the_official_rule() -> None:
    for h, w, low, high, *expected in OPS["resize_shapes"].tolist():
        assert resized_size((h, w), min_size=low, max_size=high) == tuple(expected), f"{h}x{w} to {low}..{high}"
    for name in ("pil_down", "pil_up", "pil_mix"):
        np.testing.assert_array_equal(resize(OPS["pil_in"], OPS[name].shape[:2]), OPS[name])


def test_network_input_is_bgr_and_padded_with_zeros_after_the_means() -> None:
    rgb = np.full((33, 40, 3), (200, 100, 50), np.uint8)
    padded = network_input(rgb)
    assert padded.shape == (1, 3, 64, 64)
    np.testing.assert_allclose(padded[0, :, 0, 0], [50 - 103.53, 100 - 116.28, 200 - 123.675], rtol=1e-5)
    assert not padded[:, :, 33:].any() and not padded[:, :, :, 40:].any()


def test_no_proposal_and_no_detection() -> None:
    broken = np.full((1, 2, 2), np.nan, np.float32)
    boxes, logits = propose([broken], [np.zeros((4, 2, 2), np.float32)], [np.zeros((4, 4), np.float32)], (8, 8))
    assert boxes.shape == (0, 4) and logits.shape == (0,)
    found, scores, classes = select_detections(
        np.zeros((0, 4), np.float32), np.zeros((0, 2), np.float32), np.zeros((0, 4), np.float32), (8, 8)
    )
    assert found.shape == (0, 4) and scores.shape == classes.shape == (0,)
