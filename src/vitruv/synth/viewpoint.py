"""Where photographers stand: cameras before people, the part of a person a picture shows, and who else is there."""

from __future__ import annotations

import numpy as np

from vitruv.render import Camera
from vitruv.render.raster import bounds_of
from vitruv.types import AnyArray, Float32Array

UP = np.array([0.0, 1.0, 0.0])


def draw_yaw(rng: np.random.Generator) -> float:
    """Heading of a person against the direction to the camera, radians: mostly facing it, but any is possible."""
    return float(rng.normal(0, 0.7)) if rng.random() < 0.55 else float(rng.uniform(-np.pi, np.pi))


def draw_camera(
    rng: np.random.Generator,
    points: AnyArray,
    *,
    closest_m: float = 1.1,
    farthest_m: float = 9.0,
    quarter_turns: float = 0.0,
) -> Camera:
    """A camera in the direction of +z before a person, with a focal length of 1 pixel and the origin in the middle.

    points: (V, 3) of the person, world axes. Distance, height and roll are those of photos; the optical axis does not have to
    go through the person. quarter_turns: chance that somebody wider than high is seen by a camera that lies on either side; a
    network that learns from such pictures can be shown people who lie with the picture turned.
    """
    low, high = bounds_of(points)
    centre, tall = (low + high) / 2, float(high[1] - low[1])
    distance = float(np.exp(rng.uniform(np.log(closest_m), np.log(farthest_m))))
    kind = rng.random()
    if kind < 0.72:
        height = float(rng.normal(1.45, 0.25))
    elif kind < 0.84:
        height = float(rng.uniform(0.1, 0.9))
    else:
        height = 1.5 + float(rng.uniform(0.1, 0.9)) * distance
    height = max(height, 0.05)
    eye = np.array([centre[0], height, centre[2] + distance])
    # Far from the optical axis people look sheared, as at the borders of wide-angle photos.
    aim = centre + np.array([rng.normal(0, 0.12 * distance), rng.normal(0, 0.07 * distance + 0.1 * tall), 0.0])
    roll = float(rng.normal(0, 0.05)) if rng.random() < 0.9 else float(rng.normal(0, 0.4))
    if quarter_turns and float(high[0] - low[0]) > tall and rng.random() < quarter_turns:
        roll += float(rng.choice([-0.5, 0.5])) * np.pi
    return Camera.look_at(eye, aim, up=UP, focal_px=1.0, centre_xy=(0.0, 0.0), roll=roll)


def draw_frame(rng: np.random.Generator, box_xyxy: AnyArray) -> Float32Array:
    """The border of the picture around a person whose whole box is given, in the same units: often it cuts the person.

    Returns (4,) float32 xyxy.
    """
    x1, y1, x2, y2 = (float(v) for v in box_xyxy)
    width, height = x2 - x1, y2 - y1
    room = max(width, height) * np.exp(rng.normal(-0.5, 1.0, 4))  # free space on every side
    left, top, right, bottom = x1 - room[0], y1 - 0.5 * room[1], x2 + room[2], y2 + 0.5 * room[3]
    kind = rng.random()
    if kind < 0.27:  # legs cut off, up to a portrait
        bottom = y1 + height * float(rng.uniform(0.16, 0.95))
    elif kind < 0.33:  # head cut off
        top = y1 + height * float(rng.uniform(0.03, 0.5))
    elif kind < 0.40:
        side = float(rng.uniform(0.15, 0.7)) * width
        if rng.random() < 0.5:
            left = x1 + side
        else:
            right = x2 - side
    elif kind < 0.46:  # a detail
        bottom = y1 + height * float(rng.uniform(0.3, 1.0))
        top = max(top, bottom - height * float(rng.uniform(0.2, 0.6)))
        if rng.random() < 0.5:
            left = x1 + float(rng.uniform(0.0, 0.4)) * width
        else:
            right = x2 - float(rng.uniform(0.0, 0.4)) * width
    return np.array([left, top, right, bottom], np.float32)


def draw_companions(rng: np.random.Generator, count: int, *, spread_m: float = 1.0) -> Float32Array:
    """(count, 3) shifts of other people from the target: beside, behind, and sometimes in front (+z is towards the camera)."""
    side = rng.choice([-1.0, 1.0], count) * (0.25 + rng.exponential(0.55 * spread_m, count))
    behind = rng.normal(-0.25, 0.55 * spread_m, count)
    return np.asarray(np.stack([side, np.zeros(count), behind], axis=1), np.float32)


def grown(box_xyxy: AnyArray, rng: np.random.Generator, amount: float) -> Float32Array:
    """A box as a detector would give it: every edge off by a few percent of the box, now and then by much more."""
    box = np.asarray(box_xyxy, np.float64)
    size = np.array([box[2] - box[0], box[3] - box[1]] * 2)
    spread = amount * (1.0 if rng.random() < 0.85 else 2.5)
    disturbed = box + size * np.clip(rng.normal(0, spread, 4), -0.35, 0.35)
    return np.asarray(disturbed, np.float32)


def zoomed(camera: Camera, window_xyxy: AnyArray, size_hw: tuple[int, int]) -> Camera:
    """The camera whose picture of `size_hw` is a window of the given camera's picture.

    The camera must have a focal length of 1 and its origin in the middle. The window should have the aspect ratio of `size_hw`;
    otherwise the longer side decides, and the window lies top left.
    """
    x1, y1, x2, y2 = (float(v) for v in window_xyxy)
    zoom = min(size_hw[1] / (x2 - x1), size_hw[0] / (y2 - y1))
    return Camera(zoom, (-x1 * zoom, -y1 * zoom), camera.rotation, camera.translation)
