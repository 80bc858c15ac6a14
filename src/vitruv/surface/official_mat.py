"""Numbers in MATLAB 5 files, the form of the official surface files.

SciPy's reader brings the whole process down on damaged files; this one reads only what is needed here (arrays of real numbers,
packed or not) and checks every length.

A file is a header of 128 bytes and elements: type and length (uint32 each, or both in 4 bytes with up to 4 bytes of data), then
the data, padded to 8 bytes. A matrix is an element that holds four: flags, dimensions, name, values; a packed one is a zlib stream.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np

from vitruv.errors import FormatError, MissingFileError, UnreadableFileError
from vitruv.types import Float64Array, PathLike

_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MATRIX, _PACKED = 14, 15
_NUMERIC_CLASSES = range(6, 16)
_MOST_BYTES = 1 << 28


class _DamagedError(Exception):
    """Carries what is wrong."""


def read_mat(path: PathLike) -> dict[str, Float64Array]:
    """Every array of real numbers in a MATLAB 5 file, by name, as float64 of its own shape (sparse, text and cells are left out).

    Raises MissingFileError, UnreadableFileError, FormatError (not such a file, damaged, or more than 256 MB).
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read: {error.strerror or error}") from None
    if len(data) < 128 or data[126:128] not in (b"IM", b"MI"):
        raise FormatError(path, "not a MATLAB 5 file")
    order = "<" if data[126:128] == b"IM" else ">"
    found = {}
    try:
        for kind, content in _elements(data[128:], order, padded=False):
            if kind == _PACKED:
                content = next(iter(_elements(_unpacked(content), order)), (0, b""))[1]
            elif kind != _MATRIX:
                continue
            matrix = _matrix(content, order)
            if matrix is not None:
                found[matrix[0]] = matrix[1]
    except _DamagedError as error:
        raise FormatError(path, f"the MATLAB 5 file is damaged ({error})") from None
    return found


def _elements(data: bytes, order: str, *, padded: bool = True) -> Iterator[tuple[int, bytes]]:
    """Type and data of each element. Packed ones at the top of a file are not padded."""
    at = 0
    while at + 8 <= len(data):
        kind, length = (int(v) for v in np.frombuffer(data, f"{order}u4", 2, at))
        if kind >> 16:
            kind, length, start, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
            if length > 4:
                raise _DamagedError("a short element is too long")
        else:
            start, end = at + 8, at + 8 + length
            end += -length % 8 if padded or kind != _PACKED else 0
        if start + length > len(data):
            raise _DamagedError("it is cut off")
        yield kind, data[start : start + length]
        at = end


def _unpacked(content: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(content, _MOST_BYTES)
    except zlib.error as error:
        raise _DamagedError(str(error)) from None
    if unpacker.unconsumed_tail:
        raise _DamagedError("it unpacks to more than 256 MB")
    return data


def _matrix(content: bytes, order: str) -> tuple[str, Float64Array] | None:
    parts = []
    for part in _elements(content, order):
        parts.append(part)
        if len(parts) == 4:
            break
    if len(parts) < 4:
        return None
    (_, flags), (_, dimensions), (_, name), (kind, values) = parts
    if len(flags) < 4 or int(np.frombuffer(flags, f"{order}u4", 1)[0]) & 0xFF not in _NUMERIC_CLASSES or kind not in _TYPES:
        return None
    dtype = np.dtype(order + _TYPES[kind])
    shape = [int(n) for n in np.frombuffer(dimensions, f"{order}i4", len(dimensions) // 4)]
    if len(values) % dtype.itemsize or len(shape) < 2 or min(shape) < 0 or prod(shape) != len(values) // dtype.itemsize:
        raise _DamagedError("an array has not as many values as its dimensions say")
    numbers = np.frombuffer(values, dtype).astype(np.float64)
    return name.decode("latin-1"), numbers.reshape(shape, order="F")
