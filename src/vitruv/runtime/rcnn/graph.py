"""ONNX graphs that hand values to each other without copying them through NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vitruv.errors import ModelError
from vitruv.runtime.sessions import Session
from vitruv.types import AnyArray, Float32Array

Value = Any
"""A NumPy array, or a value that stays where the graph that made it ran (`onnxruntime.OrtValue`)."""


class Graph(Session):
    """A graph whose outputs stay on its device."""

    def __init__(self, path: Path, *, device: str, threads: int | None = None) -> None:
        super().__init__(path, inputs={}, outputs={}, device=device, threads=threads)
        self.inputs = tuple(node.name for node in self._session.get_inputs())
        self.outputs = tuple(node.name for node in self._session.get_outputs())
        self.provider: str = self._session.get_providers()[0]
        self._device = "cuda" if self.provider in ("CUDAExecutionProvider", "TensorrtExecutionProvider") else "cpu"

    @property
    def on_processor(self) -> bool:
        """Whether the graph runs on the CPU, and its values are in ordinary memory."""
        return self.provider == "CPUExecutionProvider"

    def __call__(self, values: Mapping[str, Value], into: Mapping[str, Float32Array] | None = None) -> dict[str, Value]:
        """Run the graph on those of `values` that it takes. Returns its outputs by name.

        into: on a processor, contiguous arrays of the right shape for outputs to be written to; they come back among the outputs.
        """
        into = into or {}
        binding = self._session.io_binding()
        try:
            for name in self.inputs:
                value = values[name]
                if isinstance(value, np.ndarray):
                    binding.bind_cpu_input(name, np.ascontiguousarray(value))
                else:
                    binding.bind_ortvalue_input(name, value)
            for name in self.outputs:
                if name in into:
                    place = into[name]
                    binding.bind_output(name, "cpu", 0, np.float32, place.shape, place.ctypes.data)
                else:
                    binding.bind_output(name, self._device)
            self._session.run_with_iobinding(binding)
        except RuntimeError as error:  # what ONNX Runtime's errors are made of
            raise ModelError(f"{self._path}: ONNX Runtime failed ({' '.join(str(error).split())})") from error
        return {**dict(zip(self.outputs, binding.get_outputs(), strict=True)), **into}


def array(value: Value) -> AnyArray:
    """A value as a NumPy array; on the CPU without copying, and then only to be read."""
    return value if isinstance(value, np.ndarray) else np.asarray(value.numpy())
