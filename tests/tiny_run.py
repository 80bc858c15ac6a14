"""A run of a few seconds, also as a program of its own that can be killed: python tiny_run.py FOLDER STEPS."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch

from fake_people import FakeCrops
from vitruv.train import LoopConfig, RegressorConfig, RegressorTask, train

CONFIG = RegressorConfig(size_hw=(64, 32), widths=(8, 8, 16, 32), blocks=(0, 1, 1), context=1, fused=(16, 16))


def tiny_task() -> RegressorTask:
    torch.manual_seed(0)
    return RegressorTask(CONFIG, held_out=[FakeCrops(seed=9)(i) for i in range(4)], atlas=None)


def tiny_loop(steps: int | None, **changes: Any) -> LoopConfig:
    few: dict[str, Any] = {"batch": 4, "group": 3, "repeats": 2, "workers": 0, "warmup_steps": 5, "device": "cpu", "threads": 1}
    few |= {"log_steps": 2, "checkpoint_minutes": 0.0}
    return LoopConfig(steps=steps, **few | changes)


if __name__ == "__main__":
    for progress in train(tiny_task(), FakeCrops(), tiny_loop(int(sys.argv[2])), Path(sys.argv[1])):
        print(progress.step, flush=True)
