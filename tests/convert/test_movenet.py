from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tiny_movenet import WIDTH, write_tiny_movenet
from vitruv.convert.movenet import read_movenet
from vitruv.convert.tfjs_weights import read_tfjs_weights
from vitruv.errors import FormatError, MissingFileError, ModelError
from vitruv.networks.trunks import movenet_from, normalised
from vitruv.networks.trunks.movenet import MULTI_POSE_HEADS, SINGLE_POSE_HEADS


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("movenet") / "tiny.json"
    write_tiny_movenet(path, SINGLE_POSE_HEADS)
    return path


def test_every_weight_comes_back(tmp_path: Path) -> None:
    network = write_tiny_movenet(tmp_path / "m.json", MULTI_POSE_HEADS, seed=3)
    weights = read_movenet(tmp_path / "m.json")
    assert weights.width == WIDTH
    assert set(weights.heads) == set(MULTI_POSE_HEADS)
    state = network.state_dict()
    assert set(weights.arrays) == set(state)
    for name, array in weights.arrays.items():
        assert array.dtype == np.float32
        assert np.array_equal(array, state[name].numpy()), name
    image = torch.zeros(1, 64, 96, 3, dtype=torch.uint8)
    with torch.inference_mode():
        ours, theirs = movenet_from(weights)(normalised(image)), network(normalised(image))
    assert torch.equal(ours.heads["box_scale"], theirs.heads["box_scale"])


def _copy(release: Path, folder: Path, change: Callable[[dict[str, Any]], None], *, cut: int = 0) -> Path:
    graph = json.loads(release.read_text())
    change(graph)
    (folder / "tiny.json").write_text(json.dumps(graph))
    data = release.with_suffix(".bin").read_bytes()
    (folder / "tiny.bin").write_bytes(data[: len(data) - cut])
    return folder / "tiny.json"


def _weights(graph: dict[str, Any]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = graph["weightsManifest"][0]["weights"]
    return entries


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.pop("weightsManifest"), "it has no list `weightsManifest`"),
        (lambda g: g["weightsManifest"].append({"paths": ["tiny.bin"]}), "lacks its lists `paths` and `weights`"),
        (lambda g: g["weightsManifest"][0].update(paths=["../tiny.bin"]), "that does not lie beside it"),
        (lambda g: _weights(g)[0].pop("shape"), "a weight lacks name, dtype or shape"),
        (lambda g: _weights(g)[0].update(shape=[3, -1]), r"has an impossible shape \(3, -1\)"),
        (lambda g: _weights(g)[0].update(shape=[2**20, 2**20]), "has an impossible shape"),
        (lambda g: _weights(g)[0].update(quantization={"dtype": "uint8"}), "is stored as uint8, which this reader does not know"),
        (lambda g: _weights(g)[0].update(shape=[9000, 9000]), "ends before the weight .*: it was cut short"),
        (lambda g: _weights(g).pop(), "holds 4 bytes more than the weights need"),
    ],
)
def test_damaged_manifests(release: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str) -> None:
    path = _copy(release, tmp_path, change)
    with pytest.raises(FormatError, match=message) as caught:
        read_tfjs_weights(path)
    assert str(caught.value).startswith(str(path))


def test_files_that_are_missing_or_no_model(release: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"gone\.json"):
        read_movenet(tmp_path / "gone.json")
    (tmp_path / "text.json").write_text("hello")
    with pytest.raises(FormatError, match=r"not the JSON of a TensorFlow\.js graph model"):
        read_movenet(tmp_path / "text.json")
    cut = _copy(release, tmp_path, lambda g: None, cut=100)
    with pytest.raises(FormatError, match="ends before the weight"):
        read_movenet(cut)
    (tmp_path / "tiny.bin").unlink()
    with pytest.raises(MissingFileError, match=r"tiny\.bin"):
        read_movenet(cut)


def test_another_model(release: Path, tmp_path: Path) -> None:
    path = _copy(release, tmp_path, lambda g: _weights(g)[0].update(name="dense/kernel"))
    with pytest.raises(FormatError, match="not a MoveNet model: it has no layer `model/Conv1`"):
        read_movenet(path)
    path = _copy(release, tmp_path, lambda g: _weights(g)[9].update(name="other"))
    with pytest.raises(ModelError, match=r"the weights do not fit MoveNet at width 0\.25"):
        movenet_from(read_movenet(path))


@pytest.mark.fixtures
def test_released_numbers(shared_dir: Path) -> None:
    """Outputs of the released graphs, recorded with TensorFlow.js."""
    folder = shared_dir / "assets" / "pretrained"
    expected = np.load(folder / "expected.npz")
    image = normalised(torch.from_numpy(expected["image"][None]))
    for name, head, recorded in (
        ("thunder", "joint_heat", "thunder_heat"),
        ("multipose", "centre", "multipose_centre"),
        ("multipose", "box_scale", "multipose_scale"),
    ):
        with torch.inference_mode():
            output = movenet_from(read_movenet(folder / f"movenet-{name}.json"))(image)
        ours = output.heads[head][0].permute(1, 2, 0).numpy()
        assert np.abs(ours - expected[recorded]).max() < 1e-3, (name, head)
        if name == "thunder":
            assert np.abs(output.pyramid[0].permute(1, 2, 0).numpy() - expected["thunder_stride4"]).max() < 1e-3
