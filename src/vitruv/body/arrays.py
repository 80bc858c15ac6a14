"""Arrays in files: compact integers with a scale per row, and npz archives that are read or refused whole."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np

from vitruv.errors import FormatError, InputError, MissingFileError, UnreadableFileError, UnwritableFileError
from vitruv.types import AnyArray

T = TypeVar("T")
_SCALE = "_scale"
NO_BODY = "is not a body file of this version; make one with `vitruv body build`"


def quantise(name: str, values: AnyArray, bits: int) -> dict[str, AnyArray]:
    """Reals as 8 or 16 bit integers with one scale per row of the first axis: {name: integers, name_scale: (rows,) float32}.

    The largest error of a row is its largest value / (2 (2^(bits-1) - 1)).
    """
    top = 2 ** (bits - 1) - 1
    real = np.asarray(values, np.float64)
    scale = np.abs(real).max(axis=tuple(range(1, real.ndim)), initial=0.0) / top
    scale[scale == 0] = 1.0
    codes = np.rint(real / scale.reshape(-1, *[1] * (real.ndim - 1))).astype(np.int8 if bits == 8 else np.int16)
    return {name: codes, name + _SCALE: scale.astype(np.float32)}


def dequantise(arrays: Mapping[str, AnyArray], name: str) -> AnyArray:
    """What `quantise` made integers of, as float32; other arrays as they are (float16 as float32). KeyError where there is none."""
    values = np.asarray(arrays[name])
    if name + _SCALE in arrays:
        scale = np.asarray(arrays[name + _SCALE], np.float32)
        return values.astype(np.float32) * scale.reshape(-1, *[1] * (values.ndim - 1))
    return values.astype(np.float32) if values.dtype == np.float16 else values


def read_npz(path: Path) -> dict[str, AnyArray]:
    """All arrays of a file. Raises MissingFileError, UnreadableFileError or FormatError; never runs pickles."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise MissingFileError(path) from error
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read ({error.strerror or error})") from error
    except (ValueError, zipfile.BadZipFile, EOFError, AttributeError) as error:
        raise FormatError(path, "is not a NumPy .npz archive of plain arrays") from error


def made_from(path: Path, make: Callable[[Mapping[str, AnyArray]], T], otherwise: str) -> T:
    """What `make` builds from the arrays of a file. Where one is missing (KeyError) or has the wrong shape (InputError), a
    FormatError says `otherwise` about the file. Raises as `read_npz`."""
    arrays = read_npz(path)
    try:
        return make(arrays)
    except (KeyError, InputError) as error:
        raise FormatError(path, f"{otherwise} ({error})") from error


def write_npz(path: Path, arrays: Mapping[str, AnyArray]) -> None:
    """Write compressed under a temporary name, then rename. Raises UnwritableFileError."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            # The stub of savez_compressed takes no mapping of arrays beside its own keyword.
            np.savez_compressed(file, **dict(arrays))  # type: ignore[arg-type,unused-ignore]
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise UnwritableFileError(path, f"cannot be written ({error.strerror or error})") from error
