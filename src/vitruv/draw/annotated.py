"""What people drew and clicked: part masks, points and keypoints of an annotation, over its photo."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from vitruv.draw.palette import palette
from vitruv.draw.skeleton import BONES
from vitruv.formats.annotation import PART_MASKS, Person
from vitruv.formats.rle import decode_rle
from vitruv.geometry import GRID, from_grid
from vitruv.surface import CHARTS_OF_PART
from vitruv.types import UInt8Array

_FILL = 0.45
_SEEN, _HIDDEN = (255, 255, 255), (120, 120, 120)


def draw_masks(rgb: UInt8Array, person: Person) -> UInt8Array:
    """The part masks of one person, each in the colour of its first chart. rgb: (h, w, 3) uint8; returns a new array.

    Raises FormatError for a damaged mask.
    """
    if person.foreground() is None:  # also checks every mask
        return rgb.copy()
    labels = np.zeros((GRID, GRID), np.uint8)
    for part, mask in enumerate(person.part_masks[:PART_MASKS], start=1):
        if mask:
            labels[decode_rle(mask)] = CHARTS_OF_PART[part][-1]
    x, y, w, h = person.bbox_xywh
    left, top = round(x), round(y)
    size = max(round(x + w) - left, 1), max(round(y + h) - top, 1)
    stretched = np.asarray(Image.fromarray(labels).resize(size, Image.Resampling.NEAREST))
    result = rgb.copy()
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + size[0], rgb.shape[1]), min(top + size[1], rgb.shape[0])
    if x1 >= x2 or y1 >= y2:
        return result
    shown = stretched[y1 - top : y2 - top, x1 - left : x2 - left]
    region = result[y1:y2, x1:x2]
    colours = palette()[shown]
    region[shown > 0] = (region[shown > 0] * (1 - _FILL) + colours[shown > 0] * _FILL).astype(np.uint8)
    return result


def draw_points(rgb: UInt8Array, person: Person, *, radius_px: float | None = None) -> UInt8Array:
    """The points of one person: a disk in the chart's colour, in it a line whose direction is (U, V) - (.5, .5).

    rgb: (h, w, 3) uint8; returns a new array. radius_px: default grows with the person.
    """
    points = person.points
    if points is None:
        return rgb.copy()
    x, y, w, h = person.bbox_xywh
    radius = radius_px if radius_px is not None else max(2.0, 0.008 * max(w, h))
    image = Image.fromarray(rgb)
    pen = ImageDraw.Draw(image)
    colours = palette()
    across, down = from_grid(points.x, x, w, middle=0.5), from_grid(points.y, y, h, middle=0.5)
    for i in range(len(points)):
        px, py = float(across[i]), float(down[i])
        known = i < len(points.charts) and 0 <= points.charts[i] <= 24
        colour = tuple(colours[int(points.charts[i])].tolist()) if known else (255, 255, 255)
        pen.ellipse((px - radius, py - radius, px + radius, py + radius), fill=colour, outline=(0, 0, 0))
        if known:
            du, dv = 2 * radius * (points.u[i] - 0.5), 2 * radius * (points.v[i] - 0.5)
            pen.line((px, py, px + du, py + dv), fill=(0, 0, 0))
    return np.asarray(image)


def draw_keypoints(rgb: UInt8Array, person: Person) -> UInt8Array:
    """Keypoints as dots (white seen, grey hidden), and COCO's 17 joined to a skeleton. rgb: (h, w, 3) uint8; a new array."""
    keypoints = person.keypoints()
    image = Image.fromarray(rgb)
    if keypoints is None:
        return np.asarray(image)
    pen = ImageDraw.Draw(image)
    if len(keypoints) == 17:
        for a, b in BONES:
            if keypoints[a, 2] > 0 and keypoints[b, 2] > 0:
                pen.line((*keypoints[a, :2].tolist(), *keypoints[b, :2].tolist()), fill=_SEEN, width=2)
    for x, y, shown in keypoints.tolist():
        if shown > 0:
            pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=_SEEN if shown > 1 else _HIDDEN, outline=(0, 0, 0))
    return np.asarray(image)


def draw_box(rgb: UInt8Array, box_xywh: tuple[float, float, float, float], text: str = "") -> UInt8Array:
    """A box with a line of text. rgb: (h, w, 3) uint8; returns a new array."""
    x, y, w, h = box_xywh
    image = Image.fromarray(rgb)
    pen = ImageDraw.Draw(image)
    for grow, colour in ((1, (0, 0, 0)), (0, (255, 255, 255))):
        pen.rectangle((x - grow, y - grow, max(x + w, x) + grow, max(y + h, y) + grow), outline=colour)
    if text:
        pen.rectangle(pen.textbbox((x + 2, y + 2), text), fill=(0, 0, 0))
        pen.text((x + 2, y + 2), text, fill=(255, 255, 255))
    return np.asarray(image)
