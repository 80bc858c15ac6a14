"""Being asked to stop: Ctrl-C, and the signals of terminals that close and of machines that shut down."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_SHELL = 128  # shells report a program ended by signal n as 128 + n


class StopRequest:
    """Whether somebody asked; `status` is then what to exit with."""

    def __init__(self) -> None:
        self.number: int | None = None

    def __call__(self) -> bool:
        return self.number is not None

    @property
    def status(self) -> int:
        return _SHELL + (self.number or 0)


@contextmanager
def stops_between(verb: str, what: str) -> Iterator[StopRequest]:
    """Within the block, the first signal only makes the yielded request true, so that the piece of work at hand can be finished;
    the second one raises KeyboardInterrupt. Signals that are ignored, as under nohup, stay so.

    verb, what: for the message, as in "vitruv predict" and "this photo".
    """
    request = StopRequest()

    def remember(number: int, frame: FrameType | None) -> None:
        if request():
            raise KeyboardInterrupt
        request.number = number
        print(f"\n{verb}: finishing {what}; once more stops at once", file=sys.stderr)

    if threading.current_thread() is not threading.main_thread():  # signals reach the main thread only
        yield request
        return
    previous = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in previous.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, remember)
    try:
        yield request
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
