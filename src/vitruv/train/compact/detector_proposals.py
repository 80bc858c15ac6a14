"""What a detector finds in synthetic scenes, as the finished regressor sees it: what the second look learns from.

The regressor's features of every candidate are computed once and kept in the run's folder, a file for some scenes each, so that a
stopped run goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vitruv.errors import FormatError, InputError
from vitruv.files import read_arrays, write_arrays
from vitruv.geometry import iou
from vitruv.networks import CompactRegressor, SecondLook, normalise
from vitruv.synth import SceneSample
from vitruv.train.engine.files import write_json
from vitruv.types import AnyArray, Float32Array, UInt8Array

SETTINGS_FILE = "settings.json"
SCENES_A_FILE = 25

_LEAST_SIDE_PX, _TOUCHING_IOU = 16, 0.3  # smaller people may be found or not: boxes that overlap them teach nothing


@dataclass(frozen=True, eq=False)
class Candidates:
    """n boxes that a detector found in a picture: boxes_xyxy (n, 4), scores (n,), and how the regressor sees them: crops
    (n, h, w, 3) uint8, places_xyxy (n, 4) the boxes in their crops."""

    boxes_xyxy: Float32Array
    scores: Float32Array
    crops: UInt8Array
    places_xyxy: Float32Array


@dataclass(frozen=True, eq=False)
class Looks:
    """n candidates of many scenes. boxes_xyxy (n, 4), features (n, f) float32, overlap (n,) IoU with the person they fit best,
    scene (n,) and person (n,) int64: who that is."""

    boxes_xyxy: Float32Array
    features: Float32Array
    overlap: Float32Array
    scene: AnyArray
    person: AnyArray


@torch.inference_mode()
def collect(
    folder: Path,
    scenes: Callable[[int], Iterable[SceneSample]],
    settings: dict[str, Any],
    *,
    count: int,
    find: Callable[[UInt8Array], Candidates],
    network: CompactRegressor,
    look: SecondLook,
) -> Iterator[int]:
    """Write the features of the candidates in scenes 0 .. count - 1; yields how many scenes are done, first those found.

    scenes: from a number, the scenes from there on. settings: what they and the features depend on; a folder made with others is
    refused. network: for inference, as `read_model` gives it. Raises InputError, also where count is no multiple of SCENES_A_FILE.
    """
    if count % SCENES_A_FILE:
        raise InputError(f"the number of scenes must be a multiple of {SCENES_A_FILE}, but got {count}")
    folder.mkdir(parents=True, exist_ok=True)
    _same_settings(folder / SETTINGS_FILE, settings)
    done = 0
    while done < count and _file(folder, done).exists():
        done += SCENES_A_FILE
    yield min(done, count)  # a longer run may have been here
    if done >= count:
        return
    rows: list[dict[str, AnyArray]] = []
    for sample in scenes(done):
        rows.append(_rows(sample, done + len(rows), find(sample.image), network, look))
        if len(rows) == SCENES_A_FILE:
            arrays = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
            write_arrays(_file(folder, done), arrays)
            done, rows = done + len(rows), []
            yield done
            if done >= count:
                return


def _rows(sample: SceneSample, scene: int, found: Candidates, network: CompactRegressor, look: SecondLook) -> dict[str, AnyArray]:
    sides = sample.boxes_xyxy[:, 2:] - sample.boxes_xyxy[:, :2]
    asked = np.asarray((sides >= _LEAST_SIDE_PX).all(axis=1))
    overlaps = np.zeros((len(found.scores), len(asked) + 1))  # the last is nobody
    overlaps[:, :-1] = iou(found.boxes_xyxy, sample.boxes_xyxy)
    person, overlap = overlaps.argmax(axis=1), overlaps.max(axis=1)
    person[overlap == 0] = -1
    kept = np.append(asked, True)[person] | (overlap < _TOUCHING_IOU)
    features = np.zeros((0, look.inner.in_features), np.float16)
    if kept.any():
        coarse, fine = network.levels(normalise(torch.from_numpy(found.crops[kept])).contiguous(memory_format=torch.channels_last))
        places, scores = torch.from_numpy(found.places_xyxy[kept]), torch.from_numpy(found.scores[kept])
        features = look.features(coarse, fine, places, scores).half().numpy()
    return {
        "boxes_xyxy": found.boxes_xyxy[kept],
        "features": features,
        "overlap": overlap[kept].astype(np.float32),
        "person": person[kept],
        "scene": np.full(len(features), scene),
        "asked": np.array([int(asked.sum())]),
    }


def _same_settings(path: Path, settings: dict[str, Any]) -> None:
    if not path.exists():
        write_json(path, settings)
    elif json.loads(path.read_text()) != settings:
        raise InputError(f"{path.parent} holds what was seen with another model, pack, size or seed; choose another folder")


def digest_of(network: CompactRegressor) -> str:
    """A short fingerprint of the weights that features depend on."""
    total = hashlib.sha256()
    for name, values in sorted(network.state_dict().items()):
        if not name.startswith("keypoints."):
            total.update(name.encode() + values.float().numpy().tobytes())
    return total.hexdigest()[:16]


def _file(folder: Path, first: int) -> Path:
    return folder / f"looks_{first:06d}.npz"


def read_looks(folder: Path, count: int) -> tuple[Looks, list[int]]:
    """All candidates of the first `count` scenes, and the people asked for in each scene's file."""
    parts = [read_arrays(_file(folder, first)) for first in range(0, count, SCENES_A_FILE)]
    try:
        joined = {
            name: np.concatenate([part[name] for part in parts])
            for name in ("boxes_xyxy", "features", "overlap", "scene", "person")
        }
        asked = [int(n) for part in parts for n in part["asked"]]
    except (KeyError, ValueError) as error:
        raise FormatError(folder, f"holds files that this version did not write ({error}); choose another folder") from None
    return Looks(**joined | {"features": joined["features"].astype(np.float32)}), asked
