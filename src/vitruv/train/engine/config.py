"""How a run goes, whatever is trained: batches, learning rate, length, precision, and what is written when."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_type_hints

from vitruv.errors import FormatError, InputError
from vitruv.train.engine.files import write_json

CONFIG_FILE = "config.json"

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config", bound="DataclassInstance")


@dataclass(frozen=True)
class DataConfig:
    """Where the samples of the compact regressor come from."""

    pack: Path
    """File from `vitruv synth pack`."""
    trunk: Path
    """JSON of a MoveNet SinglePose release (TensorFlow.js graph model), its binary file beside it."""
    cache: Path
    """Folder for the trunk's features of the crops, some 1.4 MB each; filled as the run goes, used again by later runs."""
    crops: int = 20_000
    """How many different crops there are."""
    held_out: int = 256
    """Crops for evaluation, never trained on."""
    start: Path | None = None
    """Another run of the same network, whose weights this one starts from."""

    def __post_init__(self) -> None:
        if self.held_out < 1 or self.crops < 1:
            raise InputError(f"held_out and crops must be at least 1, but got {self.held_out} and {self.crops}")


@dataclass(frozen=True)
class LoopConfig:
    """Settings of the training loop. Everything that changes what is learnt is in here and is saved beside the checkpoints."""

    hours: float = 3.0
    """Length of the run in hours of training, stops not counted; the learning rate follows the clock."""
    steps: int | None = None
    """Length in optimiser steps instead; then a run that was stopped and resumed learns the same as an unbroken one."""
    batch: int = 64
    """Samples per step."""
    lr: float = 1.5e-3
    """Largest learning rate; warm-up before, then as `schedule` says."""
    schedule: Literal["cosine", "steps"] = "cosine"
    """cosine: down to almost nothing; steps: a tenth at each of `drops`."""
    drops: tuple[float, ...] = (0.77, 0.92)
    """Shares of the run (the published models: 100 and 120 of 130 thousand steps)."""
    optimizer: Literal["adamw", "muon", "sgd"] = "adamw"
    momentum: float = 0.9
    """Of sgd and muon."""
    warmup_steps: int = 300
    weight_decay: float = 0.02
    clip_norm: float = 5.0
    """Gradients are scaled down to this norm."""
    ema_decay: float = 0.999
    """The model that is evaluated and exported is a running mean of the weights with this decay."""
    repeats: int = 1
    """How often every rendered sample is used, each time changed in another way: more when rendering is the bottleneck."""
    group: int = 16
    """Batches that are rendered before they are used, and mixed among each other."""
    seed: int = 0
    """Of the samples, their order and the first weights."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """bf16: mixed precision (autocast). auto: where the device has instructions for it, fp32 elsewhere;
    a run that is resumed on another machine then uses what that one has."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    workers: int = 1
    """Processes that render samples; 0 renders between the steps."""
    threads: int | None = None
    """CPU threads of torch; None leaves torch's own choice."""
    log_steps: int = 20
    """Scalars are written every so many steps (their means since the last time)."""
    checkpoint_minutes: float = 5.0
    evaluate_minutes: float = 15.0

    def __post_init__(self) -> None:
        for name in ("steps", "hours", "batch", "lr", "clip_norm", "repeats", "group", "log_steps"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"{name} must be positive, but got {value}")
        if not 0 <= self.ema_decay < 1:
            raise InputError(f"ema_decay must be in [0, 1), but got {self.ema_decay}")
        if not all(0 < drop < 1 for drop in self.drops) or not 0 <= self.momentum < 1:
            raise InputError(f"drops must be in (0, 1) and momentum in [0, 1), but got {self.drops} and {self.momentum}")
        for name in ("workers", "warmup_steps", "weight_decay", "checkpoint_minutes", "evaluate_minutes"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} must not be negative, but got {getattr(self, name)}")


# What may differ when a run is resumed: where and how fast it runs, how long, and what it writes.
_FREE = {
    "steps",
    "hours",
    "device",
    "workers",
    "threads",
    "checkpoint_minutes",
    "evaluate_minutes",
    "pack",
    "trunk",
    "cache",
    "held_out",
}
_FREE |= {"annotations", "images", "held_out_annotations", "held_out_images", "full"}  # where the same data lie now


def save_or_check_config(folder: Path, kind: str, configs: dict[str, Any]) -> None:
    """Write `config.json` for a new run; for one that is there already, insist on the same settings.

    configs: name -> frozen dataclass ("loop", "task", "data").
    Raises InputError naming the first setting that differs, FormatError when the file cannot be understood.
    """
    path = folder / CONFIG_FILE
    now = json.loads(json.dumps({"kind": kind} | {name: asdict(config) for name, config in configs.items()}, default=str))
    if not path.exists():
        write_json(path, now)
        return
    before = load_config(folder)
    for name, value in _flat(now).items():
        was = _flat(before).get(name, value)
        if was != value and name.split(".")[-1] not in _FREE:
            raise InputError(
                f"{folder} holds a run with {name} = {was!r}, not {value!r}: resume with that, or choose another --output"
            )
    write_json(path, now)


def load_config(folder: Path, name: str = CONFIG_FILE) -> dict[str, Any]:
    """The settings of a run, as nested plain values."""
    path = folder / name
    try:
        config: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{folder} is not a training run: it has no {CONFIG_FILE}") from None
    except (OSError, ValueError) as error:
        raise FormatError(path, f"not the settings of a run ({error})") from None
    if not isinstance(config, dict):
        raise FormatError(path, "not the settings of a run (not a JSON object)")
    return config


def from_plain(kind: type[Config], values: dict[str, Any]) -> Config:
    """A config dataclass from the nested plain values of `load_config`: lists become tuples again."""
    types = get_type_hints(kind)
    if unknown := sorted(set(values) - set(types)):
        raise InputError(f"there is no setting {unknown[0]!r} among those of {kind.__name__}")
    arguments: dict[str, Any] = {}
    for field in fields(kind):
        if field.name in values:
            value = values[field.name]
            if is_dataclass(types[field.name]):
                value = from_plain(types[field.name], value)
            arguments[field.name] = tuple(value) if isinstance(value, list) else value
    return kind(**arguments)


def _flat(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
