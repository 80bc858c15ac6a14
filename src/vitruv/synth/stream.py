"""Samples from worker processes, in order."""

from __future__ import annotations

import multiprocessing
import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from typing import Any, TypeVar

from vitruv.errors import InputError, VitruvError
from vitruv.synth.samples import Sampler

T = TypeVar("T")

_WAIT_S = 1.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def stream(
    sampler: Sampler[T],
    *,
    start: int = 0,
    stop: int | None = None,
    batch: int = 32,
    workers: int = 0,
    ahead: int = 2,
) -> Iterator[tuple[range, list[T]]]:
    """Yield (indices, samples) for the indices start, start + 1, ... up to `stop` (endless when None), `batch` at a time.

    What comes out depends on the sampler alone: not on `workers`, nor on timing. The last batch may be short.
    workers: 0 makes the samples in this process; otherwise that many processes are spawned, each `ahead` batches in advance.
        Spawned programs need the usual `if __name__ == "__main__":`.
    Close the iterator (or leave the loop and drop it) to stop the workers. An exception in a worker is raised here.
    """
    if batch < 1 or workers < 0 or ahead < 1:
        raise InputError(f"batch and ahead must be at least 1 and workers at least 0, but got {batch}, {ahead} and {workers}")
    if workers == 0:
        return _in_process(sampler, start, stop, batch)
    return _in_workers(sampler, start, stop, batch, workers, ahead)


def _ranges(start: int, stop: int | None, batch: int, offset: int, step: int) -> Iterator[range]:
    low = start + offset * batch
    while stop is None or low < stop:
        yield range(low, low + batch if stop is None else min(low + batch, stop))
        low += step * batch


def _in_process(sampler: Sampler[T], start: int, stop: int | None, batch: int) -> Iterator[tuple[range, list[T]]]:
    for indices in _ranges(start, stop, batch, 0, 1):
        yield indices, [sampler(i) for i in indices]


def _work(sampler: Sampler[Any], ranges: tuple[int, int | None, int, int, int], results: Queue[Any]) -> None:
    try:
        for indices in _ranges(*ranges):
            if not _handed_over([sampler(i) for i in indices], results):
                return
    except Exception as error:  # handed to the parent, which raises it
        _handed_over(error, results)


def _handed_over(item: Any, results: Queue[Any]) -> bool:
    """Wait for room and put `item`; False when the parent has died (killed, so that it could not stop its workers)."""
    parent = multiprocessing.parent_process()
    while True:
        try:
            results.put(item, timeout=_WAIT_S)
            return True
        except queue.Full:
            if parent is not None and not parent.is_alive():
                results.cancel_join_thread()
                return False


def _next(process: BaseProcess, results: Queue[Any]) -> Any:
    while True:
        try:
            return results.get(timeout=_WAIT_S)
        except queue.Empty:
            if not process.is_alive() and results.empty():
                raise VitruvError(
                    f"a sample worker stopped with exit code {process.exitcode} (killed, or out of memory?); use fewer workers"
                ) from None


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Programs started in here do their linear algebra in one thread: the products of a sample are small, and threads that wait
    for each other in busy loops take the cores from the other workers (3.5 times slower with two workers on two cores)."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _in_workers(
    sampler: Sampler[T], start: int, stop: int | None, batch: int, workers: int, ahead: int
) -> Iterator[tuple[range, list[T]]]:
    # Spawn: forking a process that runs torch or numba threads is not safe.
    context = multiprocessing.get_context("spawn")
    queues: list[Queue[Any]] = [context.Queue(maxsize=ahead) for _ in range(workers)]
    processes = [
        context.Process(target=_work, args=(sampler, (start, stop, batch, i, workers), queues[i]), daemon=True)
        for i in range(workers)
    ]
    with _one_thread_each():
        for process in processes:
            process.start()
    try:
        for number, indices in enumerate(_ranges(start, stop, batch, 0, 1)):
            samples = _next(processes[number % workers], queues[number % workers])
            if isinstance(samples, Exception):
                raise samples
            yield indices, samples
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()
        for results in queues:
            results.close()
            results.cancel_join_thread()
