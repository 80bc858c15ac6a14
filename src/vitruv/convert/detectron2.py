"""Detectron2's DensePose checkpoints: from a .pkl or .pth file to named tensors and the architecture they belong to.

Files come from people one does not know, so they are read by `vitruv.formats.safe_pickle`, which runs nothing of them. The
architecture is read off the tensors themselves, so that variants convert too; then every tensor must be there, with its shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitruv.errors import FormatError
from vitruv.formats.safe_pickle import read_pickle
from vitruv.rcnn_config import RCNNArchitecture
from vitruv.types import AnyArray, Float32Array, PathLike

_IGNORED = re.compile(r"pixel_mean|pixel_std|proposal_generator\.anchor_generator\.cell_anchors\.\d+|.*\.num_batches_tracked")
_NAMED_AT_ONCE = 6


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A checked checkpoint.

    tensors: float32, named and shaped as `architecture.parameter_shapes()`. author: what the file says of its maker.
    extra: names of tensors that the architecture has no place for.
    """

    architecture: RCNNArchitecture
    tensors: dict[str, Float32Array]
    author: str
    extra: tuple[str, ...] = ()


def read_checkpoint(path: PathLike, *, box_pooler_aligned: bool = False, allow_extra: bool = False) -> Checkpoint:
    """Read and check a checkpoint.

    box_pooler_aligned: the one property of a model that leaves no trace in its tensors; true for the `evolution` models.
    allow_extra: accept tensors that belong to no part of a DensePose-RCNN (another head, say), and leave them out.
    Raises FormatError for what is no such checkpoint, listing tensors by name, UnsafeFileError for a pickle that asks for more
    than data, and the errors of `read_pickle` for files that cannot be read.
    """
    path = Path(path)
    content = read_pickle(path)
    arrays = _named_arrays(path, content)
    architecture = _infer(path, arrays, box_pooler_aligned=box_pooler_aligned)
    shapes = architecture.parameter_shapes()
    missing = [name for name in shapes if name not in arrays]
    wrong = [
        f"{name} {_size(arrays[name].shape)} instead of {_size(shape)}"
        for name, shape in shapes.items()
        if name in arrays and arrays[name].shape != shape
    ]
    extra = sorted(name for name in arrays if name not in shapes)
    faults = [("missing", missing), ("of the wrong shape", wrong), ("unknown", [] if allow_extra else extra)]
    found = "; ".join(f"{kind}: {_listed(names)}" for kind, names in faults if names)
    if found:
        raise FormatError(path, f"does not hold the tensors of a DensePose-RCNN ({found})")
    tensors = {name: _as_float32(path, name, arrays[name]) for name in shapes}
    author = content.get("__author__", "") if isinstance(content, dict) else ""
    return Checkpoint(architecture, tensors, str(author), tuple(extra))


def _named_arrays(path: Path, content: object) -> dict[str, AnyArray]:
    """The arrays of a checkpoint, whether bare or under `model`, without those that hold no knowledge."""
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        content = content["model"]
    elif isinstance(content, dict) and ("blobs" in content or any(str(name).endswith("_w") for name in content)):
        raise FormatError(
            path, "is a model of Caffe2 (the original DensePose), whose boxes follow other rules; use one of Detectron2"
        )
    if not isinstance(content, dict):
        raise FormatError(path, f"holds {type(content).__name__} instead of a dictionary of tensors, so it is no checkpoint")
    arrays = {}
    for name, value in content.items():
        if isinstance(name, str) and isinstance(value, np.ndarray):
            plain = name.removeprefix("module.")
            if not _IGNORED.fullmatch(plain):
                arrays[plain] = value
    if not arrays:
        raise FormatError(path, "holds no tensors, so it is no checkpoint")
    return arrays


