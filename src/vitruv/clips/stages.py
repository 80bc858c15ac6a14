"""Work in other threads, with short queues between, so that decoding, computing and encoding overlap and memory stays bounded."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

_QUEUED_BYTES = 64_000_000
_LOOK_UP_S = 0.1  # how often a thread that waits looks whether the others are still there


def queue_length(frame_bytes: int, *, live: bool = False) -> int:
    """How many frames may wait between two stages. One for cameras: what is shown should be now."""
    return 1 if live else min(max(_QUEUED_BYTES // max(frame_bytes, 1), 1), 8)


class Stopped(Exception):
    """The other end is gone."""


class Channel(Generic[T]):
    """A queue that can be ended from both sides. An error of the sender is raised at the receiver, and the other way round."""

    def __init__(self, length: int) -> None:
        self._queue: queue.Queue[T] = queue.Queue(length)
        self._ended = threading.Event()
        self._stopped = threading.Event()
        self._error: BaseException | None = None

    def send(self, item: T) -> None:
        """Raises Stopped when nobody will take it, or the receiver's error."""
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=_LOOK_UP_S)
            except queue.Full:
                continue
            return
        raise self._error or Stopped

    def end(self, error: BaseException | None = None) -> None:
        """Nothing more comes; or an error, which the receiver meets behind what was sent."""
        self._error = self._error or error
        self._ended.set()

    def stop(self, error: BaseException | None = None) -> None:
        """Nothing more is taken."""
        self._error = self._error or error
        self._stopped.set()

    def __iter__(self) -> Iterator[T]:
        while not self._stopped.is_set():
            try:
                yield self._queue.get(timeout=_LOOK_UP_S)
            except queue.Empty:
                if self._ended.is_set() and self._queue.empty():
                    break
        self.check()

    def check(self) -> None:
        """Raise the error of the other side, if there was one."""
        if self._error is not None:
            raise self._error


def start(work: Callable[[], None], name: str) -> threading.Thread:
    """Run in a thread that does not keep the program alive."""
    thread = threading.Thread(target=work, name=f"vitruv {name}", daemon=True)
    thread.start()
    return thread
