"""Samples to batches: rendered in groups by worker processes, used once or more, in an order that depends on the step alone."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from vitruv.synth import Sampler, stream
from vitruv.train.engine.config import LoopConfig
from vitruv.train.engine.distributed import Team, share_of

Batch = dict[str, Tensor]
Collate = Callable[[Sequence[Any]], Batch]
T = TypeVar("T")

_CHUNK = 32  # samples that a worker hands over at a time
_WAIT_S = 0.5


def feed(
    sampler: Sampler[Any],
    collate: Collate,
    config: LoopConfig,
    *,
    start_step: int,
    device: torch.device,
    team: Team | None = None,
) -> Iterator[Batch]:
    """Endless batches from step `start_step` on, the same as an unbroken run would have seen from there.

    A group of `group * batch` consecutive samples is collated and moved to `device` while the group before it is used. It is
    used `repeats` times, in another order each time. The group and order of a step follow from its number and the seed.
    A process of a team makes only its own part of every batch: the rows rank, rank + size, ... of what one process would have.
    With `repeats` each process mixes its own part by itself, which one process alone would not.
    """
    if team is not None and team.size > 1:
        yield from _feed_share(sampler, collate, config, start_step=start_step, device=device, team=team)
        return
    size = config.group * config.batch
    first, skipped = divmod(start_step, config.group * config.repeats)
    groups = _ahead(_groups(sampler, collate, config, start=first * size, device=device))
    try:
        for number in count(first):
            group = next(groups)
            for repeat in range(config.repeats):
                order = torch.from_numpy(np.random.default_rng((config.seed, number, repeat)).permutation(size)).to(device)
                for chosen in torch.split(order, config.batch):
                    if skipped:
                        skipped -= 1
                    else:
                        yield {name: values[chosen] for name, values in group.items()}
    finally:
        groups.close()


def _feed_share(
    sampler: Sampler[Any], collate: Collate, config: LoopConfig, *, start_step: int, device: torch.device, team: Team
) -> Iterator[Batch]:
    own = replace(config, batch=share_of(config.batch, team))
    share = Share(sampler, config.batch, config.group, config.seed, team.rank, team.size)
    size = own.group * own.batch
    first, skipped = divmod(start_step, config.group * config.repeats)
    groups = _ahead(_groups(share, collate, own, start=first * size, device=device))
    try:
        for number, group in zip(count(first), groups, strict=False):
            for repeat in range(config.repeats):
                # The share is rendered in the order of its first use.
                rng = np.random.default_rng((config.seed, number, repeat, team.rank))
                mixed = rng.permutation(size) if repeat else np.arange(size)
                for chosen in torch.split(torch.from_numpy(mixed).to(device), own.batch):
                    if skipped:
                        skipped -= 1
                    else:
                        yield {name: values[chosen] for name, values in group.items()}
    finally:
        groups.close()


@dataclass(frozen=True)
class Share:
    """The samples of one process of a team, numbered without gaps, in the order of use."""

    sampler: Sampler[Any]
    batch: int
    group: int
    seed: int
    rank: int
    size: int

    def __call__(self, index: int) -> Any:
        whole = self.group * self.batch
        number, place = divmod(index, whole // self.size)
        step, row = divmod(place, self.batch // self.size)
        order = np.random.default_rng((self.seed, number, 0)).permutation(whole)
        return self.sampler(number * whole + int(order[step * self.batch + row * self.size + self.rank]))


def _groups(sampler: Sampler[Any], collate: Collate, config: LoopConfig, *, start: int, device: torch.device) -> Generator[Batch]:
    """Collated groups. Chunks are collated as they come: their samples are many small arrays."""
    size = config.group * config.batch
    chunk = next(c for c in range(min(_CHUNK, size), 0, -1) if size % c == 0)
    chunks: list[Batch] = []
    for _, samples in stream(sampler, start=start, batch=chunk, workers=config.workers):
        chunks.append(collate(samples))
        if len(chunks) * chunk == size:
            yield {name: torch.cat([c[name] for c in chunks]).to(device, non_blocking=True) for name in chunks[0]}
            chunks = []


def _ahead(items: Generator[T]) -> Generator[T]:
    """The same items, the next one made by a thread while the current one is used. An exception in it is raised here."""
    ready: queue.Queue[T | BaseException] = queue.Queue(maxsize=1)
    stopped = threading.Event()

    def put(item: T | BaseException) -> None:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=_WAIT_S)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            for item in items:
                put(item)
                if stopped.is_set():
                    break
        except BaseException as error:
            put(error)
        finally:
            items.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
