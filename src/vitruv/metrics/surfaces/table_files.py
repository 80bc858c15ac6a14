"""The official table of geodesic distances, in the forms it is handed around in, made ready for mapping.

Pdist_matrix.pkl (a pickle, read without running anything of it) and Pdist_matrix.mat (HDF5) are converted once to an .npy file
in a cache folder; that one is mapped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vitruv.errors import FormatError, MissingExtraError, UnwritableFileError
from vitruv.files import replacing
from vitruv.formats import read_pickle
from vitruv.metrics.surfaces.distance_table import DistanceTable
from vitruv.types import AnyArray, PathLike

_KEY = "Pdist_matrix"
_STRETCH = 1 << 24  # numbers copied at a time


def cached_name(source: Path, suffix: str) -> str:
    """A name that changes when the source file does."""
    state = source.stat()
    text = f"{source.resolve()} {state.st_size} {state.st_mtime_ns}"
    return f"{source.stem}-{hashlib.sha256(text.encode()).hexdigest()[:16]}{suffix}"


def open_table(source: Path, vertices: int, cache: Path) -> DistanceTable:
    """The table in Pdist_matrix.pkl or Pdist_matrix.mat, converted on first use if it must be. Raises FormatError."""
    converted = cache / cached_name(source, ".npy")
    if converted.exists():
        return DistanceTable.of_npy(converted, vertices)
    if source.suffix == ".mat":
        write_table(converted, _stretches_of_mat(source, vertices), vertices)
        return DistanceTable.of_npy(converted, vertices)
    content = read_pickle(source)
    numbers = content.get(_KEY) if isinstance(content, dict) else None
    if not isinstance(numbers, np.ndarray) or numbers.dtype.kind != "f" or numbers.size != vertices * (vertices - 1) // 2:
        raise FormatError(source, f"expected {vertices * (vertices - 1) // 2} distances under {_KEY!r} for {vertices} vertices")
    flat = numbers.reshape(-1)
    write_table(converted, (flat[i : i + _STRETCH] for i in range(0, len(flat), _STRETCH)), vertices)
    return DistanceTable.of_npy(converted, vertices)


def write_table(path: PathLike, stretches: Iterator[AnyArray], vertices: int) -> None:
    """Write a table for `DistanceTable.of_npy`, piece by piece. Raises UnwritableFileError, FormatError (wrong count)."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableFileError(path, f"cannot be written: {error.strerror or error}") from None
    count = 0
    with replacing(path) as stream:
        header = {"descr": "<f4", "fortran_order": False, "shape": (vertices * (vertices - 1) // 2,)}
        np.lib.format.write_array_header_1_0(stream, header)
        for stretch in stretches:
            count += len(stretch)
            stream.write(np.ascontiguousarray(stretch, "<f4").data)
        if count != vertices * (vertices - 1) // 2:
            raise FormatError(path, f"{count} distances came, but {vertices} vertices have {vertices * (vertices - 1) // 2}")


def _stretches_of_mat(source: Path, vertices: int) -> Iterator[AnyArray]:
    """Pdist_matrix.mat is a MATLAB 7.3 file, which is HDF5."""
    try:
        import h5py
    except ImportError:
        raise MissingExtraError("h5py", "eval") from None
    try:
        with h5py.File(source, "r") as file:
            numbers: Any = file[_KEY]
            if numbers.size != vertices * (vertices - 1) // 2 or numbers.dtype.kind != "f" or numbers.ndim > 2:
                raise FormatError(source, f"{_KEY} does not hold the distances of {vertices} vertices")
            lengthwise = numbers.ndim == 1 or numbers.shape[0] > 1
            for i in range(0, numbers.size, _STRETCH):
                piece = numbers[i : i + _STRETCH] if lengthwise else numbers[0, i : i + _STRETCH]
                yield piece.reshape(-1)
    except (OSError, KeyError, AttributeError, RuntimeError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(source, f"not a readable MATLAB 7.3 file: {error}") from None
