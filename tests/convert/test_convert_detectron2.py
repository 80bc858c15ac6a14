"""Reading Detectron2's checkpoints: names and shapes, what is refused and how, and what a converted model holds."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from safetensors.numpy import load_file

from rcnn_checkpoints import random_tensors, write_checkpoint
from vitruv.cli import main
from vitruv.convert import ModelSettings, convert_checkpoint
from vitruv.convert.detectron2 import read_checkpoint
from vitruv.errors import FormatError, InputError, MissingFileError, ModelError, UnsafeFileError, VitruvError
from vitruv.networks.rcnn import DensePoseRCNN
from vitruv.rcnn_config import RCNNArchitecture
from vitruv.runtime.loading import load

SMALL = {"stem_channels": 8, "res2_mid": 4, "res2_out": 8, "fpn_channels": 32, "box_fc": 16, "head_channels": 32, "head_layers": 2}
TINY = RCNNArchitecture(**SMALL, decoder_channels=8)
VARIANTS = {
    "charts": TINY,
    "deeplab": RCNNArchitecture(**{**SMALL, "fpn_channels": 64}, decoder_channels=8, head="deeplab"),
    "confidences": RCNNArchitecture(**SMALL, decoder_channels=8, uv_confidence="indep_aniso", segm_confidence=True),
    "legacy": RCNNArchitecture(**SMALL, decoder_channels=None, coarse_channels=15),
    "embeddings": RCNNArchitecture(**SMALL, decoder_channels=8, embed_channels=16, meshes=(("cow", 90, 12), ("man", 70, 12))),
}
DEEPLAB_101: dict[str, Any] = {"blocks": (3, 4, 23, 3), "head": "deeplab"}
PERSON_MESH = (("smpl_27554", 27554, 256),)


# Tensors, and numbers in them, of the official models: the table in Detectron2's own files, added up.
@pytest.mark.parametrize(
    ("options", "tensors", "numbers"),
    [
        ({"decoder_channels": None, "coarse_channels": 15}, 319, 59_837_487),
        ({"decoder_channels": None, "coarse_channels": 15, "blocks": (3, 4, 23, 3)}, 574, 78_881_839),
        ({}, 335, 63_927_330),
        ({"blocks": (3, 4, 23, 3)}, 590, 82_971_682),
        ({"head": "deeplab"}, 359, 66_162_210),
        (DEEPLAB_101, 614, 85_206_562),
        ({"uv_confidence": "iid_iso"}, 337, 64_132_155),
        ({"uv_confidence": "indep_aniso"}, 341, 64_541_805),
        ({"uv_confidence": "iid_iso", "segm_confidence": True}, 341, 64_148_541),
        ({"uv_confidence": "indep_aniso", "segm_confidence": True}, 345, 64_558_191),
        ({"head": "deeplab", "uv_confidence": "iid_iso", "segm_confidence": True}, 365, 66_383_421),
        ({**DEEPLAB_101, "uv_confidence": "indep_aniso", "segm_confidence": True}, 624, 85_837_423),
        ({"embed_channels": 16, "meshes": PERSON_MESH}, 333, 70_501_863),
        ({"embed_channels": 16, "meshes": PERSON_MESH, "head": "deeplab"}, 357, 72_736_743),
        ({**DEEPLAB_101, "embed_channels": 16, "meshes": PERSON_MESH}, 612, 91_781_095),
    ],
)
def test_official_sizes(options: dict[str, Any], tensors: int, numbers: int) -> None:
    architecture = RCNNArchitecture(**options)
    shapes = architecture.parameter_shapes()
    assert len(shapes) == tensors
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == numbers
    with torch.device("meta"):
        state = DensePoseRCNN(architecture).state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == shapes
    assert RCNNArchitecture.from_dict(json.loads(json.dumps(architecture.as_dict()))) == architecture


@pytest.mark.parametrize("variant", VARIANTS)
def test_architecture_is_read_off_the_tensors(variant: str, tmp_path: Path) -> None:
    tensors = random_tensors(VARIANTS[variant], seed=0)
    read = read_checkpoint(write_checkpoint(tmp_path / "model.pkl", tensors))
    assert read.architecture == VARIANTS[variant] and read.author == "random weights"
    folder = convert_checkpoint(tmp_path / "model.pkl", tmp_path / "model", licence="CC0")
    stored = load_file(folder / "weights.safetensors")
    assert stored.keys() == tensors.keys()
    for name, value in tensors.items():
        np.testing.assert_array_equal(stored[name], value)
    for graph in folder.glob("*.onnx"):
        onnx.checker.check_model(str(graph), full_check=True)
    manifest = json.loads((folder / "model.json").read_text())
    assert manifest["origin"]["licence"] == "CC0" and len(manifest["origin"]["sha256"]) == 64
    people = load(folder, device="cpu")(np.zeros((40, 60, 3), np.uint8), boxes=[[3, 4, 30, 35]])
    assert people.charts[0].size_hw == (31, 27)


def test_files_of_torch_and_harmless_extras(tmp_path: Path) -> None:
    tensors = {f"module.{name}": torch.from_numpy(value) for name, value in random_tensors(TINY, seed=0).items()}
    tensors["module.pixel_mean"] = torch.zeros(3, 1, 1)
    tensors["module.proposal_generator.anchor_generator.cell_anchors.0"] = torch.zeros(3, 4)
    torch.save({"model": tensors, "iteration": 7, "optimizer": {"state": {}}}, tmp_path / "model.pth")
    torch.save(tensors, tmp_path / "bare.pth", _use_new_zipfile_serialization=False)
    for name in ("model.pth", "bare.pth"):
        assert read_checkpoint(tmp_path / name).architecture == TINY


class _Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("bomb",)


def _renamed(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("body_conv_fcn2", "other"): value for name, value in tensors.items()}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda t: t | {"extra": _Bomb()}, UnsafeFileError, "mkdir"),
        (_renamed, FormatError, r"unknown: roi_heads.densepose_head.other.bias, roi_heads.densepose_head.other.weight"),
        (
            lambda t: {n: v for n, v in t.items() if "res4.1.conv2" not in n},
            FormatError,
            "missing: backbone.bottom_up.res4.1.conv2.weight, backbone",
        ),
        (
            lambda t: t | {"roi_heads.box_head.fc2.bias": np.zeros(3, np.float32)},
            FormatError,
            r"wrong shape: roi_heads.box_head.fc2.bias 3 instead of 16",
        ),
        (
            lambda t: t | {"backbone.fpn_output2.bias": np.full(32, np.nan, np.float32)},
            FormatError,
            "backbone.fpn_output2.bias holds values that are not finite",
        ),
        (
            lambda t: t | {"backbone.fpn_output2.bias": np.zeros(32, np.int64)},
            FormatError,
            "backbone.fpn_output2.bias holds int64 instead of floating point numbers",
        ),
        (
            lambda t: {n: v for n, v in t.items() if "densepose" not in n} | {"roi_heads.mask_head.x": np.zeros(1, np.float32)},
            FormatError,
            "it seems to be a Mask R-CNN",
        ),
        (lambda t: {"conv1_w": np.zeros(1, np.float32)}, FormatError, "is no DensePose-RCNN"),
        (lambda t: {}, FormatError, "holds no tensors"),
    ],
)
def test_checkpoints_that_are_refused(change: Any, error: type[VitruvError], message: str, tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "model.pkl", change(random_tensors(TINY, seed=0)))
    with pytest.raises(error, match=message) as caught:
        convert_checkpoint(path, tmp_path / "out")
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    assert not (tmp_path / "bomb").exists() and not Path("bomb").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.pkl"]


def test_files_that_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = write_checkpoint(tmp_path / "whole.pkl", random_tensors(TINY, seed=0)).read_bytes()
    contents = {
        "empty.pkl": b"",
        "cut.pkl": whole[: len(whole) // 2],
        "text.pkl": b"not a checkpoint\n" * 99,
        "caffe2.pkl": pickle.dumps({"blobs": {"conv1_w": np.zeros(3, np.float32)}}, 2),
        # Claims an array of 2**60 numbers in a hundred bytes.
        "huge.pkl": pickle.dumps({"model": {"x": np.broadcast_to(np.float32(0), (1,))}}, 2).replace(
            b"K\x01", b"\x8a\x08" + b"\0" * 7 + b"\x10"
        ),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    for name in (*contents, "absent.pkl"):
        assert main(["convert", str(tmp_path / name), "--output", str(tmp_path / "out")]) == 1, name
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.count("\n") == 1 and name in printed.err, printed.err
        assert not (tmp_path / "out").exists()
    with pytest.raises(MissingFileError):
        read_checkpoint(tmp_path / "absent.pkl")


def test_extra_tensors_on_request(tmp_path: Path) -> None:
    tensors = random_tensors(TINY, seed=0) | {"roi_heads.keypoint_head.weight": np.zeros(2, np.float32)}
    read = read_checkpoint(write_checkpoint(tmp_path / "model.pkl", tensors), allow_extra=True)
    assert read.extra == ("roi_heads.keypoint_head.weight",) and "roi_heads.keypoint_head.weight" not in read.tensors


def test_settings_and_places_are_checked(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "model.pkl", random_tensors(TINY, seed=0))
    with pytest.raises(InputError, match="sizes must be"):
        ModelSettings(min_size=900, max_size=800)
    with pytest.raises(InputError, match="mesh 'cow' is not one of the model's"):
        convert_checkpoint(path, tmp_path / "out", settings=ModelSettings(mesh="cow"))
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="exists already"):
        convert_checkpoint(path, tmp_path / "out")


def test_a_damaged_model_folder(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "model.pkl", random_tensors(TINY, seed=0))
    folder = convert_checkpoint(path, tmp_path / "out")
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="ONNX Runtime cannot load it"):
        load(folder, device="cpu")
    (folder / "model.json").write_text('{"kind": "rcnn"}')
    with pytest.raises(ModelError, match="convert the checkpoint again"):
        load(folder, device="cpu")


def test_convert_and_predict_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = Path(__file__).parents[1] / "data" / "tiny_v1convx"
    model = tmp_path / "model"
    options = ["--min-size", "240", "--max-size", "400", "--max-people", "5", "--proposals", "50"]
    assert main(["convert", str(case / "model.pkl"), "--output", str(model), *options]) == 0
    assert (
        main(
            ["predict", str(case / "image.png"), "--output", str(tmp_path / "out"), "--model", str(model), "--save", "npz", "json"]
        )
        == 0
    )
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    expected = np.load(case / "detect.npz")
    np.testing.assert_allclose([r["score"] for r in results], expected["scores"], atol=1e-3)
