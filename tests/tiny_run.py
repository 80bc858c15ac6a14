"""A run of a few seconds, also as a program of its own that can be killed: python tiny_run.py FOLDER STEPS."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch

from fake_people import FEATURE_CHANNELS, FakeCrops, FakeFeatures
from vitruv.train import LoopConfig, RegressorConfig, RegressorTask, train

CONFIG = RegressorConfig(size_hw=(64, 64), channels=(16, 8, 8), blocks=(1, 0, 0))


def tiny_task() -> RegressorTask:
    torch.manual_seed(0)
    held_out = FakeFeatures(FakeCrops(seed=9))
    return RegressorTask(CONFIG, inputs=FEATURE_CHANNELS, held_out=[held_out(i) for i in range(4)], atlas=None)


def tiny_loop(steps: int | None, **changes: Any) -> LoopConfig:
    few: dict[str, Any] = {"batch": 4, "group": 3, "repeats": 2, "workers": 0, "warmup_steps": 5, "device": "cpu", "threads": 1}
    few |= {"log_steps": 2, "checkpoint_minutes": 0.0}
    return LoopConfig(steps=steps, **few | changes)


if __name__ == "__main__":
    for progress in train(tiny_task(), FakeFeatures(), tiny_loop(int(sys.argv[2])), Path(sys.argv[1])):
        print(progress.step, flush=True)
