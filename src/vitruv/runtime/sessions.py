"""ONNX graphs, opened on a device and checked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from vitruv.errors import ModelError
from vitruv.runtime.devices import providers_for, usable_threads
from vitruv.types import AnyArray

Shape = tuple[int | None, ...]
"""What a graph's input or output must look like; None where any size will do."""


class Session:
    """An ONNX graph on a device."""

    def __init__(
        self,
        path: Path,
        *,
        inputs: dict[str, Shape],
        outputs: dict[str, Shape],
        device: str = "auto",
        threads: int | None = None,
    ) -> None:
        """Open the graph, and check that it has (at least) these inputs and outputs.

        threads: on a processor; all usable ones when None. 1 is for graphs that several threads run at a time.
        Raises ModelError when the file is missing, is no usable graph or another one, or when the device is not there.
        """
        self._path = path
        self._outputs = tuple(outputs)
        self._session = _open(path, device, threads or usable_threads())
        self._input_shapes = _check(path, "input", self._session.get_inputs(), inputs)
        _check(path, "output", self._session.get_outputs(), outputs)

    def fixed_size(self, name: str, axis: int) -> int | None:
        """The size of an input's axis; None when the graph takes any."""
        size = self._input_shapes[name][axis]
        return size if isinstance(size, int) else None

    def run(self, **inputs: AnyArray) -> tuple[AnyArray, ...]:
        """Run the graph. Returns the outputs in the order in which they were named when it was opened."""
        try:
            return tuple(self._session.run(self._outputs, inputs))
        except Exception as error:  # ONNX Runtime's errors have no base of their own
            raise ModelError(f"{self._path}: ONNX Runtime failed ({_one_line(error)})") from error


def _open(path: Path, device: str, threads: int) -> Any:
    # Newer builds may report usage; a library inside someone's program has no business doing that unasked.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    providers = providers_for(device, onnxruntime.get_available_providers())
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised; the log would repeat it in lines of its own
    options.intra_op_num_threads = threads
    # Two graphs take turns: the threads of the idle one must not spin while the other works.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(str(path), sess_options=options, providers=providers)
    except Exception as error:  # ONNX Runtime's errors have no base of their own
        raise ModelError(f"{path}: ONNX Runtime cannot load it ({_one_line(error)})") from error
    wanted = providers[0] if isinstance(providers[0], str) else providers[0][0]
    if device != "auto" and session.get_providers()[0] != wanted:
        raise ModelError(f"device {device!r} was asked for, but {wanted} could not start; are its drivers and libraries installed?")
    return session


def _check(path: Path, end: str, found: list[Any], expected: dict[str, Shape]) -> dict[str, tuple[Any, ...]]:
    """Names and sizes of a graph's inputs or outputs; a size that the graph leaves open (a name) fits any."""
    shapes = {node.name: tuple(node.shape) for node in found}
    for name, shape in expected.items():
        if name not in shapes:
            raise ModelError(f"{path}: the graph has no {end} {name!r}, only {', '.join(shapes)}")
        fits = len(shape) == len(shapes[name]) and all(
            want is None or not isinstance(has, int) or want == has for want, has in zip(shape, shapes[name], strict=True)
        )
        if not fits:
            raise ModelError(f"{path}: the {end} {name!r} has shape {shapes[name]}, but the model asks for {shape}")
    return shapes


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
