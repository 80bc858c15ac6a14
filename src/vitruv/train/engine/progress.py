"""What a training run reports while it runs."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import torch


@dataclass(frozen=True)
class Progress:
    """One report of the loop; also one line of `scalars.jsonl`.

    step: optimiser steps done. elapsed_s: seconds of training. share: part of the run that is done, 0..1.
    means: terms of the loss and the norm of the gradients, averaged since the last report.
    samples_per_s: rate since the last report. waiting: share of that time spent waiting for samples.
    memory_mb: largest use so far (of the GPU where there is one), or None.
    evaluation: figures on the held-out set, when it was run.
    """

    step: int
    elapsed_s: float
    share: float
    lr: float
    means: dict[str, float]
    samples_per_s: float
    waiting: float
    memory_mb: float | None
    evaluation: dict[str, float] = field(default_factory=dict)

    @property
    def left_s(self) -> float:
        """Seconds to go, at the pace of the whole run so far."""
        return max(self.elapsed_s * (1 / self.share - 1), 0.0) if self.share > 0 else float("inf")

    def line(self) -> str:
        """The report as one line of text."""
        terms = "  ".join(f"{name} {value:.3f}" for name, value in self.means.items())
        memory = "" if self.memory_mb is None else f"{self.memory_mb:.0f} MB  "
        text = (
            f"step {self.step}  {terms}  lr {self.lr:.1e}  {self.samples_per_s:.0f}/s ({self.waiting:.0%} waiting)  "
            f"{memory}{clock(self.elapsed_s)} + {clock(self.left_s)}"
        )
        if self.evaluation:
            text += "\n  held out: " + "  ".join(f"{name} {value:.4f}" for name, value in self.evaluation.items())
        return text


def clock(seconds: float) -> str:
    """h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def memory_mb(device: torch.device) -> float | None:
    """Largest memory use so far: of the GPU, or of this process; None where the system does not say (Windows)."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    try:
        import resource  # Unix only
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
