"""Colours of the 24 charts, and the legend that names them."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vitruv.errors import InputError
from vitruv.formats.presets.colours import PARULA, VIRIDIS
from vitruv.surface import CHART_NAMES, NUM_LABELS
from vitruv.types import UInt8Array

PaletteName = Literal["vitruv", "parula", "viridis"]

# Colours by label 0..24, red green blue.
#
# vitruv: the person's right is warm, the left is cool, the torso green; fronts are light and backs dark (lightness .80 and .58 in
# OKLCH, each hue as strong as sRGB allows at that lightness), so that a mirrored or turned limb is seen at a glance.
#
# parula, viridis: see `vitruv.formats.presets.colours`.
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
    "parula": PARULA,
    "viridis": VIRIDIS,
}


def palette(name: PaletteName = "vitruv") -> UInt8Array:
    """(25, 3) uint8: colours by label, background first."""
    if name not in _COLOURS:
        raise InputError(f"palette must be one of {', '.join(get_args(PaletteName))}, but got {name!r}")
    return np.array(_COLOURS[name], np.uint8)


def colour_labels(labels: UInt8Array, name: PaletteName = "vitruv") -> UInt8Array:
    """labels (h, w) uint8, 0..24 -> (h, w, 3) uint8, one flat colour per chart."""
    if labels.size and int(labels.max()) >= NUM_LABELS:
        raise InputError(f"labels must be in 0..{NUM_LABELS - 1}, but the largest is {int(labels.max())}")
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
