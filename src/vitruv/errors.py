"""Errors a caller can expect from Vitruv.

    VitruvError                      anything Vitruv refuses; the command line prints it as one line and exits with 1
    ├── InputError (ValueError)      an argument has the wrong value, shape or type
    ├── FileError (OSError)          a file cannot be used; `path` names it
    │   ├── MissingFileError         it does not exist
    │   ├── UnreadableFileError      it exists, but cannot be opened or decoded
    │   └── UnwritableFileError      it cannot be written (permission, full disk)
    ├── FormatError (ValueError)     a file can be read, but breaks the rules of its format
    ├── UnsafeFileError              a pickle asks for more than plain data; nothing of it was run
    ├── ModelError                   a model cannot be loaded, or does not fit the request
    └── MissingExtraError (ImportError)   an optional dependency is needed; the message says which extra to install

A message is one sentence: what is wrong, in which file or argument, what to do.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


class VitruvError(Exception):
    """Base of every error that Vitruv raises on purpose. All of them can be pickled, so that they come back from process pools."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Python's own way calls the class with `args`, the finished message, which is not what our constructors take.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[VitruvError], args: tuple[object, ...], fields: dict[str, object]) -> VitruvError:
    """An error as it was: its class, message and fields, without running its constructor again."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(fields)
    return error


class InputError(VitruvError, ValueError):
    """An argument has a value, shape or type that cannot be used."""


class FileError(VitruvError, OSError):
    """A file cannot be used. `path` names it; the message starts with it."""

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = Path(path)
        self.reason = reason


class MissingFileError(FileError, FileNotFoundError):
    """The file does not exist."""

    def __init__(self, path: str | os.PathLike[str], reason: str = "no such file or folder") -> None:
        super().__init__(path, reason)


class UnreadableFileError(FileError):
    """The file exists, but cannot be opened or decoded."""


class UnwritableFileError(FileError):
    """The file cannot be written."""


class FormatError(VitruvError, ValueError):
    """A file breaks the rules of its format."""

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        # Files can say anything, also line ends and control codes; a message stays one line.
        reason = "".join(c if c.isprintable() else " " for c in reason)
        super().__init__(f"{path}: {reason}")
        self.path = Path(path)
        self.reason = reason


class UnsafeFileError(FormatError):
    """A pickle asks for code to be run; it was refused and nothing of it was run."""


class ModelError(VitruvError):
    """A model cannot be loaded, or does not fit the request."""


class MissingExtraError(VitruvError, ImportError):
    """An optional dependency is missing."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"this needs the package {package!r}: install it with `pip install 'vitruv[{extra}]'`, "
            f"or in a checkout with `pip install -e '.[{extra}]'`"
        )
        self.package = package
        self.extra = extra
