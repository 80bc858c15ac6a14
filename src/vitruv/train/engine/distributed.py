"""Several processes that train one network: who they are, and sums over all of them.

Started by `torchrun --nproc-per-node N -m -- vitruv train ...`; without it there is one process and everything here does nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor
from torch import distributed as dist

from vitruv.errors import InputError

_PATIENCE = timedelta(hours=3)  # the others wait while the first process evaluates


@dataclass(frozen=True)
class Team:
    """rank: number of this process, 0 leads (writes and evaluates). size: how many there are. local: number on this machine."""

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def leads(self) -> bool:
        return self.rank == 0


def join_team() -> Team:
    """The team that torchrun's variables tell of; the process group is opened when there is more than one process.

    NCCL where there are GPUs, else gloo.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Team()
    team = Team(int(os.environ["RANK"]), size, int(os.environ.get("LOCAL_RANK", "0")))
    if not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=_PATIENCE)
    return team


def leave_team() -> None:
    """Close the process group, if there is one."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def team_now() -> Team:
    """The team of the open process group; alone without one."""
    return Team(dist.get_rank(), dist.get_world_size()) if dist.is_available() and dist.is_initialized() else Team()


def mean_over_team(total: Tensor, count: Tensor | float) -> Tensor:
    """total / count where both are summed over all processes, made so that the mean over processes is the mean over everything.

    Averaging gradients over processes, as DistributedDataParallel does, then gives what one process would with the whole batch.
    No items at all: 0, and the graph stays whole. total: scalar with gradient. count: of what it sums up.
    """
    whole = torch.as_tensor(count, dtype=torch.float32, device=total.device).detach().clone()
    size = team_now().size
    if size > 1:
        dist.all_reduce(whole)
    return total * size / whole.clamp(min=1e-12) if float(whole) > 0 else total * 0.0


def average_over_team(values: Tensor) -> Tensor:
    """Mean over all processes; without gradient, a copy."""
    values = values.detach().clone()
    if (size := team_now().size) > 1:
        dist.all_reduce(values)
        values /= size
    return values


def share_of(batch: int, team: Team) -> int:
    """How many samples of every batch are this process's. Raises InputError when they cannot be shared evenly."""
    if batch % team.size:
        raise InputError(f"batch must be a multiple of the number of processes, but {batch} is not one of {team.size}")
    return batch // team.size
