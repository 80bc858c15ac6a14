"""NumPy .npz archives of plain arrays: read or refused whole, written whole or not at all."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from vitruv.errors import FormatError, InputError, MissingFileError, UnreadableFileError, UnwritableFileError
from vitruv.files.atomic import replacing
from vitruv.types import AnyArray, PathLike

T = TypeVar("T")


def read_arrays(path: PathLike) -> dict[str, AnyArray]:
    """All arrays of an archive by name; pickles in it are never run.

    Raises MissingFileError, UnreadableFileError (not an archive, or a damaged one) or FormatError (a single array).
    """
    try:
        with Path(path).open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise FormatError(path, "a single array, expected an archive (.npz)")
            return {name: archive[name] for name in archive.files}
    except FormatError:
        raise
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except (ValueError, EOFError, KeyError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise UnreadableFileError(path, f"not a NumPy archive, or a damaged one ({error})") from None
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read ({error.strerror or error})") from None


def made_from(path: Path, make: Callable[[Mapping[str, AnyArray]], T], otherwise: str) -> T:
    """What `make` builds from the arrays of a file.

    Raises as `read_arrays`, and FormatError with the text `otherwise` where an array is missing (KeyError) or has the wrong shape
    (InputError).
    """
    arrays = read_arrays(path)
    try:
        return make(arrays)
    except (KeyError, InputError) as error:
        raise FormatError(path, f"{otherwise} ({error})") from error


def write_arrays(path: PathLike, arrays: Mapping[str, AnyArray]) -> None:
    """Write a compressed archive; missing folders are made. The same arrays give the same bytes. Raises UnwritableFileError."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableFileError(path, f"cannot be written: {(error.strerror or str(error)).lower()}") from None
    with replacing(path) as stream:
        # The stub of savez_compressed takes no mapping of arrays beside its own keyword.
        np.savez_compressed(stream, **dict(arrays))  # type: ignore[arg-type,unused-ignore]
