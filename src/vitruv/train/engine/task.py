"""What the loop needs to know of the thing it trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from vitruv.train.engine.feed import Batch
from vitruv.types import UInt8Array


class Task(Protocol):
    """A network, what goes in, and what its outputs cost. Batches are dictionaries of tensors whose first axis is the sample."""

    @property
    def network(self) -> nn.Module:
        """The network to train, with its first weights."""

    @property
    def has_idle_branches(self) -> bool:
        """Whether a step may leave parameters without a gradient, because nobody in its batch has a target for their branch."""

    def collate(self, samples: Sequence[Any]) -> Batch:
        """Samples as they come from the sampler -> a batch on the CPU, small (uint8 where possible)."""

    def augment(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Change a batch at random on its device; all chance comes from `generator`."""

    def forward(self, network: nn.Module, batch: Batch) -> Any:
        """Run the network; the loop has set its mode and precision."""

    def losses(self, outputs: Any, batch: Batch) -> dict[str, Tensor]:
        """Weighted terms of the loss; their sum is minimised."""

    def evaluate(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        """Figures on a fixed held-out set."""

    def picture(self, network: nn.Module, device: torch.device) -> UInt8Array:
        """(h, w, 3) uint8: a sheet of held-out samples with truth and prediction."""
