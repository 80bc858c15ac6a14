"""Weights of TensorFlow.js graph models: a JSON with the names, shapes and types, and binary files with the values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from vitruv.errors import FormatError, MissingFileError, UnreadableFileError
from vitruv.types import AnyArray, PathLike

_STORED = {"float32": "<f4", "int32": "<i4", "bool": "|b1", "uint8": "|u1"}
_MAX_BYTES = 2**31  # the models read here have 25 MB; a header that asks for more than this is damaged or hostile


def read_tfjs_weights(path: PathLike) -> dict[str, AnyArray]:
    """Name -> array of every weight of a graph model, in the layout of TensorFlow; float16 becomes float32.

    path: the JSON; the binary files that it names lie beside it.
    Raises MissingFileError or UnreadableFileError for a file that cannot be opened, FormatError for one that is not such a model,
    is cut short, or uses a quantisation other than float16.
    """
    path = Path(path)
    manifest = _manifest(path)
    weights: dict[str, AnyArray] = {}
    for group in manifest:
        names, entries = group.get("paths"), group.get("weights")
        if not isinstance(names, list) or not isinstance(entries, list):
            raise FormatError(path, "a group of weightsManifest lacks its lists `paths` and `weights`")
        data = b"".join(_part(path, name) for name in names)
        position = 0
        for entry in entries:
            name, stored, shape = _entry(path, entry)
            size = int(np.prod(shape, dtype=np.int64)) * stored.itemsize
            if position + size > len(data):
                raise FormatError(
                    path, f"its binary file ends before the weight {name!r}: it was cut short, or belongs to another model"
                )
            array = np.frombuffer(data, stored, count=size // stored.itemsize, offset=position).reshape(shape)
            weights[name] = array.astype(np.float32) if stored.kind == "f" else array
            position += size
        if position != len(data):
            raise FormatError(path, f"its binary file holds {len(data) - position} bytes more than the weights need")
    return weights


def _manifest(path: Path) -> list[dict[str, Any]]:
    try:
        graph = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except OSError as error:
        raise UnreadableFileError(path, error.strerror or "cannot be read") from None
    except ValueError:
        raise FormatError(path, "not the JSON of a TensorFlow.js graph model") from None
    manifest = graph.get("weightsManifest") if isinstance(graph, dict) else None
    if not isinstance(manifest, list) or not all(isinstance(group, dict) for group in manifest):
        raise FormatError(path, "not a TensorFlow.js graph model: it has no list `weightsManifest`")
    return manifest


def _part(path: Path, name: object) -> bytes:
    if not isinstance(name, str) or Path(name).name != name:
        raise FormatError(path, f"names a binary file {name!r} that does not lie beside it")
    part = path.parent / name
    try:
        return part.read_bytes()
    except FileNotFoundError:
        raise MissingFileError(part) from None
    except OSError as error:
        raise UnreadableFileError(part, error.strerror or "cannot be read") from None


def _entry(path: Path, entry: Any) -> tuple[str, np.dtype[Any], tuple[int, ...]]:
    """Name, type in the file, and shape of a weight."""
    try:
        name, kind, shape = str(entry["name"]), entry["dtype"], tuple(entry["shape"])
        quantised = entry.get("quantization", {}).get("dtype")
    except (AttributeError, KeyError, TypeError):
        raise FormatError(path, f"a weight lacks name, dtype or shape: {str(entry)[:80]}") from None
    if not all(type(side) is int and side >= 0 for side in shape) or np.prod([float(side) for side in shape]) > _MAX_BYTES:
        raise FormatError(path, f"the weight {name!r} has an impossible shape {shape}")
    if quantised == "float16" and kind == "float32":
        return name, np.dtype("<f2"), shape
    if quantised is not None or kind not in _STORED:
        raise FormatError(path, f"the weight {name!r} is stored as {quantised or kind}, which this reader does not know")
    return name, np.dtype(_STORED[kind]), shape
