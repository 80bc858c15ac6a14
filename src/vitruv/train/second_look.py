"""Training of the second look: what the detector finds in synthetic scenes, judged by the finished regressor's features.

The regressor stays as it is. Its features of every candidate are computed once and kept in the run's folder, a file for some scenes
each, so that a stopped run goes on; then a small perceptron is fitted to them in seconds.
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
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from vitruv.body.arrays import read_npz, write_npz
from vitruv.errors import FormatError, InputError
from vitruv.geometry import iou
from vitruv.networks import CompactRegressor, SecondLook, normalise
from vitruv.synth import SceneSample
from vitruv.train.files import write_json, write_whole
from vitruv.types import AnyArray, Float32Array, UInt8Array

LOOK_FILE, WEIGHTS_FILE = "second_look.json", "second_look.safetensors"
SETTINGS_FILE = "settings.json"
SCENES_A_FILE = 25
LEAST_PRECISION = 0.75
"""Of those whom the second look gives 0.5, or more, this share are people whose box overlaps the true one by half or more."""

_LEAST_SIDE_PX, _TOUCHING_IOU = 16, 0.3  # smaller people may be found or not: boxes that overlap them teach nothing
_WRONG_IOU, _RIGHT_IOU = 0.4, 0.8  # a candidate's target rises from 0 to 1 between them
_EPOCHS, _BATCH, _RATE, _DECAY, _DROPOUT = 30, 256, 2e-3, 0.02, 0.3


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
    """n candidates of many scenes. features (n, f) float32, overlap (n,) IoU with the person they fit best, scene (n,) and person
    (n,) int64: who that is."""

    features: Float32Array
    overlap: Float32Array
    scene: AnyArray
    person: AnyArray


@dataclass(frozen=True)
class LookFigures:
    """On the scenes that were kept aside. threshold: the score from which LEAST_PRECISION are right, which becomes 0.5. precision,
    found: share of candidates above it that are right, and number of people found; detector_found: by the detector alone, at the
    score at which it is as often right."""

    threshold: float
    precision: float
    found: int
    detector_found: int
    people: int


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
    refused (InputError). network: for inference, as `read_model` gives it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _same_settings(folder / SETTINGS_FILE, settings)
    done = 0
    while done < count and _file(folder, done).exists():
        done += SCENES_A_FILE
    yield min(done, count)
    if done >= count:
        return
    rows: list[dict[str, AnyArray]] = []
    for sample in scenes(done):
        rows.append(_rows(sample, done + len(rows), find(sample.image), network, look))
        if len(rows) == SCENES_A_FILE or done + len(rows) == count:
            arrays = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
            write_npz(_file(folder, done), arrays)
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


def save_look(folder: Path, look: SecondLook, settings: dict[str, Any]) -> None:
    """Write WEIGHTS_FILE, and LOOK_FILE with settings and figures."""
    tensors = {name: values.contiguous() for name, values in look.state_dict().items()}
    write_whole(folder / WEIGHTS_FILE, lambda temporary: save_file(tensors, temporary))
    write_json(folder / LOOK_FILE, settings | {"kind": "second_look", "hidden": look.inner.out_features})


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
    parts = [read_npz(_file(folder, first)) for first in range(0, count, SCENES_A_FILE)]
    try:
        joined = {name: np.concatenate([part[name] for part in parts]) for name in ("features", "overlap", "scene", "person")}
        asked = [int(n) for part in parts for n in part["asked"]]
    except (KeyError, ValueError) as error:
        raise FormatError(folder, f"holds files that this version did not write ({error}); choose another folder") from None
    return Looks(joined["features"].astype(np.float32), joined["overlap"], joined["scene"], joined["person"]), asked


def fit(looks: Looks, look: SecondLook, asked: list[int], *, seed: int = 0) -> LookFigures:
    """Train `look` on nine of ten scenes, in place; figures on the others. Raises InputError when too little was found."""
    aside = looks.scene % 10 == 9
    if (looks.overlap[~aside] > _RIGHT_IOU).sum() < 10 or not (looks.overlap[aside] > _RIGHT_IOU).any():
        raise InputError("the detector found too few people in these scenes: give more of them, or train the detector longer")
    torch.manual_seed(seed)
    features = torch.from_numpy(looks.features)
    used = features[torch.from_numpy(~aside)]
    mean, deviation = used.mean(0), used.std(0) + 1e-3
    target = torch.from_numpy(np.clip((looks.overlap - _WRONG_IOU) / (_RIGHT_IOU - _WRONG_IOU), 0, 1)[~aside])
    _learn(look, (used - mean) / deviation, target)
    look.fold_scale(mean, deviation)
    with torch.inference_mode():
        scores = look.judge(features).sigmoid().numpy()
    kept = {"scene": looks.scene[aside], "person": looks.person[aside], "overlap": looks.overlap[aside]}
    threshold, precision, found = _at_precision(scores[aside], **kept)
    _, _, alone = _at_precision(looks.features[aside, -1], **kept)
    people = sum(asked[scene] for scene in range(9, len(asked), 10))
    return LookFigures(threshold=threshold, precision=precision, found=found, detector_found=alone, people=people)


def _learn(look: SecondLook, features: Tensor, target: Tensor) -> None:
    steps = max(len(features) // _BATCH, 1)
    optimizer = torch.optim.AdamW(look.parameters(), lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _EPOCHS * steps)
    for _ in range(_EPOCHS):
        order = torch.randperm(len(features))
        for rows in order.tensor_split(steps):
            hidden = functional.dropout(look.inner(functional.dropout(features[rows], _DROPOUT)).relu(), _DROPOUT)
            loss = functional.binary_cross_entropy_with_logits(look.outer(hidden)[:, 0], target[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()


def _at_precision(scores: AnyArray, *, scene: AnyArray, person: AnyArray, overlap: AnyArray) -> tuple[float, float, int]:
    """The lowest score with LEAST_PRECISION above it, the precision there, and the people found; each counts once."""
    order = np.argsort(-scores, kind="stable")
    right = overlap[order] >= 0.5
    _, first = np.unique(np.stack([scene[order][right], person[order][right]]), axis=1, return_index=True)
    hits = np.zeros(len(order), np.int64)
    hits[np.flatnonzero(right)[first]] = 1
    precision = np.cumsum(hits) / (np.arange(len(order)) + 1)
    good = np.flatnonzero(precision >= LEAST_PRECISION)
    last = int(good[-1]) if len(good) else 0
    return float(scores[order[last]]), float(precision[last]), int(hits[: last + 1].sum())
