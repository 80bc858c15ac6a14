"""Which anchors and boxes are people: matching and sampling, as Detectron2 does. NumPy; nothing here has a gradient."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vitruv.geometry import iou
from vitruv.geometry.proposals import DETECTION_WEIGHTS, PROPOSAL_WEIGHTS, encode_deltas
from vitruv.types import AnyArray, Float32Array, Int64Array

PROPOSAL_IOU = (0.3, 0.7)
REGION_IOU = 0.5
DENSE_IOU = 0.7
"""Regions must overlap a person by more than this for their dense maps to be trained."""


class AnchorTargets(NamedTuple):
    """labels: (a,) int8, 1 person, 0 background, -1 not sampled. deltas: (a, 4) float32, 0 where not a person."""

    labels: AnyArray
    deltas: Float32Array


def anchor_targets(
    anchors_xyxy: Float32Array, people_xyxy: Float32Array, rng: np.random.Generator, *, sampled: int = 256, positive: float = 0.5
) -> AnchorTargets:
    """An anchor is a person from IoU 0.7 on, or as one of the best for some person; background below 0.3; `sampled` are kept."""
    labels, best = _match_anchors(anchors_xyxy, people_xyxy)
    kept = np.full(len(labels), -1, np.int8)
    people = np.flatnonzero(labels == 1)
    chosen = people[rng.permutation(len(people))[: int(sampled * positive)]]
    kept[chosen] = 1
    ground = np.flatnonzero(labels == 0)
    kept[ground[rng.permutation(len(ground))[: sampled - len(chosen)]]] = 0
    deltas = np.zeros((len(labels), 4), np.float32)
    if len(chosen):
        deltas[chosen] = encode_deltas(anchors_xyxy[chosen], people_xyxy[best[chosen]], PROPOSAL_WEIGHTS)
    return AnchorTargets(kept, deltas)


def _match_anchors(anchors: Float32Array, people: Float32Array) -> tuple[AnyArray, Int64Array]:
    if not len(people):
        return np.zeros(len(anchors), np.int8), np.zeros(len(anchors), np.int64)
    overlap = np.asarray(iou(anchors, people))
    best = overlap.argmax(1)
    most = overlap.max(1)
    labels = np.where(most >= PROPOSAL_IOU[1], 1, np.where(most < PROPOSAL_IOU[0], 0, -1)).astype(np.int8)
    # Every person gets the anchors that fit it best, however badly (all of them, when several are equal).
    top = overlap.max(0)
    labels[((overlap == top) & (top > 0)).any(1)] = 1
    return labels, np.asarray(best, np.int64)


class Regions(NamedTuple):
    """Boxes to train the heads on. boxes_xyxy: (k, 4). person: (k,) int64, index of the person, -1 for background.
    overlap: (k,) float32, with that person. deltas: (k, 4) float32, 0 for background."""

    boxes_xyxy: Float32Array
    person: Int64Array
    overlap: Float32Array
    deltas: Float32Array


def sample_regions(
    proposals_xyxy: Float32Array, people_xyxy: Float32Array, rng: np.random.Generator, *, sampled: int = 512, positive: float = 0.25
) -> Regions:
    """`sampled` of the proposals and the people's own boxes, at most a share `positive` of them people (IoU 0.5 and more)."""
    boxes = np.concatenate([proposals_xyxy, people_xyxy]).astype(np.float32)
    if len(people_xyxy):
        overlap = np.asarray(iou(boxes, people_xyxy))
        best, most = overlap.argmax(1), overlap.max(1)
    else:
        best, most = np.zeros(len(boxes), np.int64), np.zeros(len(boxes))
    person = np.where(most >= REGION_IOU, best, -1)
    people, ground = np.flatnonzero(person >= 0), np.flatnonzero(person < 0)
    people = people[rng.permutation(len(people))[: int(sampled * positive)]]
    ground = ground[rng.permutation(len(ground))[: sampled - len(people)]]
    kept = np.concatenate([people, ground])
    deltas = np.zeros((len(kept), 4), np.float32)
    if len(people):
        deltas[: len(people)] = encode_deltas(boxes[people], people_xyxy[person[people]], DETECTION_WEIGHTS)
    return Regions(boxes[kept], person[kept].astype(np.int64), most[kept].astype(np.float32), deltas)
