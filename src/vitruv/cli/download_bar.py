"""What a user sees while a model is downloaded: its licence, then a progress bar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from vitruv.runtime.zoo.download import Progress as Report
from vitruv.runtime.zoo.entries import LICENCE_NOTE, Entry
from vitruv.runtime.zoo.store import Announce


@contextmanager
def download_bar() -> Iterator[Announce]:
    """An `announce` for `fetch`; the bar goes to stderr, and nothing is shown where nothing is downloaded."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:

        def announce(entry: Entry, target: Path) -> Report:
            console.print(f"downloading {entry.name} ({entry.megabytes} MB). {LICENCE_NOTE}", soft_wrap=True)
            task = bar.add_task(entry.name, total=None)
            return lambda done, total: bar.update(task, completed=done, total=total)

        yield announce
