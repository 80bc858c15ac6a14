"""Checkpoints: everything a run needs to go on as if it had never stopped.

`step_000120.safetensors` holds tensors named `model.*`, `ema.*` and `optimizer.*`; `step_000120.json`, written last, says that
they are complete, and how long the run has taken. The last two pairs are kept.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from vitruv.errors import FormatError, InputError
from vitruv.files import replacing_path
from vitruv.train.engine.files import write_json

KEPT = 2


@dataclass(frozen=True)
class Position:
    """Where a run is. step: optimiser steps done. elapsed_s: seconds of training so far, stops not counted."""

    step: int = 0
    elapsed_s: float = 0.0


def save_checkpoint(
    folder: Path, position: Position, *, network: nn.Module, ema: nn.Module, optimizer: torch.optim.Optimizer
) -> Path:
    """Write a checkpoint and remove all but the last `KEPT`; returns the path of its tensors."""
    tensors = {f"model.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"ema.{name}": value for name, value in ema.state_dict().items()}
    for name, parameter in network.named_parameters():
        # A parameter that never had a gradient (frozen, or of a branch without targets yet) has no state, or an empty momentum.
        state = optimizer.state.get(parameter, {})
        tensors |= {f"optimizer.{name}.{key}": value for key, value in state.items() if value is not None}
    path = folder / f"step_{position.step:07d}.safetensors"
    whole = {name: value.detach().to("cpu", memory_format=torch.contiguous_format, copy=True) for name, value in tensors.items()}
    with replacing_path(path) as temporary:
        save_file(whole, temporary)
    write_json(path.with_suffix(".json"), asdict(position))
    for old in checkpoints(folder)[:-KEPT]:
        old.with_suffix(".json").unlink()
        old.unlink()
    return path


def checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints of a run (their .safetensors), oldest first."""
    return sorted(path for path in folder.glob("step_*.safetensors") if path.with_suffix(".json").exists())


def load_checkpoint(folder: Path, *, network: nn.Module, ema: nn.Module, optimizer: torch.optim.Optimizer) -> Position:
    """Put the run's last checkpoint into the modules and the optimiser; `Position()` when there is none.

    Raises FormatError when it does not fit the network.
    """
    if not checkpoints(folder):
        return Position()
    last = last_checkpoint(folder)
    tensors = _read(last)
    load_weights(network, tensors, "model.", last)
    load_weights(ema, tensors, "ema.", last)
    for name, parameter in network.named_parameters():
        prefix = f"optimizer.{name}."
        state = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        # Moments take the layout (channels last) and the device of their parameter; the step count stays a scalar.
        if state:
            optimizer.state[parameter] = {
                key: value.to(parameter.device) if value.ndim == 0 else torch.empty_like(parameter).copy_(value)
                for key, value in state.items()
            }
    return last_position(folder)


def load_weights(network: nn.Module, tensors: dict[str, Tensor], prefix: str, path: Path) -> None:
    """Fill `network` with those tensors of the file `path` whose names start with `prefix`."""
    try:
        network.load_state_dict({name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)})
    except RuntimeError as error:
        raise FormatError(path, f"does not fit this network ({str(error).splitlines()[-1].strip()})") from None


def load_ema(folder: Path, network: nn.Module) -> Position:
    """Fill `network` with the running mean of the weights of the run's last checkpoint: the model to evaluate and export."""
    last = last_checkpoint(folder)
    load_weights(network, _read(last), "ema.", last)
    return last_position(folder)


def last_checkpoint(folder: Path) -> Path:
    """The tensors of the run's last complete checkpoint. Raises InputError when there is none."""
    found = checkpoints(folder)
    if not found:
        raise InputError(f"{folder} has no complete checkpoint yet")
    return found[-1]


def last_position(folder: Path) -> Position:
    """Where the run's last complete checkpoint stands."""
    return Position(**json.loads(last_checkpoint(folder).with_suffix(".json").read_text()))


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise FormatError(path, f"not a readable checkpoint ({error})") from None
