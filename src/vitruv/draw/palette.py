"""Colours of the 24 charts, and the legend that names them."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vitruv.errors import InputError
from vitruv.surface import CHART_NAMES, NUM_LABELS
from vitruv.types import UInt8Array

PaletteName = Literal["vitruv", "parula", "viridis"]

# Colours by label 0..24, red green blue.
#
# vitruv: the person's right is warm, the left is cool, the torso green; fronts are light and backs dark (lightness .80 and .58 in
# OKLCH, each hue as strong as sRGB allows at that lightness), so that a mirrored or turned limb is seen at a glance.
#
# parula and viridis: entry trunc(255 I / 24) of the two colour maps of those names, which networks for try-on and animation were
# trained on. Background is black with parula and the first colour of the map with viridis; label 0 of parula is never painted.
_COLOURS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "vitruv": (
        (0, 0, 0),
        *((73, 143, 0), (118, 220, 18)),  # torso
        *((248, 79, 204), (198, 113, 254), (29, 180, 180), (198, 150, 18)),  # hands, feet
        *((205, 72, 5), (2, 120, 231), (253, 164, 133), (146, 193, 253)),  # upper legs
        *((174, 103, 0), (0, 135, 171), (255, 167, 70), (64, 207, 255)),  # lower legs
        *((171, 185, 254), (253, 161, 160), (90, 96, 254), (226, 9, 60)),  # upper arms
        *((195, 176, 253), (253, 156, 186), (138, 74, 245), (220, 0, 117)),  # lower arms
        *((236, 210, 25), (26, 221, 174)),  # head
    ),
    "parula": (
        (0, 0, 0),
        *(
            (37, 60, 163),
            (20, 80, 194),
            (4, 97, 223),
            (8, 110, 221),
            (14, 122, 216),
            (20, 132, 212),
            (15, 144, 208),
            (11, 156, 203),
        ),
        *((6, 166, 198), (22, 173, 185), (38, 179, 172), (55, 185, 159), (86, 187, 144), (114, 189, 130), (145, 191, 116)),
        *((170, 189, 105), (192, 188, 96), (216, 186, 86), (228, 192, 74), (240, 199, 60), (252, 206, 46), (251, 220, 36)),
        *((250, 235, 25), (249, 251, 14)),
    ),
    "viridis": (
        (68, 1, 84),
        *((71, 16, 99), (72, 31, 112), (71, 44, 122), (68, 57, 131), (64, 70, 136), (59, 81, 139), (54, 93, 141), (49, 104, 142)),
        *((44, 113, 142), (40, 124, 142), (37, 133, 142), (33, 144, 141), (31, 154, 138), (32, 163, 134), (39, 173, 129)),
        *((53, 183, 121), (70, 192, 111), (92, 200, 99), (115, 208, 86), (142, 214, 69), (170, 220, 50), (197, 224, 33)),
        *((226, 228, 24), (253, 231, 37)),
    ),
}


def palette(name: PaletteName = "vitruv") -> UInt8Array:
    """(25, 3) uint8: colours by label, background first."""
    if name not in _COLOURS:
        raise InputError(f"palette must be one of {', '.join(get_args(PaletteName))}, but got {name!r}")
    return np.array(_COLOURS[name], np.uint8)


def colour_labels(labels: UInt8Array, name: PaletteName = "vitruv") -> UInt8Array:
    """labels (h, w) uint8, 0..24 -> (h, w, 3) uint8, one flat colour per chart."""
    return np.ascontiguousarray(palette(name)[labels])


def legend(name: PaletteName = "vitruv", *, height: int = 480) -> UInt8Array:
    """(h, w, 3) uint8: every chart's colour, number and name, on white."""
    rows = NUM_LABELS - 1
    step = max(height // rows, 10)
    swatch, margin = round(step * 0.75), max(step // 5, 2)
    font = ImageFont.load_default(size=step * 0.62)
    names = [f"{chart}  {CHART_NAMES[chart]}" for chart in range(1, NUM_LABELS)]
    text_width = max(round(font.getlength(text)) for text in names)
    image = Image.new("RGB", (swatch + text_width + 4 * margin, rows * step + 2 * margin), "white")
    pen = ImageDraw.Draw(image)
    for row, (text, colour) in enumerate(zip(names, palette(name)[1:].tolist(), strict=True)):
        top = margin + row * step
        pen.rectangle((margin, top, margin + swatch, top + swatch), fill=tuple(colour))
        pen.text((swatch + 3 * margin, top + swatch / 2), text, fill="black", font=font, anchor="lm")
    return np.asarray(image)
