"""Muon for the weights of convolutions, AdamW for everything else.

Muon (K. Jordan, 2024, kellerjordan.github.io/posts/muon) steps along the momentum of a weight matrix after making it orthogonal,
so that every direction of the matrix learns at the same rate; on our networks it needs fewer samples than AdamW for the same
loss, see docs/training.md. Steps have the size of AdamW's (Liu et al., "Muon is Scalable for LLM Training", 2025), so both
share a learning rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor

from vitruv.train.engine.precision import fast_bfloat16

# The odd polynomial a x + b x^3 + c x^5 that pulls singular values towards 1 fastest (Jordan, 2024).
_QUINTIC = (3.4445, -4.7750, 2.0315)
_ROUNDS = 5
_SIZE = 0.2  # root mean square of an AdamW step, in learning rates


class MuonAdamW(torch.optim.Optimizer):
    """`matrices`: weights (out, in, ...) that Muon moves. `groups`: parameter groups of AdamW, as torch.optim.AdamW takes them."""

    def __init__(
        self, matrices: Iterable[Tensor], groups: list[dict[str, Any]], *, lr: float, momentum: float, weight_decay: float
    ) -> None:
        matrices = list(matrices)
        muon = {"params": matrices, "weight_decay": weight_decay, "momentum": momentum, "muon": True}
        plain = [{"muon": False, "momentum": 0.0, **group} for group in groups if group["params"]]
        super().__init__([muon, *plain] if matrices else plain, {"lr": lr})
        self._adamw = torch.optim.AdamW(plain, lr=lr, betas=(0.9, 0.99), fused=True) if plain else None
        if self._adamw is not None:
            self._adamw.state = self.state  # one state for both: checkpoints see every parameter

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        if closure is not None:
            raise NotImplementedError("MuonAdamW takes no closure")
        if self._adamw is not None:
            for group in self._adamw.param_groups:
                group["lr"] = self.param_groups[0]["lr"]
            self._adamw.step()
        for group in self.param_groups:
            if group["muon"]:
                for weight in group["params"]:
                    if weight.grad is not None:
                        self._move(weight, group)
        return None

    def _move(self, weight: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        velocity: Tensor = state["momentum_buffer"]
        velocity.lerp_(weight.grad, 1 - group["momentum"])  # type: ignore[arg-type]
        ahead = weight.grad.lerp(velocity, group["momentum"])  # type: ignore[union-attr]
        step = orthogonal(ahead.flatten(1)).view_as(ahead)
        size = _SIZE * max(weight.shape[0], weight[0].numel()) ** 0.5
        weight.mul_(1 - group["lr"] * group["weight_decay"]).add_(step, alpha=-group["lr"] * size)


def orthogonal(matrix: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrix to `matrix` (m, n), roughly: singular values end between 0.7 and 1.2."""
    a, b, c = _QUINTIC
    wide = matrix.shape[0] <= matrix.shape[1]
    x: Tensor = matrix if wide else matrix.T
    if fast_bfloat16(matrix.device):
        x = x.bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(_ROUNDS):
        square = x @ x.T
        x = a * x + torch.addmm(square, square, square, beta=b, alpha=c) @ x
    return (x if wide else x.T).to(matrix.dtype)
