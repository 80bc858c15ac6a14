"""The values a pickle may name: plain containers, NumPy arrays and scalars, tensors (as arrays), and records asked for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np

from vitruv.formats.pickle_machine import Name, Pending, RefusedError, keyed
from vitruv.types import AnyArray


@dataclass(eq=False)
class Record:
    """An object of a class that was named in `records`: its class, its constructor's arguments and its fields."""

    kind: str
    arguments: tuple[object, ...]
    fields: dict[str, object] = field(default_factory=dict)


# PyTorch's storages -> the NumPy type of their numbers; bfloat16, which NumPy lacks, is widened by the reader of storages.
STORAGE_DTYPES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}

_NUMBERS = re.compile(r"[<>|=]?([biufcSU?])([0-9]{0,6})")
_RECONSTRUCT = ("copyreg._reconstructor", "copy_reg._reconstructor")


class PlainValues:
    """The `Builder` behind `read_pickle`.

    storage: hands out a PyTorch storage by the key the pickle names, as a one-dimensional array; None where there is none.
    embedded: reads a PyTorch file that lies inside the pickle as bytes.
    """

    def __init__(
        self,
        records: Collection[str],
        storage: Callable[[tuple[object, ...]], AnyArray] | None = None,
        embedded: Callable[[bytes], object] | None = None,
    ) -> None:
        self._records = frozenset(records)
        self._storage = storage
        self._functions: dict[str, Callable[..., object]] = {
            "collections.OrderedDict": _dictionary,
            "builtins.set": _set,
            "__builtin__.set": _set,
            "builtins.frozenset": _frozen_set,
            "__builtin__.frozenset": _frozen_set,
            "__builtin__.bytes": _no_bytes,
            "_codecs.encode": _encode,
            "torch.Size": lambda items=(): tuple(items),
            "torch.device": _device,
            "torch._utils._rebuild_tensor_v2": _tensor,
            "torch._utils._rebuild_parameter": lambda data, *_: data,
        }
        for core in ("numpy.core", "numpy._core"):
            self._functions[f"{core}.multiarray._reconstruct"] = lambda *_: Pending(_array)
            self._functions[f"{core}.multiarray.scalar"] = _scalar
            self._functions[f"{core}.numeric._frombuffer"] = _from_buffer
        self._functions["numpy.dtype"] = _dtype
        if embedded is not None:
            self._functions["torch.storage._load_from_bytes"] = lambda data: embedded(bytes(data))
        self._constants = {"numpy.ndarray", "builtins.object", "__builtin__.object", *_RECONSTRUCT}
        self._constants |= {f"torch.{name}" for name in STORAGE_DTYPES}

    def name(self, name: Name) -> object:
        known = str(name)
        if known in self._functions or known in self._constants or known in self._records or _is_torch_dtype(name):
            return name
        raise RefusedError(name.shown())

    def call(self, function: object, arguments: tuple[object, ...]) -> object:
        known = str(function) if isinstance(function, Name) else ""
        if known in _RECONSTRUCT and arguments:
            return self.new(arguments[0], ())
        if known in self._functions:
            return self._functions[known](*arguments)
        return self.new(function, arguments)

    def new(self, kind: object, arguments: tuple[object, ...]) -> object:
        known = str(kind) if isinstance(kind, Name) else ""
        if known in self._records:
            return Record(known, arguments)
        if known == "collections.OrderedDict":
            return _dictionary(*arguments)
        raise RefusedError(f"a call of {kind.shown() if isinstance(kind, Name) else type(kind).__name__}")

    def set_state(self, value: object, state: object) -> object:
        if isinstance(value, dict):
            return value  # attributes that PyTorch hangs on an ordered dictionary
        if not isinstance(value, Record):
            raise RefusedError(f"to change a {type(value).__name__}")
        for part in state if isinstance(state, tuple) else (state,):  # (fields, slots)
            if isinstance(part, dict):
                value.fields.update({str(key): item for key, item in part.items()})
        return value

    def persistent(self, key: object) -> object:
        if self._storage is None or not isinstance(key, tuple):
            raise RefusedError("data outside the file")
        return self._storage(key)