def _infer(path: Path, arrays: Mapping[str, AnyArray], *, box_pooler_aligned: bool) -> RCNNArchitecture:
    """Read widths and variants off the shapes of a few tensors that every variant has."""

    def side(name: str, axis: int) -> int:
        array = arrays.get(name)
        if array is None or array.ndim <= axis:
            what = _what_it_seems(arrays)
            raise FormatError(path, f"is no DensePose-RCNN with a ResNet and a feature pyramid: it lacks {name}{what}")
        return int(array.shape[axis])

    def count(pattern: str) -> int:
        return len({m.group(1) for m in map(re.compile(pattern).fullmatch, arrays) if m})

    head, predictor = "roi_heads.densepose_head", "roi_heads.densepose_predictor"
    is_embedding = f"{predictor}.embed_lowres.weight" in arrays
    coarse = "coarse_segm_lowres" if is_embedding else "ann_index_lowres"
    trunk = "backbone.bottom_up"
    stages = [count(rf"{re.escape(trunk)}\.res{stage}\.(\d+)\.conv1\.weight") for stage in (2, 3, 4, 5)]
    has = {name: f"{predictor}.{name}_lowres.weight" in arrays for name in ("sigma_2", "kappa_u", "fine_segm_confidence")}
    try:
        return RCNNArchitecture(
            stem_channels=side(f"{trunk}.stem.conv1.weight", 0),
            res2_mid=side(f"{trunk}.res2.0.conv1.weight", 0),
            res2_out=side(f"{trunk}.res2.0.conv3.weight", 0),
            blocks=(stages[0], stages[1], stages[2], stages[3]),
            fpn_channels=side("backbone.fpn_lateral2.weight", 0),
            box_fc=side("roi_heads.box_head.fc1.weight", 0),
            num_classes=side("roi_heads.box_predictor.cls_score.weight", 0) - 1,
            head_channels=side(f"{head}.body_conv_fcn1.weight", 0),
            head_layers=count(rf"{re.escape(head)}\.body_conv_fcn(\d+)\.weight"),
            head="deeplab" if any(name.startswith(f"{head}.ASPP.") for name in arrays) else "v1convx",
            decoder_channels=side("roi_heads.decoder.p2.0.weight", 0) if "roi_heads.decoder.p2.0.weight" in arrays else None,
            coarse_channels=side(f"{predictor}.{coarse}.weight", 1),
            uv_confidence=("indep_aniso" if has["kappa_u"] else "iid_iso") if has["sigma_2"] else None,
            segm_confidence=has["fine_segm_confidence"],
            embed_channels=side(f"{predictor}.embed_lowres.weight", 1) if is_embedding else None,
            meshes=tuple(_meshes(arrays)) if is_embedding else (),
            box_pooler_aligned=box_pooler_aligned,
        )
    except ValueError as error:
        raise error if isinstance(error, FormatError) else FormatError(path, f"is no DensePose-RCNN: {error}") from None


def _meshes(arrays: Mapping[str, AnyArray]) -> Iterable[tuple[str, int, int]]:
    for name, array in sorted(arrays.items()):
        match = re.fullmatch(r"roi_heads\.embedder\.embedder_(.+)\.features", name)
        if match and array.ndim == 2:
            yield match.group(1), int(array.shape[0]), int(array.shape[1])


def _what_it_seems(arrays: Mapping[str, AnyArray]) -> str:
    """A word on what a file is instead, for the commonest mistakes."""
    if any(name.startswith("backbone.bottom_up.stage") for name in arrays):
        return " (its trunk is an HRNet)"
    if any(name.startswith("roi_heads.mask_head.") for name in arrays):
        return " (it seems to be a Mask R-CNN)"
    if any(re.fullmatch(r"layer1\.0\.conv1\.weight|stem\.conv1\.weight", name) for name in arrays):
        return " (it seems to be a trunk alone)"
    return f" (its first tensors are {_listed(list(arrays))})"


def _as_float32(path: Path, name: str, array: AnyArray) -> Float32Array:
    if array.dtype.kind != "f":
        raise FormatError(path, f"{name} holds {array.dtype} instead of floating point numbers")
    plain = np.asarray(array, np.float32)
    if not np.isfinite(plain).all():
        raise FormatError(path, f"{name} holds values that are not finite, so the checkpoint is damaged or its training diverged")
    return plain


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED_AT_ONCE])
    rest = len(names) - _NAMED_AT_ONCE
    return f"{shown} and {rest} more" if rest > 0 else shown


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"
