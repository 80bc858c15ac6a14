"""From settings to a task and a stream of samples."""

from __future__ import annotations

from typing import Any

import torch

from vitruv.errors import InputError
from vitruv.surface import Atlas
from vitruv.synth import CropSampler, Sampler, SceneSampler, SynthPack
from vitruv.train.config import DataConfig
from vitruv.train.detector import DetectorConfig, DetectorTask
from vitruv.train.regressor import RegressorConfig, RegressorTask
from vitruv.train.task import Task

HELD_OUT_SEED = 761_204
"""Samples of this seed are for evaluation; every run is scored on the same ones."""


def open_training(config: RegressorConfig | DetectorConfig, data: DataConfig, *, seed: int) -> tuple[Task, Sampler[Any]]:
    """The task of a configuration with its held-out set, and the sampler to train on."""
    if seed == HELD_OUT_SEED:
        raise InputError(f"seed {seed} is that of the held-out samples; choose another")
    parts = SynthPack.load(data.pack)
    torch.manual_seed(seed)
    if isinstance(config, RegressorConfig):
        crops = CropSampler(parts, size_hw=config.size_hw, seed=HELD_OUT_SEED)
        task = RegressorTask(config, held_out=[crops(i) for i in range(data.held_out)], atlas=Atlas.load())
        return task, CropSampler(parts, size_hw=config.size_hw, seed=seed)
    scenes = SceneSampler(parts, size_hw=config.size_hw, seed=HELD_OUT_SEED)
    return (
        DetectorTask(config, held_out=[scenes(i) for i in range(data.held_out)]),
        SceneSampler(parts, size_hw=config.size_hw, seed=seed),
    )