def _is_torch_dtype(name: Name) -> bool:
    return name.module == "torch" and re.fullmatch(r"(float|int|uint|bfloat|complex)[0-9]+|bool", name.name) is not None


def _encode(text: object, encoding: object) -> bytes:
    """Python 3 writes bytes as Latin-1 text in old protocols."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise RefusedError("a text encoding other than Latin-1")
    return text.encode("latin-1")


def _device(kind: object, index: object = 0) -> str:
    return f"{kind}:{index}" if isinstance(kind, str) and isinstance(index, int) else "unknown"


def _dictionary(items: object = ()) -> dict[object, object]:
    if not isinstance(items, (list, tuple)):
        raise TypeError("pairs expected")
    return keyed((key, value) for key, value in items)


def _set(items: object = ()) -> set[object]:
    if not isinstance(items, (list, tuple)):
        raise TypeError("a list expected")
    return set(keyed((item, None) for item in items))


def _dtype(code: object, *_: object) -> Pending | np.dtype[np.generic]:
    """A NumPy number type. Its byte order follows as state; structured and object types are refused."""
    if not isinstance(code, str) or not (match := _NUMBERS.fullmatch(code)):
        raise RefusedError("a NumPy type that is not a plain number")
    plain = np.dtype(match[1] + match[2])

    def with_order(state: object) -> object:
        if not isinstance(state, tuple) or len(state) < 5 or state[2:5] != (None, None, None) or state[1] not in tuple("<>|="):
            raise RefusedError("a NumPy type that is not a plain number")
        if plain.kind in "SU":
            unit = 4 if plain.kind == "U" else 1
            return np.dtype(f"{state[1]}{plain.kind}{int(state[5]) // unit}")
        return plain.newbyteorder(state[1])

    return Pending(with_order)


def _array(state: object) -> object:
    if not isinstance(state, tuple) or len(state) != 5:
        raise TypeError("the state of an array expected")
    _, shape, dtype, fortran, data = state
    return _shaped(data, dtype, shape, "F" if fortran else "C")


def _from_buffer(data: object, dtype: object, shape: object, order: object) -> object:
    return _shaped(data, dtype, shape, "F" if order == "F" else "C")


def _frozen_set(items: object = ()) -> frozenset[object]:
    return frozenset(_set(items))


def _no_bytes() -> bytes:
    """Old protocols write empty bytes as a call of `bytes`; its other forms could ask for any amount of memory."""
    return b""


def _shaped(data: object, dtype: object, shape: object, order: object) -> AnyArray:
    if not isinstance(dtype, np.dtype) or not isinstance(shape, tuple):
        raise RefusedError("an array of anything but numbers")
    raw = data.encode("latin-1") if isinstance(data, str) else data
    if not isinstance(raw, (bytes, memoryview)):
        raise RefusedError("an array of anything but numbers")
    flat = np.frombuffer(raw, dtype) if len(raw) else np.zeros(0, dtype)
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _scalar(dtype: object, data: object = b"") -> object:
    return _shaped(data, dtype, (1,), "C")[0]


def _tensor(storage: object, offset: object, size: object, stride: object, *_: object) -> AnyArray:
    """A view of a storage. Everything it reaches must lie inside the storage, and it may not be larger (expanded)."""
    if not isinstance(storage, np.ndarray) or not isinstance(size, tuple) or not isinstance(stride, tuple):
        raise TypeError("a storage expected")
    numbers = [n for n in (offset, *size, *stride) if isinstance(n, int) and n >= 0]
    if len(numbers) != 1 + 2 * len(size) or len(size) != len(stride):
        raise ValueError("sizes and strides expected")
    if 0 in size:
        return np.zeros(size, storage.dtype)
    last = numbers[0] + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if last >= len(storage) or math.prod(size) > len(storage):
        raise ValueError("a tensor larger than its storage")
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[numbers[0] :], size, steps, writeable=False)
