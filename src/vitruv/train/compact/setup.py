"""From settings to a task and a stream of samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from vitruv.errors import InputError
from vitruv.networks import normalise
from vitruv.surface import Atlas
from vitruv.synth import CropConfig, CropSampler, Sampler, SceneSampler, SynthPack
from vitruv.train.compact.compact_start import start_from_run
from vitruv.train.compact.detector import DetectorConfig, DetectorTask
from vitruv.train.compact.model_start import MODEL_FILE, start_from_model
from vitruv.train.compact.regressor import RegressorConfig, RegressorTask
from vitruv.train.engine.config import DataConfig
from vitruv.train.engine.task import Task

HELD_OUT_SEED = 761_204
"""Samples of this seed are for evaluation; every run is scored on the same ones."""

_MEASURED_ON = 64  # samples that statistics are measured on where a run starts from an exported model


def open_training(config: RegressorConfig | DetectorConfig, data: DataConfig, *, seed: int) -> tuple[Task, Sampler[Any]]:
    """The task of a configuration with its held-out set, and the sampler to train on."""
    if seed == HELD_OUT_SEED:
        raise InputError(f"seed {seed} is that of the held-out samples; choose another")
    parts = SynthPack.load(data.pack)
    torch.manual_seed(seed)
    if isinstance(config, RegressorConfig):
        crops = CropSampler(parts, size_hw=config.size_hw, seed=HELD_OUT_SEED)
        task = RegressorTask(config, held_out=[crops(i) for i in range(data.held_out)], atlas=Atlas.load())
        drawn = CropConfig(size_hw=config.size_hw, lying=config.lying, quarter_turns=config.quarter_turns)
        return task, CropSampler(parts, seed=seed, config=drawn)
    scenes = SceneSampler(parts, size_hw=config.size_hw, seed=HELD_OUT_SEED)
    return (
        DetectorTask(config, held_out=[scenes(i) for i in range(data.held_out)]),
        SceneSampler(parts, size_hw=config.size_hw, seed=seed),
    )


def start_compact(task: Task, sampler: Sampler[Any], source: Path, kind: str) -> None:
    """Give the network of a task the weights of another run, or of a folder with an exported model ("regressor" or "detector")."""
    if not (source / MODEL_FILE).is_file():
        start_from_run(task.network, source)
        return
    images = task.collate([sampler(i) for i in range(_MEASURED_ON)])["image"]
    start_from_model(task.network, source, kind, normalise(images))
