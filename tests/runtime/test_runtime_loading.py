"""`load`, and every way in which a model can be unusable."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toy_model import write_toy_model
from vitruv import load
from vitruv.errors import ModelError, VitruvError
from vitruv.runtime import Predictor


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_toy_model(tmp_path / "toy")


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / "model.json").read_text())
    edit(manifest)
    (folder / "model.json").write_text(json.dumps(manifest))


def test_by_folder_or_by_manifest(folder: Path) -> None:
    assert isinstance(load(folder), Predictor)
    assert isinstance(load(str(folder / "model.json"), device="cpu"), Predictor)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(VitruvError, match="nowhere"):
        load(tmp_path / "nowhere")


def test_folder_without_manifest(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.json: there is no such file, so this folder is not a model"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"model\.json: cannot be read as JSON"),
        ("[]", r"model\.json: expected a JSON object, but got list"),
        ("{}", r"model\.json: kind is None, but this version knows 'compact'"),
        ('{"kind": "other"}', r"kind is 'other'"),
        ('{"kind": ["compact"]}', r"kind is \['compact'\]"),
        ('{"kind": "compact"}', r"model\.json lacks detector\.file"),
        ('{"kind": "compact", "detector": 3}', r"model\.json lacks detector\.file"),
    ],
)
def test_unusable_manifest(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(ModelError, match=message):
        load(tmp_path)


@pytest.mark.parametrize(
    ("part", "name", "value", "message"),
    [
        (
            "detector",
            "file",
            "../detector.onnx",
            r"detector\.file must be .*, but is '\.\./detector\.onnx'",
        ),
        ("detector", "file", 3, r"detector\.file must be the name of a file beside it"),
        ("regressor", "size_hw", [120], r"regressor\.size_hw must be two positive integers, height and width, but is \[120\]"),
        ("regressor", "size_hw", [120, True], r"regressor\.size_hw must be two positive integers"),
        ("detector", "nms_iou", 2, r"detector\.nms_iou must be a number from 0 to 1, but is 2"),
        ("detector", "pad_value", "x", r"detector\.pad_value must be a number from 0 to 255, but is 'x'"),
        ("regressor", "box_scale", 0.5, r"regressor\.box_scale must be a number from 1 to 4"),
        (
            "regressor",
            "size_hw",
            [64, 64],
            r"'crops' has shape \('n', 64, 48, 3\), but the model asks for \(None, 64, 64, 3\)",
        ),
        ("regressor", "output_size_hw", [8, 8], r"the output 'logits' has shape"),
        ("regressor", "file", "detector.onnx", r"detector\.onnx: the graph has no input 'crops', only image"),
        ("regressor", "file", "gone.onnx", r"gone\.onnx: there is no such file"),
    ],
)
def test_entries_are_checked(folder: Path, part: str, name: str, value: object, message: str) -> None:
    change(folder, lambda manifest: manifest[part].update({name: value}))
    with pytest.raises(ModelError, match=message):
        load(folder)


@pytest.mark.parametrize(("part", "name"), [("detector", "pad_value"), ("regressor", "box_scale"), ("regressor", "output_size_hw")])
def test_entries_may_not_be_missing(folder: Path, part: str, name: str) -> None:
    change(folder, lambda manifest: manifest[part].pop(name))
    with pytest.raises(ModelError, match=rf"model\.json lacks {part}\.{name}"):
        load(folder)


@pytest.mark.parametrize("content", [b"", b"not a graph", bytes(1000)])
def test_a_file_that_is_no_graph(folder: Path, content: bytes) -> None:
    (folder / "detector.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=r"detector\.onnx: ") as caught:
        load(folder)
    assert "\n" not in str(caught.value)


def test_unknown_device(folder: Path) -> None:
    with pytest.raises(ModelError, match="no device 'abacus'"):
        load(folder, device="abacus")


def test_unknown_precision(folder: Path) -> None:
    with pytest.raises(ModelError, match="no precision 'fp8'; choose from auto, fp32, fp16"):
        load(folder, device="cpu", precision="fp8")


def test_half_precision_is_for_official_models(folder: Path) -> None:
    with pytest.raises(ModelError, match="a model of this kind computes in fp32 only"):
        load(folder, device="cpu", precision="fp16")
