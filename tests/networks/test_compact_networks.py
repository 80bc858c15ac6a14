from __future__ import annotations

import torch

from vitruv.networks import CompactDetector, CompactRegressor
from vitruv.networks.compact_detector import cell_centres, cell_strides


def test_regressor_shapes_and_no_crops() -> None:
    network = CompactRegressor(size_hw=(64, 48), widths=(8, 16, 16, 32), blocks=(0, 1, 1), context=1, fused=(16, 16)).eval()
    for n in (0, 1, 3):
        outputs = network(torch.zeros(n, 3, 64, 48))
        assert outputs.logits.shape == (n, 25, 16, 12)
        assert outputs.uv.shape == (n, 48, 16, 12)
        assert outputs.keypoints.shape == (n, 17, 16, 12)


def test_default_sizes_fit_the_package() -> None:
    """Both graphs together stay under 24 MB with two bytes a weight."""
    weights = sum(
        p.numel() for net in (CompactRegressor(blocks=(0, 2, 4), fused=(128, 80)), CompactDetector()) for p in net.parameters()
    )
    assert 2 * weights < 23e6, f"{weights} weights"


def test_the_context_reaches_from_corner_to_corner() -> None:
    torch.manual_seed(0)
    network = CompactRegressor(size_hw=(192, 128), widths=(8, 8, 8, 32), blocks=(0, 0, 0), context=1, fused=(16, 16)).eval()
    torch.nn.init.normal_(network.context.blocks[0].project.weight)  # a new block does nothing
    x = torch.randn(1, 3, 192, 128, requires_grad=True)
    network(x).logits[0, :, 0, 0].sum().backward()
    assert x.grad is not None and float(x.grad[0, :, -8:, -8:].abs().sum()) > 0


def test_detector_cells() -> None:
    centres, strides = cell_centres((64, 96)), cell_strides((64, 96))
    assert len(centres) == len(strides) == 8 * 12 + 4 * 6 + 2 * 3
    assert centres[:2].tolist() == [[4, 4], [12, 4]], "row by row, x first"
    assert centres[96].tolist() == [8, 8] and centres[-1].tolist() == [80, 48]
    assert strides[[0, 96, -1]].tolist() == [8, 16, 32]


def test_detector_boxes_surround_their_cells() -> None:
    torch.manual_seed(0)
    network = CompactDetector(size_hw=(64, 96), widths=(8, 8, 16, 16, 32), blocks=(0, 0, 1, 1), context=1, fused=16).eval()
    outputs = network(torch.randn(2, 3, 64, 96))
    assert outputs.logits.shape == (2, 126) and outputs.boxes_xyxy.shape == (2, 126, 4)
    centres = cell_centres((64, 96))
    assert (outputs.boxes_xyxy[..., :2] < centres).all() and (outputs.boxes_xyxy[..., 2:] > centres).all()
    assert network(torch.zeros(0, 3, 64, 96)).logits.shape == (0, 126), "no pictures"
