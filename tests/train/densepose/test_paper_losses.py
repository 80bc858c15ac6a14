"""Every loss of the paper's networks beside a slow, obvious twin: loops over points, plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from vitruv.errors import InputError
from vitruv.train.densepose.point_losses import (
    CAFFE2,
    DETECTRON2,
    PointRule,
    Points,
    coarse_loss,
    point_losses,
    sample_points,
    uv_terms,
)
from vitruv.train.densepose.region_losses import box_losses, mask_loss, proposal_losses, region_keypoint_loss

SIDE = 6


def _maps(regions: int = 2, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    names = ("fine_segm", "u", "v", "sigma_2", "kappa_u", "kappa_v")
    return {name: torch.randn(regions, 25, SIDE, SIDE, generator=generator, dtype=torch.float64) for name in names}


def _points(count: int = 7, seed: int = 1) -> Points:
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, SIDE, (count, 2))
    xy[0] = (0, SIDE - 1e-9)  # a corner: the last cell, not mixed with anything
    chart = rng.integers(1, 25, count)
    chart[1] = 0
    return Points(
        torch.from_numpy(rng.integers(0, 2, count)),
        torch.from_numpy(xy[:, 0]),
        torch.from_numpy(xy[:, 1]),
        torch.from_numpy(chart),
        torch.from_numpy(rng.uniform(0, 1, (count, 2))),
    )


def _none() -> Points:
    whole = torch.zeros(0, dtype=torch.long)
    return Points(whole, torch.zeros(0), torch.zeros(0), whole, torch.zeros(0, 2))


def _slow_value(maps: Tensor, points: Points, i: int, channel: int) -> float:
    """Detectron2's rule, one point: floor, the next cell, and a mix of four."""
    x, y = float(points.x[i]), float(points.y[i])
    x0, y0 = min(max(math.floor(x), 0), SIDE - 1), min(max(math.floor(y), 0), SIDE - 1)
    x1, y1 = min(x0 + 1, SIDE - 1), min(y0 + 1, SIDE - 1)
    wx, wy = min(x, x1) - x0, min(y, y1) - y0
    plane = maps[int(points.region[i]), channel]
    top = float(plane[y0, x0]) * (1 - wx) + float(plane[y0, x1]) * wx
    bottom = float(plane[y1, x0]) * (1 - wx) + float(plane[y1, x1]) * wx
    return top * (1 - wy) + bottom * wy


def _slow_cross(logits: list[float], chart: int) -> float:
    return math.log(sum(math.exp(v) for v in logits)) - logits[chart]


def _smooth(d: float) -> float:
    return 0.5 * d * d if abs(d) < 1 else abs(d) - 0.5


@pytest.mark.parametrize("rule", [CAFFE2, DETECTRON2, PointRule()], ids=lambda rule: rule.reduction)
def test_point_losses(rule: PointRule) -> None:
    maps, points = _maps(), _points()
    crosses, uv = [], 0.0
    for i in range(len(points.x)):
        chart = int(points.chart[i])
        crosses.append(_slow_cross([_slow_value(maps["fine_segm"], points, i, c) for c in range(25)], chart))
        if chart:
            uv += sum(_smooth(_slow_value(maps[name], points, i, chart) - float(points.uv[i, k])) for k, name in enumerate("uv"))
    if rule.reduction == "caffe2":
        for region in range(2):
            padding = 196 - int((points.region == region).sum())
            crosses += [_slow_cross([float(v) for v in maps["fine_segm"][region, :, 0, 0]], 0)] * padding
        assert len(crosses) == 2 * 196
    if rule.reduction == "mean":
        uv /= int((points.chart > 0).sum())
    found = point_losses(maps, points, rule)
    assert float(found["chart"]) == pytest.approx(rule.chart * sum(crosses) / len(crosses), rel=1e-5)
    assert float(found["uv"]) == pytest.approx(rule.uv * uv, rel=1e-5)


@pytest.mark.parametrize("kind", ["iid_iso", "indep_aniso"])
def test_confidence_losses(kind: str) -> None:
    """Gaussians of covariance s I (WC1) and s I + r r^T (WC2); the published formulas have one log 2 pi of two."""
    maps, points = _maps(seed=3), _points(seed=4)
    body = Points(*(values[points.chart > 0] for values in points))
    slow = 0.0
    for i in range(len(body.x)):
        chart = int(body.chart[i])
        u, v, raw, ku, kv = (_slow_value(maps[name], body, i, chart) for name in ("u", "v", "sigma_2", "kappa_u", "kappa_v"))
        d = np.array([u - float(body.uv[i, 0]), v - float(body.uv[i, 1])])
        s = math.log1p(math.exp(raw)) + 0.01
        if kind == "iid_iso":
            slow += 0.5 * (math.log(2 * math.pi) + 2 * math.log(s) + d @ d / s)
        else:
            r = np.array([ku, kv])
            covariance = s * np.eye(2) + np.outer(r, r)
            slow += 0.5 * (math.log(2 * math.pi) + math.log(np.linalg.det(covariance)) + d @ np.linalg.inv(covariance) @ d)
    assert float(uv_terms(maps, body, kind)) == pytest.approx(slow, rel=1e-5)  # type: ignore[arg-type]


def test_no_points_is_no_loss_but_a_graph() -> None:
    maps = {name: values.requires_grad_() for name, values in _maps().items()}
    for rule in (DETECTRON2, PointRule()):
        total = torch.stack(list(point_losses(maps, _none(), rule).values())).sum()
        assert total.item() == 0
        total.backward()
    assert float(maps["fine_segm"].grad.abs().sum()) == 0  # type: ignore[union-attr]
    without = point_losses({name: values[:0] for name, values in _maps().items()}, _none(), PointRule())
    assert all(float(value) == 0 for value in without.values()), "no regions at all"


