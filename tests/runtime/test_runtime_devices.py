"""Devices by name, and how many threads are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from vitruv.errors import ModelError
from vitruv.runtime.devices import container_quota, providers_for, usable_threads

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


@pytest.mark.parametrize(
    ("device", "available", "expected"),
    [
        ("auto", [CPU], [CPU]),
        ("auto", ["AzureExecutionProvider", CPU], [CPU]),
        ("auto", [CPU, CUDA], [CUDA, CPU]),
        ("auto", [CPU, "CoreMLExecutionProvider"], [CPU]),
        ("cpu", [CPU, CUDA], [CPU]),
        ("cuda", [CPU, CUDA], [CUDA, CPU]),
        ("cuda:1", [CPU, CUDA], [(CUDA, {"device_id": "1"}), CPU]),
        ("coreml", [CPU, "CoreMLExecutionProvider"], ["CoreMLExecutionProvider", CPU]),
    ],
)
def test_providers(device: str, available: list[str], expected: list[object]) -> None:
    assert providers_for(device, available) == expected


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("cuda", "device 'cuda' is not there: this ONNX Runtime offers cpu; install the build for it"),
        ("gpu", "no device 'gpu'; choose from auto, cuda, "),
        ("cpu:1", "no device 'cpu:1'"),
        ("", "no device ''"),
        ("cuda:x", "no device 'cuda:x'"),
    ],
)
def test_devices_that_are_not_there(device: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        providers_for(device, [CPU])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("max 100000\n", 8), ("200000 100000\n", 2), ("150000 100000", 2), ("50000 100000", 1), ("odd", 8), ("1 0", 8)],
)
def test_container_quota(tmp_path: Path, text: str, expected: int) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert container_quota(tmp_path / "cpu.max") == expected


def test_no_container(tmp_path: Path) -> None:
    assert container_quota(tmp_path / "cpu.max") == 8
    assert 1 <= usable_threads() <= 8
