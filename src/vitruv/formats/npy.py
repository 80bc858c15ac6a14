"""Arrays in .npy files, mapped from disk."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from vitruv.errors import FormatError, MissingFileError, UnreadableFileError
from vitruv.types import PathLike


def map_npy(path: PathLike) -> np.memmap[Any, np.dtype[Any]]:
    """The array of a file, read-only and not yet read; never runs a pickle.

    Raises MissingFileError, UnreadableFileError, and FormatError for a damaged file or one of another kind.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a remark on headers of Python 2, which are fine
            found: object = np.load(Path(path), mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read: {error}") from None
    except Exception as error:  # NumPy answers damaged headers with many kinds of error, also those of Python's own parser
        raise FormatError(path, f"not a readable NumPy array: {' '.join(str(error).split())}") from None
    if not isinstance(found, np.memmap):
        raise FormatError(path, "an archive of arrays, expected a single one (.npy)")
    return found