def test_gradients_of_point_losses_by_finite_differences() -> None:
    points = _points(5)
    body = Points(*(values[points.chart > 0] for values in points))
    maps = {name: values[:, :, :3, :3].clone().requires_grad_() for name, values in _maps(seed=5).items()}
    small = body._replace(x=body.x / 2, y=body.y / 2)

    def exact(name: str, step: float = 1e-3) -> None:
        def total() -> Tensor:
            return point_losses(maps, small, PointRule(), "indep_aniso")["uv"] + point_losses(maps, small, PointRule())["chart"]

        (gradient,) = torch.autograd.grad(total(), maps[name])
        flat = maps[name].detach().view(-1)
        for k in gradient.abs().flatten().topk(4).indices.tolist():
            was = float(flat[k])
            values = []
            for side in (step, -step):
                flat[k] = was + side
                values.append(total().item())
            flat[k] = was
            assert (values[0] - values[1]) / (2 * step) == pytest.approx(float(gradient.flatten()[k]), rel=2e-2, abs=1e-3), name

    for name in maps:
        exact(name)


def test_sampling_reads_one_channel_or_all() -> None:
    maps, points = _maps(), _points()
    every = sample_points(maps["u"], points)
    one = sample_points(maps["u"], points, channel=points.chart)
    torch.testing.assert_close(one, every.gather(1, points.chart[:, None])[:, 0])


@pytest.mark.parametrize("channels", [2, 15])
def test_coarse_loss(channels: int) -> None:
    logits = torch.randn(2, channels, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    parts = torch.randint(0, 15, (2, 3, 3), generator=torch.Generator().manual_seed(1))
    slow = [
        _slow_cross([float(v) for v in logits[r, :, y, x]], int(parts[r, y, x]) if channels == 15 else int(parts[r, y, x] > 0))
        for r in range(2)
        for y in range(3)
        for x in range(3)
    ]
    assert float(coarse_loss(logits, parts, 5.0)) == pytest.approx(5 * np.mean(slow), rel=1e-5)
    assert float(coarse_loss(logits[:0], parts[:0], 5.0)) == 0


def test_proposal_losses() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, deltas, targets = torch.randn(2, 5, generator=generator), torch.randn(2, 5, 4), torch.randn(2, 5, 4)
    labels = torch.tensor([[1, 0, -1, 0, 1], [0, 0, 0, -1, -1]], dtype=torch.int8)
    objectness = moves = 0.0
    for i in range(2):
        for a in range(5):
            p = 1 / (1 + math.exp(-float(logits[i, a])))
            if labels[i, a] == 1:
                objectness -= math.log(p)
                moves += float((deltas[i, a] - targets[i, a]).abs().sum())
            elif labels[i, a] == 0:
                objectness -= math.log(1 - p)
    found = proposal_losses(logits, deltas, labels, targets, per_image=4)
    assert float(found["objectness"]) == pytest.approx(objectness / 8, rel=1e-5), "by the number asked for, not the number found"
    assert float(found["proposals"]) == pytest.approx(moves / 8, rel=1e-5)


def test_box_losses() -> None:
    logits, deltas, targets = torch.randn(4, 2), torch.randn(4, 4), torch.randn(4, 4)
    labels = torch.tensor([0, 1, 1, 0])
    cross = np.mean([_slow_cross([float(v) for v in logits[k]], int(labels[k])) for k in range(4)])
    moves = sum(float((deltas[k] - targets[k]).abs().sum()) for k in (0, 3)) / 4
    found = box_losses(logits, deltas, labels, targets)
    assert float(found["person"]) == pytest.approx(cross, rel=1e-5)
    assert float(found["box"]) == pytest.approx(moves, rel=1e-5)
    nobody = box_losses(logits[:0], deltas[:0], labels[:0], targets[:0])
    assert all(float(value) == 0 for value in nobody.values())


def test_mask_loss() -> None:
    logits = torch.randn(2, 1, 3, 3)
    inside = torch.rand(2, 3, 3) > 0.5
    slow = [
        -math.log(1 / (1 + math.exp(-float(logits[r, 0, y, x]) * (1 if inside[r, y, x] else -1))))
        for r in range(2)
        for y in range(3)
        for x in range(3)
    ]
    assert float(mask_loss(logits, inside)) == pytest.approx(np.mean(slow), rel=1e-5)
    assert float(mask_loss(logits[:0], inside[:0])) == 0


def test_region_keypoint_loss() -> None:
    logits = torch.randn(1, 17, 4, 4)
    xy, there = torch.full((1, 17, 2), -1.0), torch.zeros(1, 17, dtype=torch.bool)
    wanted = {0: ((0.0, 0.0), 0), 3: ((1.9, 2.1), 9), 8: ((4.0, 4.0), 15), 9: ((4.1, 1.0), None), 10: ((1.0, 1.0), None)}
    for joint, (place, _) in wanted.items():
        xy[0, joint], there[0, joint] = torch.tensor(place), joint != 10
    slow = [_slow_cross([float(v) for v in logits[0, j].flatten()], cell) for j, (_, cell) in wanted.items() if cell is not None]
    assert float(region_keypoint_loss(logits, xy, there)) == pytest.approx(np.mean(slow), rel=1e-5), (
        "edges in, outside and hidden out"
    )
    assert float(region_keypoint_loss(logits, xy, torch.zeros_like(there))) == 0


def test_weights_are_checked() -> None:
    with pytest.raises(InputError, match="uv must not be negative, but got -1"):
        PointRule(uv=-1)
