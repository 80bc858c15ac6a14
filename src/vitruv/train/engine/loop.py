"""The training loop, on one page. It is silent and yields its progress; whoever drives it prints."""

from __future__ import annotations

import copy
import math
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vitruv.errors import ModelError
from vitruv.synth import Sampler
from vitruv.train.engine.checkpoint import Position, load_checkpoint, save_checkpoint
from vitruv.train.engine.config import LoopConfig
from vitruv.train.engine.distributed import Team, average_over_team, join_team
from vitruv.train.engine.feed import feed
from vitruv.train.engine.files import append_scalars, keep_scalars_until, write_picture
from vitruv.train.engine.muon import MuonAdamW
from vitruv.train.engine.precision import fast_bfloat16
from vitruv.train.engine.progress import Progress, memory_mb
from vitruv.train.engine.task import Task
from vitruv.train.engine.tensorboard import open_board


def train(task: Task, sampler: Sampler[Any], config: LoopConfig, folder: Path) -> Iterator[Progress]:
    """Train `task` on the endless stream of `sampler`, writing checkpoints, scalars and pictures to `folder`.

    Goes on from the last checkpoint in `folder`. With `config.steps` a run that was killed and resumed has the same losses as an
    unbroken one. Yields a `Progress` every `config.log_steps` steps; closing the iterator stops the run without a checkpoint.
    Raises ModelError when the loss is not finite any more; the last good checkpoint stays. Under torchrun every process takes its
    share of each batch, and only the first writes, evaluates and yields.
    """
    team = join_team()
    device = choose_device(config.device, team)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    network = task.network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    ema = copy.deepcopy(network).eval().requires_grad_(False)
    optimizer = make_optimizer(network, config)
    start = position = load_checkpoint(folder, network=network, ema=ema, optimizer=optimizer)
    if team.leads:
        keep_scalars_until(folder, start.step)
    mixed = config.precision == "bf16" or (config.precision == "auto" and fast_bfloat16(device))
    step = together(Step(task, network, device, mixed), team, task)
    if finished_share(config, start) >= 1:
        return
    batches = feed(sampler, task.collate, config, start_step=start.step, device=device, team=team)
    totals: dict[str, Tensor] = defaultdict(lambda: torch.zeros((), device=device))
    show = open_board(folder) if team.leads else None
    began = logged = saved = evaluated = time.monotonic()
    waited = 0.0
    while (share := finished_share(config, position)) < 1:
        before = time.monotonic()
        batch = next(batches)
        waited += time.monotonic() - before
        lr = learning_rate(config, position.step, share)
        for group in optimizer.param_groups:
            group["lr"] = lr
        batch = task.augment(batch, torch.Generator(device).manual_seed(config.seed * 1_000_003 + position.step))
        network.train()
        losses = step(batch)
        total = torch.stack(list(losses.values())).sum()
        optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(network.parameters(), config.clip_norm)
        optimizer.step()
        _update_ema(ema, network, min(config.ema_decay, (1 + position.step) / (10 + position.step)))
        for name, value in {"loss": total, **losses, "gradient_norm": norm}.items():
            totals[name] += value.detach()
        now = time.monotonic()
        elapsed = float(average_over_team(torch.tensor(now - began, device=device))) if team.size > 1 else now - began
        position = Position(position.step + 1, start.elapsed_s + elapsed)
        last = finished_share(config, position) >= 1
        if position.step % config.log_steps and not last:
            continue

        steps = (position.step - 1) % config.log_steps + 1
        means = {name: float(average_over_team(value)) / steps for name, value in totals.items()}
        totals.clear()
        if not all(map(math.isfinite, means.values())):
            raise ModelError(
                f"the loss is no longer finite near step {position.step} ({means}); the checkpoint before it is in {folder}: "
                "resume it in a new folder with a smaller --lr"
            )
        if not team.leads:
            continue
        progress = Progress(
            step=position.step,
            elapsed_s=position.elapsed_s,
            share=finished_share(config, position),
            lr=lr,
            means=means,
            samples_per_s=steps * config.batch / (now - logged),
            waiting=waited / (now - logged),
            memory_mb=memory_mb(device),
        )
        logged, waited = now, 0.0
        if last or now - evaluated >= 60 * config.evaluate_minutes:
            progress = replace(progress, evaluation=task.evaluate(ema, device))
            write_picture(folder / f"picture_{position.step:07d}.png", task.picture(ema, device))
            evaluated = time.monotonic()
        append_scalars(folder, asdict(progress))
        if show is not None:
            show(progress)
        if last or now - saved >= 60 * config.checkpoint_minutes:
            save_checkpoint(folder, position, network=network, ema=ema, optimizer=optimizer)
            saved = time.monotonic()
        yield progress


