"""What the decoder of the compact regressor learns from: rendered crops as a frozen trunk sees them, kept on disk.

A crop's features take longer to make than the decoder takes to learn from them, and do not change: each crop is rendered and run
through the trunk once, and used many times.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from vitruv.errors import FormatError, InputError
from vitruv.files import read_arrays, replacing
from vitruv.runtime.sessions import Session, Shape
from vitruv.synth import CropConfig, CropSample, CropSampler
from vitruv.types import AnyArray, Float16Array, Float32Array, UInt8Array

FEATURE_NAMES = ("fine", "middle", "coarse", "coarsest", "heat", "joints")
"""Outputs of the trunk's graph, in the order of `vitruv.networks.compact.PersonFeatures`."""

ABOUT = "cache.json"
_FOLDER_SIZE = 1000  # files in a folder


@dataclass(frozen=True, eq=False)
class FeatureSample:
    """A crop as `PersonFeatures` (first axis left out), and the truth.

    box_xyxy: (4,) the person's box in a crop of side 1. labels: (h, w) uint8. uv: (2, h, w) uint8, 255-multiples.
    """

    fine: Float16Array
    middle: Float16Array
    coarse: Float16Array
    coarsest: Float16Array
    heat: Float16Array
    joints: Float32Array
    image: UInt8Array
    box_xyxy: Float32Array
    labels: UInt8Array
    uv: UInt8Array


class FeatureSampler:
    """`sampler(index)`: crop `index % count` of a `CropSampler`, from the cache where it is there, made and stored where not.

    graph: ONNX file of the trunk. cache: a folder; its `cache.json` says what is in it. Raises InputError when it holds something
    else.
    Pickles to its arguments: every worker process opens its own session, with one thread.
    """

    def __init__(self, crops: CropSampler, graph: Path, cache: Path, *, count: int) -> None:
        if count < 1:
            raise InputError(f"crops must be at least 1, but got {count}")
        self._crops, self._graph, self._cache, self.count = crops, graph, cache, count
        self._session: Session | None = None
        _claim(cache, crops, graph)

    def __call__(self, index: int) -> FeatureSample:
        number = index % self.count
        path = self._cache / f"{number // _FOLDER_SIZE:03d}" / f"{number:06d}.npz"
        if path.exists():
            return _read(path)
        sample = self.make(self._crops(number))
        path.parent.mkdir(exist_ok=True)
        with replacing(path) as stream:
            np.savez(stream, **{field.name: getattr(sample, field.name) for field in fields(sample)})
        return sample

    def make(self, crop: CropSample) -> FeatureSample:
        """The features of a crop, without the cache."""
        if self._session is None:
            self._session = open_trunk(self._graph, crop.labels.shape, threads=1)
        return feature_sample(crop, self._session)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_session": None}


def open_trunk(graph: Path, size_hw: Sequence[int], *, threads: int | None = None) -> Session:
    """A trunk's graph, on the processor: `crops` (n, h, w, 3) uint8 -> `FEATURE_NAMES`."""
    outputs: dict[str, Shape] = dict.fromkeys(FEATURE_NAMES, (None, None, None, None))
    outputs["joints"] = (None, 17, 3)
    return Session(graph, inputs={"crops": (None, *size_hw, 3)}, outputs=outputs, device="cpu", threads=threads)


def feature_sample(crop: CropSample, session: Session) -> FeatureSample:
    fine, middle, coarse, coarsest, heat, joints = (output[0] for output in session.run(crops=crop.image[None]))
    side = np.array([crop.labels.shape[1], crop.labels.shape[0]] * 2, np.float32)
    return FeatureSample(
        fine=fine.astype(np.float16),
        middle=middle.astype(np.float16),
        coarse=coarse.astype(np.float16),
        coarsest=coarsest.astype(np.float16),
        heat=heat.astype(np.float16),
        joints=joints,
        image=crop.image,
        box_xyxy=crop.box_xyxy / side,
        labels=crop.labels,
        uv=crop.uv,
    )


def _read(path: Path) -> FeatureSample:
    arrays = read_arrays(path)
    try:
        return FeatureSample(**arrays)
    except TypeError:
        raise FormatError(path, "is not a sample of this version: remove the cache") from None


def _claim(cache: Path, crops: CropSampler, graph: Path) -> None:
    """Write what a new cache holds; insist on the same for one that is there."""
    config: CropConfig = crops.config
    about = {
        "pack": crops.pack.digest,
        "seed": crops.seed,
        "crops": json.loads(json.dumps(asdict(config))),
        "trunk": hashlib.sha256(graph.read_bytes()).hexdigest()[:16],
    }
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / ABOUT
    if not path.exists():
        if any(cache.iterdir()):
            raise InputError(f"{cache} is not empty and no cache of features: choose another folder for --cache")
        with replacing(path) as stream:
            stream.write((json.dumps(about, indent=2) + "\n").encode())
        return
    try:
        before = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise FormatError(path, f"cannot be read ({error})") from None
    if before != about:
        different = ", ".join(name for name in about if not isinstance(before, dict) or before.get(name) != about[name])
        raise InputError(f"{cache} holds features of another {different}: choose another folder for --cache")


def stack(samples: Sequence[FeatureSample]) -> dict[str, AnyArray]:
    """Arrays by name, with the sample as their first axis."""
    return {field.name: np.stack([getattr(s, field.name) for s in samples]) for field in fields(FeatureSample)}
