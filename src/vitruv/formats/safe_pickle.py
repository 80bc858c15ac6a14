"""Pickles and PyTorch files of unknown origin: plain data, NumPy arrays and tensors come out, and nothing of the file is run.

Reads pickles of every protocol (also those of Python 2, whose strings are taken as Latin-1) and what `torch.save` writes, new
(zip) and old. Tensors come as NumPy arrays, bfloat16 as float32, wherever they were when saved; PyTorch is not needed. Byte
strings and arrays of 64 KiB and more are read-only views of the mapped file, so that a checkpoint is not held in memory twice.
"""

from __future__ import annotations

import mmap
from collections.abc import Collection
from pathlib import Path

from vitruv.errors import FormatError, MissingFileError, UnreadableFileError, UnsafeFileError
from vitruv.files import is_text, looks_like
from vitruv.formats.pickle_machine import PickleError, RefusedError
from vitruv.formats.torch_storage import read_torch
from vitruv.types import PathLike

_START = 256  # bytes that are looked at to tell what a file is


def read_pickle(path: PathLike, *, records: Collection[str] = (), expected: str = "a pickle or a file of torch.save") -> object:
    """The content of a pickle or a `torch.save` file.

    records: classes ("package.module.Class") whose objects are wanted, as `Record`. Every other class or function that is not
        plain data, NumPy or a tensor is refused.
    expected: what the file should be, for messages about files that are something else.
    Raises MissingFileError, UnreadableFileError, FormatError (damaged) and UnsafeFileError (asks for more than data).
    """
    data = map_file(path)
    start = bytes(data[:_START])
    if (kind := looks_like(start)) is not None:
        raise FormatError(path, f"this looks like {kind}; expected {expected}")
    try:
        return read_torch(data, records)
    except PickleError as error:
        if is_text(start):
            raise FormatError(path, f"this looks like text; expected {expected} (reading it as a pickle: {error})") from None
        raise FormatError(path, f"not a readable pickle: {error}; expected {expected}") from None
    except RefusedError as error:
        raise UnsafeFileError(path, f"the pickle asks for {error}, which is not plain data; nothing of it was run") from None


def map_file(path: PathLike) -> memoryview:
    """The bytes of a file, mapped (not loaded). Raises MissingFileError, UnreadableFileError, or FormatError when empty."""
    path = Path(path)
    try:
        with path.open("rb") as stream:
            if path.stat().st_size == 0:
                raise FormatError(path, "the file is empty")
            return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except (OSError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise UnreadableFileError(path, f"cannot be read: {error}") from None
