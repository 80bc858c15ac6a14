"""Training runs of the embedded model as an export sees them: what they were, and the mean of their networks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from vitruv.errors import InputError
from vitruv.networks.compact.blocks import Network, fold_normalisation
from vitruv.train import Position, last_position, load_config, load_ema
from vitruv.types import PathLike


@dataclass(frozen=True)
class TrainedRun:
    """One run up to its last checkpoint."""

    folder: Path
    config: dict[str, Any]
    position: Position


def read_runs(runs: PathLike | Sequence[PathLike], kind: str) -> list[TrainedRun]:
    """Raises InputError when there is none, or one is no run of that kind ("regressor", "detector")."""
    folders = [runs] if isinstance(runs, str | os.PathLike) else runs
    if not folders:
        raise InputError(f"at least one run of a {kind} is wanted, but the list is empty")
    return [_read_run(Path(folder), kind) for folder in folders]


def mean_network(runs: Sequence[TrainedRun], build: Callable[[], Network]) -> Network:
    """The mean of the runs' weights (running means of the last checkpoints), normalisation folded in.

    build: makes the network that all of them trained.
    """
    networks = []
    for run in runs:
        network = build()
        load_ema(run.folder, network)
        networks.append(fold_normalisation(network.float().cpu()))
    states = [network.state_dict() for network in networks]
    means = {
        name: torch.stack([state[name].float() for state in states]).mean(0).to(value.dtype) for name, value in states[0].items()
    }
    networks[0].load_state_dict(means)
    return networks[0]


def training_of(runs: Sequence[TrainedRun]) -> dict[str, Any]:
    """What the manifest says of the last run, and under "averaged_with" of the others: enough to tell two models apart and to train
    one again."""
    *earlier, last = [_training(run) for run in runs]
    return last | ({"averaged_with": earlier} if earlier else {})


def _read_run(folder: Path, kind: str) -> TrainedRun:
    config = load_config(folder)
    if config.get("kind") != kind:
        raise InputError(f"{folder} is a run of kind {config.get('kind')!r}, but a {kind} is wanted")
    return TrainedRun(folder, config, last_position(folder))


def _training(run: TrainedRun) -> dict[str, Any]:
    loop, step = run.config["loop"], run.position.step
    return {
        "steps": step,
        "hours": round(run.position.elapsed_s / 3600, 3),
        "samples_seen": step * loop["batch"],
        "crops": min(run.config["data"]["crops"], step * loop["batch"] // loop["repeats"]),
        "config": {"task": run.config["task"], "loop": loop},
    }
