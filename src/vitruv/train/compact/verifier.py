"""Training of the second look: a small perceptron on the finished regressor's features, fitted in seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from vitruv.errors import InputError
from vitruv.files import replacing_path
from vitruv.geometry import without_doubles
from vitruv.networks import SecondLook
from vitruv.train.compact.detector_proposals import Looks
from vitruv.train.engine.files import write_json
from vitruv.types import AnyArray, BoolArray

LOOK_FILE, WEIGHTS_FILE = "second_look.json", "second_look.safetensors"
LEAST_SCORE = 0.33
"""The detector's score from which the runtime has a second look: lower ones are seldom right, and each look takes as long as
mapping a person."""
MOST_SHARED = 0.95
"""Of two boxes that share more than this of the smaller one, the runtime drops the one that the second look believes less."""
LEAST_PRECISION = 0.8
"""Of those whom the second look gives 0.5, or more, this share are people whose box overlaps the true one by half or more."""

_WRONG_IOU, _RIGHT_IOU = 0.4, 0.8  # a candidate's target rises from 0 to 1 between them
_EPOCHS, _BATCH, _RATE, _DECAY, _DROPOUT = 30, 256, 2e-3, 0.02, 0.3


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
    threshold, precision, found = _at_precision(_told(looks, scores, aside, MOST_SHARED))
    _, _, alone = _at_precision(_told(looks, looks.features[:, -1], aside, 1.0))
    people = sum(asked[scene] for scene in range(9, len(asked), 10))
    return LookFigures(threshold=threshold, precision=precision, found=found, detector_found=alone, people=people)


def _told(looks: Looks, scores: AnyArray, chosen: BoolArray, share: float) -> tuple[AnyArray, AnyArray]:
    """Of the candidates that the runtime looks at, without doubles: scores, falling, and which are a person's first right box."""
    least = math.log(LEAST_SCORE / (1 - LEAST_SCORE))
    chosen = chosen & (looks.features[:, -1] >= least)
    rows = []
    for scene in np.unique(looks.scene[chosen]):
        here = np.flatnonzero(chosen & (looks.scene == scene))
        rows.append(here[without_doubles(looks.boxes_xyxy[here], scores[here], share)])
    told = np.concatenate(rows) if rows else np.zeros(0, np.int64)
    told = told[np.argsort(-scores[told], kind="stable")]
    right = np.flatnonzero(looks.overlap[told] >= 0.5)
    _, first = np.unique(np.stack([looks.scene[told][right], looks.person[told][right]]), axis=1, return_index=True)
    hits = np.zeros(len(told), np.int64)
    hits[right[first]] = 1
    return scores[told], hits


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


def _at_precision(told: tuple[AnyArray, AnyArray]) -> tuple[float, float, int]:
    """The lowest score with LEAST_PRECISION above it, the precision there, and the people found."""
    scores, hits = told
    precision = np.cumsum(hits) / (np.arange(len(hits)) + 1)
    good = np.flatnonzero(precision >= LEAST_PRECISION)
    last = int(good[-1]) if len(good) else 0
    return float(scores[last]), float(precision[last]), int(hits[: last + 1].sum())


def save_look(folder: Path, look: SecondLook, settings: dict[str, Any]) -> None:
    """Write WEIGHTS_FILE, and LOOK_FILE with settings and figures."""
    tensors = {name: values.contiguous() for name, values in look.state_dict().items()}
    with replacing_path(folder / WEIGHTS_FILE) as temporary:
        save_file(tensors, temporary)
    write_json(folder / LOOK_FILE, settings | {"kind": "second_look", "hidden": look.inner.out_features})
