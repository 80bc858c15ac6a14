"""What is shown while a command works: bars and steps on stderr, never on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[int, int], None]
"""(done, total)."""


@contextmanager
def bar(what: str, total: int | None = None, *, quiet: bool = False) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing elsewhere. Yields what to call after each step."""
    with bars(quiet=quiet) as new:
        report, done = new(what), 0

        def advance() -> None:
            nonlocal done
            done += 1
            report(done, total or 0)

        if total:
            report(0, total)
        yield advance


@contextmanager
def bars(*, quiet: bool = False) -> Iterator[Callable[[str], Report]]:
    """Several bars on a terminal, each shown from its first report on. Yields what makes one of its title."""
    if quiet or not sys.stderr.isatty():
        yield lambda what: lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:

        def new(what: str) -> Report:
            task = shown.add_task(what, total=None, visible=False)
            return lambda done, total: shown.update(task, completed=done, total=total or None, visible=True)

        yield new


@contextmanager
def steps(first: str, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """What is being done, for work without a length: a spinner on a terminal, a line for each step elsewhere. Yields what to call
    with the next step."""
    if quiet:
        yield lambda step: None
        return
    if not sys.stderr.isatty():
        print(first, file=sys.stderr)
        yield lambda step: print(step, file=sys.stderr)
        return
    from rich.console import Console

    with Console(stderr=True).status(first) as status:
        yield lambda step: status.update(step)
