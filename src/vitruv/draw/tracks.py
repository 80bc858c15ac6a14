"""Masks and track ids, over a picture."""

from __future__ import annotations

import colorsys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vitruv.draw.canvas_size import checked_picture, line_width_px
from vitruv.results import DensePoses, in_picture
from vitruv.types import UInt8Array

_GOLDEN = 0.61803398875  # steps of this share of a circle never come close to one another


def track_colour(track_id: int) -> tuple[int, int, int]:
    """Red, green, blue of a track: always the same for the same number, and far from those of its neighbours."""
    red, green, blue = colorsys.hsv_to_rgb(track_id * _GOLDEN % 1, 0.75, 1)
    return round(255 * red), round(255 * green), round(255 * blue)


def mask_outlines(rgb: UInt8Array, people: DensePoses) -> UInt8Array:
    """Draw the rim of every person's mask, in the colour of the track, or white without tracks.

    rgb: (h, w, 3) uint8, the picture that `people` was made from. Returns a new array of the same shape; people without masks leave
    it as it is. Raises InputError for another size.
    """
    checked_picture(rgb, people)
    result = rgb.copy()
    for person in people:
        if person.mask is None:
            continue
        inside = in_picture(person.mask, person.placement_xywh, people.size_hw)
        inner = inside.copy()
        for _ in range(line_width_px(people.size_hw)):
            padded = np.pad(inner, 1, mode="edge")
            inner = inner & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
        result[inside & ~inner] = (255, 255, 255) if person.track_id is None else track_colour(person.track_id)
    return result


def track_boxes(rgb: UInt8Array, people: DensePoses) -> UInt8Array:
    """Draw the box of every person in the colour of the track, with its number; in white, with the score, without tracks.

    rgb: (h, w, 3) uint8, the picture that `people` was made from. Returns a new array of the same shape. Raises InputError for
    another size.
    """
    checked_picture(rgb, people)
    width = line_width_px(people.size_hw)
    image = Image.fromarray(rgb)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=max(12, 6 * width))
    for person in people:
        tracked = person.track_id is not None
        colour = track_colour(person.track_id) if person.track_id is not None else (255, 255, 255)
        x1, y1, x2, y2 = person.box_xyxy.tolist()
        pen.rectangle((x1, y1, max(x2, x1), max(y2, y1)), outline=colour, width=width)
        text = f"{person.track_id}" if tracked else f"{person.score:.2f}"
        corner = (max(x1, 0) + 2 * width, max(y1, 0) + 2 * width)
        left, top, right, bottom = pen.textbbox(corner, text, font=font)
        pen.rectangle((left - width, top - width, right + width, bottom + width), fill=colour)
        pen.text(corner, text, fill=(0, 0, 0), font=font)
    return np.asarray(image)
