"""The annotation project that a command works on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vitruv.errors import InputError, MissingExtraError, MissingFileError

if TYPE_CHECKING:
    from vitruv.annotate import Project


@contextlib.contextmanager
def opened(folder: Path, database: str | None, *, create: bool, hint: str) -> Iterator[Project]:
    """The project in a folder. `hint` says how to create one, for the error when there is none and `create` is False."""
    try:
        from vitruv.annotate import Project
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "annotate") from None
    try:
        project = Project.open(folder, database, create=create)
    except MissingFileError:
        raise InputError(f"there is no annotation project in {folder}: check --project, or {hint}") from None
    try:
        yield project
    finally:
        project.close()
