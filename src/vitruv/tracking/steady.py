"""Maps that do not tremble: what the network told of a body's points in the last frames is carried along with the body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vitruv.geometry import bilinear_taps, pixel_centres
from vitruv.runtime import CropMaps
from vitruv.tracking.flow import surface_flow
from vitruv.tracking.one_euro import OneEuro
from vitruv.tracking.refine import refined
from vitruv.tracking.sides import GROUPS, exchanged, vote
from vitruv.types import AnyArray, Float32Array, Float64Array, UInt8Array

Smoothing = Literal["off", "light", "strong"]

_FRAME_S = 1 / 25
# Share of what was carried along in the mixture, one 25th of a second later: of the charts within the body, and of U and V; and of
# what is body at all, whose outline must not lag.
_CARRIED = {"light": (0.6, 0.25), "strong": (0.85, 0.4)}
_LONGEST_S = 0.5  # what is older is not carried on
_LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class Carried:
    """What a track remembers of its last map. window_xyxy: (4,); chances: (25, h, w) float32; uv: (48, h, w) float32; evidence:
    (3,) float64, as in `sides`."""

    window_xyxy: Float32Array
    chances: Float32Array
    uv: Float32Array
    evidence: Float64Array
    time_s: float


def steadied(
    now: CropMaps,
    before: Carried | None,
    time_s: float,
    smoothing: Smoothing,
    *,
    picture: UInt8Array,
    picture_before: UInt8Array | None,
) -> tuple[CropMaps, Carried]:
    """A person's maps of this frame, mixed with what was carried along; and what to carry on.

    picture, picture_before: (h, w) uint8, one channel of this frame and of the one before; None where there was none.
    """
    chances = _softmax(now.logits)
    if before is None or smoothing == "off" or not 0 < time_s - before.time_s <= _LONGEST_S:
        return now, Carried(now.window_xyxy, chances, now.uv, np.zeros(GROUPS), time_s)
    at_xy = _centres(now.window_xyxy, chances.shape[1:])
    before_xy = _centres(before.window_xyxy, before.chances.shape[1:])
    labels, uv_now = _winners(chances, now.uv)
    flow = surface_flow(labels, uv_now, at_xy, *_winners(before.chances, before.uv), before_xy)
    if picture_before is not None and picture_before.shape == picture.shape:
        flow = refined(flow, labels > 0, now.window_xyxy, picture, picture_before)
    source = at_xy - flow
    carried = _sampled(before.chances, before.window_xyxy, source)
    carried_uv = _sampled(before.uv, before.window_xyxy, source)
    swap_now, swap_carried, evidence = vote(chances, carried, before.evidence)
    chances, carried = exchanged(chances, swap_now), exchanged(carried, swap_carried)
    passed = (time_s - before.time_s) / _FRAME_S
    of_charts, of_body = (share**passed for share in _CARRIED[smoothing])
    mixed, share = _mixed(chances, carried, of_charts, of_body)
    uv = now.uv + share * (carried_uv - now.uv)
    logits = np.log(np.maximum(mixed, _LEAST))
    return CropMaps(now.window_xyxy, logits, uv), Carried(now.window_xyxy, mixed, uv, evidence, time_s)


def _mixed(now: Float32Array, carried: Float32Array, of_charts: float, of_body: float) -> tuple[Float32Array, Float32Array]:
    """(25, h, w) chances; and (h, w), how much of the carried ones was taken.

    Whether a cell shows the body follows the new frame more closely than which chart it is.
    """
    body, body_carried = 1 - now[0], 1 - carried[0]
    mixed_body = body + np.float32(of_body) * (body_carried - body)
    # Where hardly any body was carried to, it has nothing to say about charts.
    share = (of_charts * body_carried / np.maximum(body_carried + 0.15 * (1 - body_carried), _LEAST)).astype(np.float32)
    which = now[1:] / np.maximum(body, _LEAST)
    which_carried = carried[1:] / np.maximum(body_carried, _LEAST)
    which = which + share * (which_carried - which)
    return np.concatenate([1 - mixed_body[None], mixed_body * which]).astype(np.float32), share


def _softmax(logits: Float32Array) -> Float32Array:
    raised = np.exp(logits - logits.max(axis=0))
    return np.asarray(raised / raised.sum(axis=0), np.float32)


def _winners(chances: Float32Array, uv: Float32Array) -> tuple[AnyArray, Float32Array]:
    """(h, w) the likeliest label; (2, h, w) its U and V."""
    labels = chances.argmax(axis=0)
    channels = np.maximum(labels, 1) - 1
    both = uv.reshape(2, -1, *labels.shape).clip(0, 1)
    return labels, np.take_along_axis(both, channels[None, None], axis=1)[:, 0]


def _centres(window_xyxy: Float32Array, size_hw: tuple[int, ...]) -> Float32Array:
    """(2, h, w): centres of the cells of a map, in pixels of the picture."""
    x1, y1, x2, y2 = (float(v) for v in window_xyxy)
    across = pixel_centres(size_hw[1], start=x1, step=(x2 - x1) / size_hw[1])
    down = pixel_centres(size_hw[0], start=y1, step=(y2 - y1) / size_hw[0])
    return np.stack(np.broadcast_arrays(across[None], down[:, None])).astype(np.float32)


def _sampled(maps: Float32Array, window_xyxy: Float32Array, at_xy: Float32Array) -> Float32Array:
    """(c, h, w): maps (c, ho, wo) of a window, bilinearly at places of the picture (2, h, w)."""
    height, width = maps.shape[1:]
    x1, y1, x2, y2 = (float(v) for v in window_xyxy)
    shape = at_xy.shape[1:]
    across = bilinear_taps(((at_xy[0].ravel() - x1) * (width / (x2 - x1))).astype(np.float64), width)
    down = bilinear_taps(((at_xy[1].ravel() - y1) * (height / (y2 - y1))).astype(np.float64), height)
    flat = maps.reshape(len(maps), -1)
    top = flat[:, down.low * width + across.low]
    top += across.weight * (flat[:, down.low * width + across.high] - top)
    bottom = flat[:, down.high * width + across.low]
    bottom += across.weight * (flat[:, down.high * width + across.high] - bottom)
    top += down.weight * (bottom - top)
    return top.reshape(len(maps), *shape)


def carried_state(carried: Carried | None, boxes: OneEuro) -> dict[str, AnyArray]:
    """What a track remembers, as arrays by name."""
    state: dict[str, AnyArray] = {}
    if boxes.value is not None and boxes.speed is not None:
        state |= {"box": boxes.value, "box_speed": boxes.speed, "box_time_s": np.array(boxes.time_s)}
    if carried is not None:
        state |= {"window": carried.window_xyxy, "chances": carried.chances, "uv": carried.uv, "evidence": carried.evidence}
        state["time_s"] = np.array(carried.time_s)
    return state


def carried_from(state: Mapping[str, AnyArray], boxes: OneEuro) -> Carried | None:
    """The opposite of `carried_state`; sets the filter of the boxes."""
    boxes.value, boxes.speed = state.get("box"), state.get("box_speed")
    boxes.time_s = float(state.get("box_time_s", 0.0))
    if "chances" not in state:
        return None
    return Carried(state["window"], state["chances"], state["uv"], state["evidence"], float(state["time_s"]))
