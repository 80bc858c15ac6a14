"""What the samplers hand out: one person in a crop, or a whole picture; and batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from vitruv.types import Float32Array, Int32Array, Int64Array, UInt8Array


@dataclass(frozen=True, eq=False)
class CropSample:
    """One target person in a crop, cut as the runtime cuts it. Pixels are crop pixels (x right, y down, centres at +0.5).

    image: (h, w, 3) uint8 RGB. Other people and things in the picture are simply part of it.
    labels: (h, w) uint8, 0..24: the chart of the TARGET's body under the clothes, where the target is what is seen; 0 elsewhere
        (background, other people, things in front, cloth and hair beyond the body).
    uv: (2, h, w) uint8: U and V as round(255 u), round(255 v); 0 where labels is 0.
    keypoints: (17, 3) float32: x, y, visibility of the COCO joints of the target. 0 not in the crop (x = y = 0), 1 in the crop
        but hidden by something or by the body itself, 2 seen.
    box_xyxy: (4,) float32: exact box of the target's seen surface (clothes and hair included), cut at the picture's border; the
        crop window was made from a disturbed copy of it, as a detector would give it.
    """

    image: UInt8Array
    labels: UInt8Array
    uv: UInt8Array
    keypoints: Float32Array
    box_xyxy: Float32Array


@dataclass(frozen=True, eq=False)
class CropBatch:
    """`CropSample`s stacked along a first axis; `indices` (n,) int64 says which samples they are."""

    indices: Int64Array
    image: UInt8Array
    labels: UInt8Array
    uv: UInt8Array
    keypoints: Float32Array
    box_xyxy: Float32Array

    def __len__(self) -> int:
        return len(self.indices)

    @classmethod
    def stack(cls, indices: Sequence[int], samples: Sequence[CropSample]) -> CropBatch:
        return cls(
            indices=np.asarray(indices, np.int64),
            image=np.stack([s.image for s in samples]),
            labels=np.stack([s.labels for s in samples]),
            uv=np.stack([s.uv for s in samples]),
            keypoints=np.stack([s.keypoints for s in samples]),
            box_xyxy=np.stack([s.box_xyxy for s in samples]),
        )


@dataclass(frozen=True, eq=False)
class SceneSample:
    """A whole picture with n people, n = 0 included. People are ordered from near to far.

    image: (h, w, 3) uint8 RGB.
    boxes_xyxy: (n, 4) float32: tight box of what is seen of each person (clothes and hair included), inside the picture. People
        of whom almost nothing is seen are left out, so every listed one has a box.
    labels: (h, w) uint8, 0..24: chart of the body under the clothes of whoever is seen.
    uv: (2, h, w) uint8: U and V as round(255 u), round(255 v); 0 where labels is 0.
    person: (h, w) int32: 0 nobody, i + 1 person i. Cloth and hair count as the person, so it may be set where labels is 0.
    keypoints: (n, 17, 3) float32: x, y, visibility (0 outside the picture, 1 hidden, 2 seen).
    """

    image: UInt8Array
    boxes_xyxy: Float32Array
    labels: UInt8Array
    uv: UInt8Array
    person: Int32Array
    keypoints: Float32Array


@dataclass(frozen=True, eq=False)
class ClipFrame:
    """One frame of a clip with n people, the same in all its frames and in the same order.

    image, labels, uv, person: as in `SceneSample`; person i is i + 1 in every frame. boxes_xyxy: (n, 4) float32, all 0 for who is
    not seen in this frame. index: number of the frame. time_s: seconds since the first one.
    """

    image: UInt8Array
    labels: UInt8Array
    uv: UInt8Array
    person: Int32Array
    boxes_xyxy: Float32Array
    index: int
    time_s: float


Sample_co = TypeVar("Sample_co", covariant=True)


class Sampler(Protocol[Sample_co]):
    """A pure function of (its seed, index): the same sample, byte for byte, in any process and any order. Can be pickled."""

    def __call__(self, index: int) -> Sample_co: ...
