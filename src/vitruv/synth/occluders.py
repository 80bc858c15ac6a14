"""Things in front of people: furniture-like boxes, bars, blobs and cut-outs of photos, drawn over a finished picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from vitruv.synth.background import Photos, photo_background, random_colour, tile
from vitruv.types import AnyArray, BoolArray, Float32Array, UInt8Array


@dataclass(frozen=True, eq=False)
class Occluder:
    """A convex polygon or an ellipse with wavy edge, in the units of the picture that the people are projected to.

    centre_xy, half_xy: (2,) float64; angle: radians; power: 2 an ellipse, large a rectangle; wave: depth of the wavy edge.
    """

    centre_xy: AnyArray
    half_xy: AnyArray
    angle: float
    power: float
    wave: float

    def covers(self, x: AnyArray, y: AnyArray) -> BoolArray:
        """Which points of the grid of columns x (w,) and rows y (h,) lie inside: (h, w) bool."""
        mask = np.zeros((len(y), len(x)), bool)
        _cover(
            np.asarray(x, np.float64), np.asarray(y, np.float64), float(self.centre_xy[0]), float(self.centre_xy[1]),
            float(self.half_xy[0]), float(self.half_xy[1]), self.angle, self.power, self.wave, mask,
        )  # fmt: skip
        return mask


@njit(cache=True, nogil=True, error_model="numpy")
def _cover(
    x: AnyArray, y: AnyArray, cx: float, cy: float, half_x: float, half_y: float, angle: float, power: float, wave: float,
    mask: AnyArray,
) -> None:  # fmt: skip
    cos, sin = np.cos(angle), np.sin(angle)
    for r in range(len(y)):
        for c in range(len(x)):
            u = (cos * (x[c] - cx) + sin * (y[r] - cy)) / half_x
            v = (-sin * (x[c] - cx) + cos * (y[r] - cy)) / half_y
            # Waves and rounded corners stay within a fifth of the outline.
            if max(abs(u), abs(v)) > 1.25:
                continue
            edge = 1.0
            if wave != 0.0:
                edge += wave * (np.sin(7 * u + 3 * v) + np.sin(11 * v - 5 * u))
            mask[r, c] = abs(u) ** power + abs(v) ** power < edge


def draw_held(rng: np.random.Generator, hands_xy: AnyArray, size: float) -> list[Occluder]:
    """Now and then something in a hand: a phone, a ball, a bag. hands_xy: (2, 2); size: of the person in the same units."""
    if rng.random() > 0.18:
        return []
    hand = np.asarray(hands_xy, np.float64)[int(rng.integers(2))]
    half = size * np.exp(rng.uniform(np.log(0.012), np.log(0.09))) * np.exp(rng.normal(0, 0.35, 2))
    # Bags hang below the hand; other things are held at their middle.
    centre = hand + np.array([rng.normal(0, 0.4) * half[0], (1.1 if rng.random() < 0.4 else rng.normal(0, 0.6)) * half[1]])
    return [Occluder(centre, half, float(rng.normal(0, 0.4)), float(rng.choice([2.0, 4.0, 40.0])), 0.0)]


def draw_occluders(rng: np.random.Generator, box_xyxy: AnyArray) -> list[Occluder]:
    """None, mostly; otherwise one to three things before the person in the box."""
    if rng.random() < 0.62:
        return []
    x1, y1, x2, y2 = (float(v) for v in box_xyxy)
    width, height = x2 - x1, y2 - y1
    out = []
    for _ in range(int(rng.choice([1, 2, 3], p=[0.65, 0.25, 0.1]))):
        kind = rng.random()
        if kind < 0.4:  # a table, a counter, a chair's back: from below
            top = y1 + height * float(rng.uniform(0.35, 0.95))
            half = np.array([width * rng.uniform(0.25, 2.0), height])
            centre = np.array([(x1 + x2) / 2 + width * rng.normal(0, 0.5), top + half[1]])
            out.append(Occluder(centre, half, float(rng.normal(0, 0.06)), 40.0, 0.0))
        elif kind < 0.6:  # a post, a door, a wall: from the side
            half = np.array([width * rng.uniform(0.03, 0.5), height * 1.5])
            out.append(Occluder(np.array([rng.uniform(x1, x2), (y1 + y2) / 2]), half, float(rng.normal(0, 0.05)), 40.0, 0.0))
        else:  # something held or in the way
            size = 0.5 * np.sqrt(width * height) * np.exp(rng.uniform(np.log(0.1), np.log(0.6)))
            half = size * np.exp(rng.normal(0, 0.4, 2))
            centre = np.array([rng.uniform(x1, x2), rng.uniform(y1, y2)])
            wavy = rng.random() < 0.5
            out.append(
                Occluder(centre, half, float(rng.uniform(0, np.pi)), float(rng.choice([2.0, 4.0, 40.0])), 0.12 if wavy else 0.0)
            )
    return out


def paint_occluder(image: Float32Array, covered: BoolArray, textures: UInt8Array, photos: Photos, rng: np.random.Generator) -> None:
    """Fill the covered pixels of (h, w, 3) float32 `image` with something, in place."""
    size_hw = (image.shape[0], image.shape[1])
    kind = rng.random()
    if kind < 0.5 and len(photos):
        fill = photo_background(photos[int(rng.integers(len(photos)))], size_hw, rng)
    elif kind < 0.75 and len(textures):
        fill = np.empty_like(image)
        gain = (0.3 + 0.7 * rng.random() + rng.normal(0, 0.1, 3)).astype(np.float32)
        texture = textures[int(rng.integers(len(textures)))]
        tile(texture, float(np.exp(rng.uniform(-1, 1))), float(rng.uniform(0, 3)), 0.0, gain, 0, size_hw[0], fill)
    else:
        ramp = np.linspace(rng.uniform(0.5, 1), 1, size_hw[1], dtype=np.float32)[None, :, None]
        fill = np.broadcast_to(random_colour(rng) * ramp, image.shape)
    image[covered] = fill[covered]
