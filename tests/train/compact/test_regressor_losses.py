from __future__ import annotations

import math

import torch
from torch.nn import functional

from vitruv.train.compact.regressor_losses import label_loss, sample_true_chart, uv_loss


def _case(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    uv = torch.randn(2, 48, 3, 4, generator=generator)
    labels = torch.randint(0, 25, (2, 6, 8), generator=generator).to(torch.uint8)
    return uv, labels, torch.rand(2, 2, 6, 8, generator=generator)


def test_sampling_is_bilinear_doubling_then_choosing() -> None:
    uv, labels, _ = _case()
    inside = labels.reshape(-1).nonzero()[:, 0]
    doubled = functional.interpolate(uv, scale_factor=2.0, mode="bilinear")
    rows = []
    for image, y, x in labels.nonzero().tolist():
        chart = int(labels[image, y, x])
        rows.append([doubled[image, chart - 1, y, x], doubled[image, 24 + chart - 1, y, x]])
    assert torch.allclose(sample_true_chart(uv, labels, inside), torch.tensor(rows), atol=1e-6)


def test_uv_loss_is_smooth_l1_on_the_true_chart() -> None:
    uv, labels, target = _case(1)
    doubled = functional.interpolate(uv, scale_factor=2.0, mode="bilinear")
    beta, terms = 0.1, []
    for image, y, x in labels.nonzero().tolist():
        chart = int(labels[image, y, x])
        total = 0.0
        for axis in (0, 1):
            error = abs(float(doubled[image, 24 * axis + chart - 1, y, x] - target[image, axis, y, x]))
            total += 0.5 * error**2 / beta if error < beta else error - 0.5 * beta
        terms.append(total)
    assert math.isclose(float(uv_loss(uv, labels, target, beta=beta)), sum(terms) / len(terms), rel_tol=1e-5)


def test_uv_loss_touches_only_the_true_chart_and_is_zero_without_people() -> None:
    uv, labels, target = _case()
    uv.requires_grad_()
    uv_loss(uv, torch.full_like(labels, 7), target, beta=0.1).backward()
    assert uv.grad is not None
    touched = uv.grad.abs().sum((0, 2, 3)).nonzero()[:, 0].tolist()
    assert touched == [6, 30], "U and V of chart 7 alone"
    nobody = uv_loss(uv, torch.zeros_like(labels), target, beta=0.1)
    nobody.backward()
    assert nobody.item() == 0.0


def test_uv_gradient_by_finite_differences() -> None:
    uv, labels, target = _case(2)
    uv = uv.double()
    inside = labels.reshape(-1).nonzero()[:, 0]

    def loss(x: torch.Tensor) -> torch.Tensor:
        return ((sample_true_chart(x, labels, inside) - 0.3) ** 2).sum()

    x = uv.float().requires_grad_()
    loss(x).backward()
    assert x.grad is not None
    for index in ((0, 3, 1, 2), (1, 30, 0, 0), (0, 47, 2, 3)):
        step = torch.zeros_like(x)
        step[index] = 1e-2
        slope = float((loss(x.detach() + step) - loss(x.detach() - step)) / 2e-2)
        assert math.isclose(slope, float(x.grad[index]), rel_tol=2e-2, abs_tol=2e-3), f"gradient at {index}"
    assert target.shape == (2, 2, 6, 8)


def test_label_loss_is_weighted_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(1, 25, 2, 3, generator=generator)
    labels = torch.randint(0, 25, (1, 4, 6), generator=generator).to(torch.uint8)
    weights = torch.rand(25, generator=generator) + 0.5
    doubled = functional.interpolate(logits, scale_factor=2.0, mode="bilinear")
    above = below = 0.0
    for _, y, x in labels.nonzero(as_tuple=False).tolist() + (labels == 0).nonzero().tolist():
        label = int(labels[0, y, x])
        weight = float(weights[label])
        above -= weight * float(torch.log_softmax(doubled[0, :, y, x], 0)[label])
        below += weight
    assert math.isclose(float(label_loss(logits, labels, class_weights=weights)), above / below, rel_tol=1e-5)
