"""Safetensors files without the library: a length, a JSON header, then the raw bytes of every tensor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vitruv.convert.onnx_writer import Stored
from vitruv.types import AnyArray

_ALIGNMENT = 64  # every tensor begins at a multiple of this, so that it can be used where it lies
_TYPES = {"float32": "F32", "float16": "F16", "int64": "I64"}


def write_safetensors(path: Path, tensors: Mapping[str, AnyArray], *, metadata: Mapping[str, str]) -> dict[str, Stored]:
    """Write arrays (float32, float16 or int64) and say where in the file each one lies.

    Not atomic: write to a temporary name or folder.
    """
    # Descending size keeps every tensor aligned without padding, which the format does not allow between tensors,
    # as long as the sizes are multiples of the alignment; the small odd ones come last.
    names = sorted(tensors, key=lambda name: (-_lowest_power(tensors[name].nbytes), name))
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    position = 0
    places = {}
    for name in names:
        array = tensors[name]
        header[name] = {
            "dtype": _TYPES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [position, position + array.nbytes],
        }
        places[name] = position
        position += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % _ALIGNMENT)
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for name in names:
            stream.write(np.ascontiguousarray(tensors[name]).data)
    start = 8 + len(text)
    return {name: Stored(a.shape, a.dtype.name, start + places[name], a.nbytes) for name, a in tensors.items()}


def _lowest_power(size: int) -> int:
    """The largest power of two, up to the alignment, that divides a size."""
    return min(size & -size, _ALIGNMENT) if size else _ALIGNMENT
