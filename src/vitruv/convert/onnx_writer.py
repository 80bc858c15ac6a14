"""Writes ONNX graphs whose weights lie in a safetensors file beside them.

An ONNX file is a protobuf message; the handful of its fields that are needed here are written directly, so that converting a
checkpoint needs no more than the base install. Field numbers are those of onnx.proto (ONNX IR version 8, operator set 17).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vitruv.types import AnyArray

IR_VERSION = 8
OPERATOR_SET = 17

_DATA_TYPES = {"float32": 1, "int64": 7, "float16": 10}

Attribute = int | float | str | Sequence[int]
Dimension = int | str


@dataclass(frozen=True)
class Stored:
    """Where a tensor lies in a safetensors file."""

    shape: tuple[int, ...]
    dtype: str
    offset: int
    length: int


@dataclass
class OnnxGraph:
    """A graph under construction; every operator method of `OnnxGraph.add` returns the name of the new value.

    weights: tensors of the file `weights_file` that the graph may use by name. half: compute in float16; inputs, outputs and
    stored weights stay float32 and are cast, the weights once, when a graph is loaded.
    """

    name: str
    weights_file: str
    weights: Mapping[str, Stored]
    half: bool = False
    _nodes: list[bytes] = field(default_factory=list)
    _initializers: dict[str, bytes] = field(default_factory=dict)
    _inputs: list[bytes] = field(default_factory=list)
    _outputs: list[bytes] = field(default_factory=list)
    _values: int = 0
    _rounded: dict[str, str] = field(default_factory=dict)

    def input(self, name: str, shape: Sequence[Dimension], dtype: str = "float32") -> str:
        """Declare an input; sizes given as text are free. Not cast: see `rounded`."""
        self._inputs.append(_value_info(name, shape, dtype))
        return name

    def output(self, value: str, name: str, shape: Sequence[Dimension], dtype: str = "float32") -> None:
        """Declare a value an output, under a name of its own."""
        last = self.exact(value) if dtype == "float32" else value
        self._nodes.append(_node("Identity", [last], [name], {}))
        self._outputs.append(_value_info(name, shape, dtype))

    def rounded(self, value: str) -> str:
        """A float32 value in the precision that the graph computes in."""
        if not self.half:
            return value
        if value not in self._rounded:
            self._rounded[value] = self.add("Cast", value, to=_DATA_TYPES["float16"])
        return self._rounded[value]

    def exact(self, value: str) -> str:
        """A value of the graph as float32."""
        return self.add("Cast", value, to=_DATA_TYPES["float32"]) if self.half else value

    def weight(self, name: str) -> str:
        """Use a tensor of the weights file, in the precision that the graph computes in."""
        return self.rounded(self.exact_weight(name))

    def exact_weight(self, name: str) -> str:
        """Use a tensor of the weights file as it is."""
        if name not in self._initializers:
            self._initializers[name] = _external_tensor(name, self.weights[name], self.weights_file)
        return name

    def constant(self, array: AnyArray) -> str:
        """Use a small array, stored in the graph itself, as it is."""
        plain = np.ascontiguousarray(array)
        name = f"constant_{len(self._initializers)}"
        body = b"".join(_integer(1, side) for side in plain.shape) + _integer(2, _DATA_TYPES[plain.dtype.name])
        self._initializers[name] = body + _bytes(8, name.encode()) + _bytes(9, plain.tobytes())
        return name

    def integers(self, *values: int) -> str:
        """A 1-D int64 constant."""
        return self.constant(np.array(values, np.int64))

    def add(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        """Append an operator with one output."""
        return self.add_many(operator, inputs, 1, **attributes)[0]

    def add_many(self, operator: str, inputs: Sequence[str], count: int, **attributes: Attribute) -> list[str]:
        """Append an operator with `count` outputs."""
        names = [f"value_{self._values + i}" for i in range(count)]
        self._values += count
        self._nodes.append(_node(operator, inputs, names, attributes))
        return names

    def write(self, path: Path) -> None:
        """Write the finished graph."""
        graph = b"".join(_bytes(1, node) for node in self._nodes) + _bytes(2, self.name.encode())
        graph += b"".join(_bytes(5, tensor) for tensor in self._initializers.values())
        graph += b"".join(_bytes(11, value) for value in self._inputs) + b"".join(_bytes(12, value) for value in self._outputs)
        model = _integer(1, IR_VERSION) + _bytes(2, b"vitruv") + _bytes(7, graph) + _bytes(8, _integer(2, OPERATOR_SET))
        path.write_bytes(model)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers are written as two's complement of 64 bits
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _float(number: int, value: float) -> bytes:
    return _varint(number << 3 | 5) + struct.pack("<f", value)


def _bytes(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _value_info(name: str, shape: Sequence[Dimension], dtype: str) -> bytes:
    sizes = b"".join(_bytes(1, _integer(1, size) if isinstance(size, int) else _bytes(2, size.encode())) for size in shape)
    tensor = _integer(1, _DATA_TYPES[dtype]) + _bytes(2, sizes)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _node(operator: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, Attribute]) -> bytes:
    body = b"".join(_bytes(1, name.encode()) for name in inputs) + b"".join(_bytes(2, name.encode()) for name in outputs)
    body += _bytes(3, outputs[0].encode()) + _bytes(4, operator.encode())
    return body + b"".join(_bytes(5, _attribute(name, value)) for name, value in attributes.items())


def _attribute(name: str, value: Attribute) -> bytes:
    head = _bytes(1, name.encode())
    if isinstance(value, str):
        return head + _bytes(4, value.encode()) + _integer(20, 3)
    if isinstance(value, float):
        return head + _float(2, value) + _integer(20, 1)
    if isinstance(value, int):
        return head + _integer(3, value) + _integer(20, 2)
    return head + b"".join(_integer(8, item) for item in value) + _integer(20, 7)


def _external_tensor(name: str, stored: Stored, file: str) -> bytes:
    entries = {"location": file, "offset": str(stored.offset), "length": str(stored.length)}
    body = b"".join(_integer(1, side) for side in stored.shape) + _integer(2, _DATA_TYPES[stored.dtype]) + _bytes(8, name.encode())
    for key, value in entries.items():
        body += _bytes(13, _bytes(1, key.encode()) + _bytes(2, value.encode()))
    return body + _integer(14, 1)
