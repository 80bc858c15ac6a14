"""Networks of the paper that have no published code: shapes, wiring beside a slow twin, gradients."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vitruv.networks.cascade import CrossCascade
from vitruv.networks.fcn import FCN
from vitruv.networks.multitask import MultiTaskRCNN
from vitruv.networks.resnet import FrozenBatchNorm
from vitruv.networks.roi_align import roi_align
from vitruv.rcnn_config import RCNNArchitecture

SIZES = RCNNArchitecture(
    blocks=(1, 1, 1, 1),
    stem_channels=8,
    res2_mid=8,
    res2_out=16,
    fpn_channels=16,
    box_fc=16,
    decoder_channels=None,
    head_channels=16,
    head_layers=2,
    coarse_channels=15,
)


@pytest.mark.parametrize("cascade", [False, True])
@pytest.mark.parametrize("others", [(), ("mask",), ("keypoints",), ("mask", "keypoints")])
def test_stages_and_their_maps(others: tuple[str, ...], cascade: bool) -> None:
    network = MultiTaskRCNN(SIZES, others=others, cascade=cascade)  # type: ignore[arg-type]
    for count in (0, 2):
        stages = network.regions(torch.randn(count, 16, 14, 14))
        assert len(stages) == (2 if cascade else 1)
        for maps in stages:
            assert {name: tuple(x.shape) for name, x in maps.items()} == {
                "coarse_segm": (count, 15, 56, 56),
                "fine_segm": (count, 25, 56, 56),
                "u": (count, 25, 56, 56),
                "v": (count, 25, 56, 56),
                **({"mask": (count, 1, 28, 28)} if "mask" in others else {}),
                **({"keypoints": (count, 17, 56, 56)} if "keypoints" in others else {}),
            }


def test_cross_cascade_as_in_figure_8() -> None:
    """Pixel by pixel and task by task: refine_s(sum over t of (W_t h_t + V_t o_t))."""
    cascade = CrossCascade({"dense": (3, 75), "mask": (3, 1)}, 4)
    features = {"dense": torch.randn(1, 3, 2, 2), "mask": torch.randn(1, 3, 2, 2)}
    outputs = {"dense": torch.randn(1, 75, 8, 8), "mask": torch.randn(1, 1, 4, 4)}
    found = cascade(features, outputs)
    for y in range(2):
        for x in range(2):
            joined = torch.zeros(4)
            for task, per_cell in (("dense", 4), ("mask", 2)):
                cells = outputs[task][0, :, y * per_cell : (y + 1) * per_cell, x * per_cell : (x + 1) * per_cell].mean((1, 2))
                for layer, value in ((cascade.of_features[task], features[task][0, :, y, x]), (cascade.of_outputs[task], cells)):
                    joined = joined + layer.weight[:, :, 0, 0] @ value + layer.bias
            for task in ("dense", "mask"):
                layer = cascade.refine[task]
                wanted = layer.weight[:, :, 0, 0] @ joined + layer.bias
                torch.testing.assert_close(found[task][0, :, y, x], wanted, rtol=1e-4, atol=1e-4)


def test_both_tasks_feel_both_losses() -> None:
    network = MultiTaskRCNN(SIZES, others=("mask",), cascade=True)
    network.regions(torch.randn(1, 16, 14, 14))[-1]["mask"].sum().backward()
    gradient = network.roi_heads.densepose_predictor.u_lowres.weight.grad
    assert gradient is not None and float(gradient.abs().sum()) > 0, "the refined mask sees the first-stage U"


def test_names_of_the_published_model_stay() -> None:
    network = MultiTaskRCNN(SIZES, others=("mask", "keypoints"), cascade=True, from_scratch=False)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    for name, shape in SIZES.parameter_shapes().items():
        assert shapes[name] == shape, name


def test_group_norm_takes_the_place_of_frozen_statistics() -> None:
    network = FCN(blocks=(1, 1, 1, 1), stem_channels=8, res2_mid=8, res2_out=16, fpn_channels=16, head_channels=16, head_layers=1)
    kinds = {type(module) for module in network.modules()}
    assert nn.GroupNorm in kinds and FrozenBatchNorm not in kinds
    output = network(torch.randn(2, 3, 64, 96))
    assert [tuple(x.shape) for x in output] == [(2, 25, 16, 24)] * 3


@pytest.mark.parametrize("aligned", [False, True])
def test_gradient_of_roi_align_by_finite_differences(aligned: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, 2, 5, 6, dtype=torch.float64, generator=generator).requires_grad_()
    boxes = torch.tensor([[0.0, 0, 20, 16], [5, 3, 9, 12], [-4, 2, 30, 25]], dtype=torch.float64)
    picture = torch.tensor([0, 1, 1])
    assert torch.autograd.gradcheck(
        lambda x: roi_align(x, boxes, picture, size=3, scale=0.25, aligned=aligned), (features,), eps=1e-6, atol=1e-6
    )
