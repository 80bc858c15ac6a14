"""Which devices there are, and how many threads to use."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vitruv.errors import ModelError

DEVICES = {
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
    "rocm": "ROCMExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "webgpu": "WebGpuExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
"""Device name -> provider of ONNX Runtime."""

HALF_PROVIDERS = tuple(DEVICES[name] for name in ("cuda", "tensorrt", "migraphx", "rocm", "directml"))
"""Providers that compute faster in half precision. Of the others, processors have no kernels for it, and the rest choose for
themselves what to round."""

PRECISIONS = ("auto", "fp32", "fp16")

# What "auto" tries. The others need a choice: their first run compiles for minutes, or they hand many operators back.
_AUTO = ("cuda", "migraphx", "rocm", "directml")

# More threads than this do not make graphs of this size faster.
_MAX_THREADS = 8

_NUMBERED = re.compile(r"([a-z]+)(?::(\d+))?")


def providers_for(device: str, available: Sequence[str]) -> list[Any]:
    """Providers for a device, in the form ONNX Runtime takes; the processor comes last, for operators the device lacks.

    Raises ModelError when there is no such device, or when it is not among the providers `available`.
    """
    if device == "auto":
        return [DEVICES[name] for name in (*_AUTO, "cpu") if DEVICES[name] in available]
    match = _NUMBERED.fullmatch(device)
    name, number = match.groups() if match else (device, None)
    if name not in DEVICES or (name == "cpu" and number):
        raise ModelError(f"no device {device!r}; choose from auto, {', '.join(DEVICES)} (or a numbered one, as cuda:1)")
    if DEVICES[name] not in available:
        there = [known for known, provider in DEVICES.items() if provider in available]
        raise ModelError(f"device {device!r} is not there: this ONNX Runtime offers {', '.join(there)}; install the build for it")
    if name == "cpu":
        return [DEVICES["cpu"]]
    provider = (DEVICES[name], {"device_id": number}) if number else DEVICES[name]
    return [provider, DEVICES["cpu"]]


def usable_threads() -> int:
    """Threads for one graph: the processors this process may use, a container's quota included, at most eight."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(count, container_quota(Path("/sys/fs/cgroup/cpu.max")), _MAX_THREADS))


def container_quota(cpu_max: Path) -> int:
    """Processors that a control group (version 2) grants, rounded up; the most that is ever used when it sets no limit."""
    try:
        quota, period = cpu_max.read_text().split()
        return -(-int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):  # no such file, "max", or another system
        return _MAX_THREADS
