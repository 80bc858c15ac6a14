"""The person detector: a whole picture in, boxes of people out.

A first, coarse look finds whoever is large. Only where it sees somebody small, or thinks it might, a second look at a higher
resolution finds more of them: crowds and people far away pay for it, portraits do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitruv.geometry import clip, nms
from vitruv.runtime.compact.crops import letterbox
from vitruv.runtime.sessions import Session
from vitruv.types import Float32Array, UInt8Array

_CELL = 4  # pixels of the input between the centres that the network tells apart
_MULTIPLE = 32  # sides of the input must be
# More candidates than this before suppression, or people after it, is no picture but a failure of the network.
_MAX_CANDIDATES = 1000
_MAX_PEOPLE = 200


@dataclass(frozen=True)
class DetectorConfig:
    """How a picture is looked at.

    coarse_px, fine_px: longer side of the network's input at the two looks; fine_px None: one look only.
    fine_below: the fine look is taken where the coarse one sees somebody whose longer side is less than this share of the
    picture's, and believed for people smaller than `fine_max`. min_side_px: boxes whose longer side is shorter, in pixels of the
    network's input, are too small to be told from noise. min_score: nothing below is looked at. nms_iou: of two boxes that overlap
    more, the one with the lower score is left out.
    """

    coarse_px: int = 256
    fine_px: int | None = 512
    fine_below: float = 0.35
    fine_max: float = 0.5
    min_side_px: float = 24.0
    min_score: float = 0.1
    nms_iou: float = 0.6
    pad_value: int = 0


class Detector:
    """A graph `image` (1, H, W, 3) uint8, H and W multiples of 32 -> `centres` (1, 1, H / 4, W / 4), how surely a person's middle
    lies in a cell, 0..1, `sizes` and `offsets` (1, 2, H / 4, W / 4), of the box there: y, x, in cells."""

    def __init__(self, path: Path, config: DetectorConfig, *, device: str) -> None:
        self._session = Session(
            path,
            inputs={"image": (None, None, None, 3)},
            outputs={"centres": (None, 1, None, None), "sizes": (None, 2, None, None), "offsets": (None, 2, None, None)},
            device=device,
        )
        self.config = config

    def find(self, rgb: UInt8Array) -> tuple[Float32Array, Float32Array]:
        """People in a picture: boxes (n, 4) float32 xyxy in its pixels, inside it, and scores (n,) float32, falling.

        Everybody with a score of at least `min_score`: a caller's threshold only cuts this list.
        """
        config = self.config
        boxes, scores = self._look(rgb, config.coarse_px)
        longest = max(rgb.shape[:2])
        if config.fine_px is not None and (_longer_side(boxes) < config.fine_below * longest).any():
            more, more_scores = self._look(rgb, config.fine_px)
            small = _longer_side(more) < config.fine_max * longest
            boxes, scores = np.concatenate([boxes, more[small]]), np.concatenate([scores, more_scores[small]])
        kept = nms(boxes, scores, config.nms_iou)[:_MAX_PEOPLE]
        return boxes[kept].astype(np.float32), scores[kept].astype(np.float32)

    def _look(self, rgb: UInt8Array, longest_px: int) -> tuple[Float32Array, Float32Array]:
        image, (scale_x, scale_y) = letterbox(rgb, input_size(rgb.shape[:2], longest_px), self.config.pad_value)
        centres, sizes, offsets = (part[0] for part in self._session.run(image=image[None]))
        boxes, scores = boxes_of_centres(centres[0], sizes, offsets, self.config.min_score)
        boxes = boxes * _CELL
        large = _longer_side(boxes) >= self.config.min_side_px
        boxes, scores = boxes[large], scores[large]
        boxes = clip(boxes / np.array([scale_x, scale_y, scale_x, scale_y], np.float32), (rgb.shape[0], rgb.shape[1]))
        # What is left of a box at the border, or of a network's wild guess, must still cover a pixel.
        solid = ((boxes[:, 2:] - boxes[:, :2]) >= 1).all(axis=1)
        return boxes[solid], scores[solid]


def input_size(size_hw: tuple[int, ...], longest_px: int) -> tuple[int, int]:
    """Height and width of the input for a picture: the longer side `longest_px`, the shorter one as little as holds it."""
    height, width = size_hw[:2]
    shorter = longest_px * min(height, width) / max(height, width)
    rounded = min(max(int(np.ceil(round(shorter) / _MULTIPLE)) * _MULTIPLE, _MULTIPLE), longest_px)
    return (rounded, longest_px) if height <= width else (longest_px, rounded)


def boxes_of_centres(
    centres: Float32Array, sizes: Float32Array, offsets: Float32Array, min_score: float
) -> tuple[Float32Array, Float32Array]:
    """Boxes (n, 4) xyxy in cells and scores (n,) of the cells that no neighbour exceeds, where they reach `min_score`.

    centres: (h, w). sizes, offsets: (2, h, w), y and x. Of equal neighbours, all are kept; suppression is left to the caller.
    """
    height, width = centres.shape
    around = np.pad(centres, 1, constant_values=-np.inf)
    best = np.max([around[i : i + height, j : j + width] for i in range(3) for j in range(3)], axis=0)
    rows, columns = np.nonzero((centres >= best) & (centres >= min_score))
    scores = centres[rows, columns]
    if len(scores) > _MAX_CANDIDATES:
        chosen = np.argpartition(-scores, _MAX_CANDIDATES)[:_MAX_CANDIDATES]
        rows, columns, scores = rows[chosen], columns[chosen], scores[chosen]
    middle = np.stack([columns + offsets[1, rows, columns], rows + offsets[0, rows, columns]], axis=1)
    half = np.stack([sizes[1, rows, columns], sizes[0, rows, columns]], axis=1) / 2
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32), scores.astype(np.float32)


def _longer_side(boxes_xyxy: Float32Array) -> Float32Array:
    return np.asarray((boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).max(axis=1, initial=0.0), np.float32)
