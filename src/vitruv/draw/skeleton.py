"""Joints and the bones between them, over a picture."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from vitruv.draw.canvas_size import checked_picture, line_width_px
from vitruv.results import DensePoses
from vitruv.types import UInt8Array

# Pairs of COCO's 17 keypoints, by position in the list. Colours as in the palette of charts: warm is the person's right.
BONES = (
    *((5, 7), (7, 9), (6, 8), (8, 10), (5, 6), (11, 12), (5, 11), (6, 12)),
    *((11, 13), (13, 15), (12, 14), (14, 16), (0, 1), (0, 2), (1, 3), (2, 4)),
)
_LEFT, _RIGHT, _MIDDLE = (64, 207, 255), (255, 167, 70), (255, 255, 255)


def skeletons(rgb: UInt8Array, people: DensePoses, *, min_score: float = 0.3) -> UInt8Array:
    """Draw the keypoints of `people` over their picture: the person's left in blue, the right in orange, on a black rim.

    rgb: (h, w, 3) uint8, the picture that `people` was made from. min_score: joints below it, and their bones, are left out.
    Returns a new array of the same shape; people without keypoints leave it as it is. Raises InputError for another size.
    """
    checked_picture(rgb, people)
    if people.keypoints is None:
        return rgb.copy()
    width = line_width_px(people.size_hw)
    image = Image.fromarray(rgb)
    pen = ImageDraw.Draw(image)
    for joints in people.keypoints:
        seen = joints[:, 2] >= min_score
        bones = [(a, b) for a, b in BONES if seen[a] and seen[b]]
        for extra, rim in ((2, True), (0, False)):
            for a, b in bones:
                ends = (*joints[a, :2].tolist(), *joints[b, :2].tolist())
                pen.line(ends, fill=(0, 0, 0) if rim else _colour(a, b), width=width + extra)
        radius = width + 1
        for joint in np.flatnonzero(seen).tolist():
            x, y = joints[joint, :2].tolist()
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_colour(joint, joint), outline=(0, 0, 0))
    return np.asarray(image)


def _colour(a: int, b: int) -> tuple[int, int, int]:
    """Odd keypoints are on the left, even ones on the right, 0 is the nose."""
    if 0 in (a, b) or a % 2 != b % 2:
        return _MIDDLE
    return _LEFT if a % 2 else _RIGHT