class Step(nn.Module):
    """Network and losses as one module, which is what DistributedDataParallel wraps."""

    def __init__(self, task: Task, network: nn.Module, device: torch.device, mixed: bool) -> None:
        super().__init__()
        self.network, self._task, self._device, self._mixed = network, task, device, mixed

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._mixed):
            outputs = self._task.forward(self.network, batch)
        return self._task.losses(outputs, batch)


def together(step: Step, team: Team, task: Task) -> nn.Module:
    """Gradients averaged over the processes."""
    if team.size == 1:
        return step
    return nn.parallel.DistributedDataParallel(step, find_unused_parameters=task.has_idle_branches)


def choose_device(name: str, team: Team | None = None) -> torch.device:
    """ "auto" is the GPU where there is one; each process of a team has its own. Raises ModelError for "cuda" without one."""
    if name == "cuda" and not torch.cuda.is_available():
        raise ModelError("device 'cuda' was asked for, but torch sees no GPU here; use 'auto' or 'cpu'")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if team is None or team.size == 1:
        return torch.device("cuda")
    torch.cuda.set_device(team.local)
    return torch.device("cuda", team.local)


def make_optimizer(network: nn.Module, config: LoopConfig) -> torch.optim.Optimizer:
    groups = _decay_groups(network, config.weight_decay)
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum)
    if config.optimizer == "muon":
        inner = inner_weights(network)
        chosen = set(inner)
        rest = [{**group, "params": [p for p in group["params"] if p not in chosen]} for group in groups]
        return MuonAdamW(inner, rest, lr=config.lr, momentum=config.momentum, weight_decay=config.weight_decay)
    return torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.99), fused=True)


def finished_share(config: LoopConfig, position: Position) -> float:
    """How much of the run is done, 0..1 and beyond: by steps, or by the clock."""
    if config.steps is not None:
        return position.step / config.steps
    return position.elapsed_s / (3600 * config.hours)


def learning_rate(config: LoopConfig, step: int, share: float) -> float:
    """Linear warm-up by steps, then half a cosine over the share of the run that is done, down to a hundredth; or tenths."""
    warm = min(1.0, (step + 1) / (config.warmup_steps + 1))
    if config.schedule == "steps":
        return float(config.lr * warm * 0.1 ** sum(share >= drop for drop in config.drops))
    return config.lr * warm * (0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2)


def _decay_groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weights of convolutions and linear layers decay; biases, normalisation and positions do not."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    decayed = [m.weight for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    chosen = set(decayed)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": [p for p in parameters if p not in chosen], "weight_decay": 0.0},
    ]


def inner_weights(network: nn.Module) -> list[Tensor]:
    """Weights of the convolutions between features: not of those that see pixels or predict.

    What predicts are 1x1 convolutions with a bias and transposed ones.
    """
    return [
        module.weight
        for module in network.modules()
        if isinstance(module, nn.Conv2d)
        and module.groups == 1
        and min(module.in_channels, module.out_channels) >= 32
        and (module.bias is None or module.kernel_size != (1, 1))
        and module.weight.requires_grad
    ]


@torch.no_grad()
def _update_ema(ema: nn.Module, network: nn.Module, decay: float) -> None:
    """ema = decay * ema + (1 - decay) * network, buffers included; counters are copied."""
    pairs = list(zip(ema.state_dict().values(), network.state_dict().values(), strict=True))
    floating = [(a, b) for a, b in pairs if a.is_floating_point()]
    torch._foreach_lerp_([a for a, _ in floating], [b for _, b in floating], 1 - decay)
    for a, b in pairs:
        if not a.is_floating_point():
            a.copy_(b)
