"""Who of those seen before is who of those seen now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from vitruv.geometry import iou
from vitruv.tracking.appearance import Appearance
from vitruv.tracking.track import Track
from vitruv.types import Float64Array

JUST_SEEN_S = 0.5  # people out of sight for longer are matched by their looks, if they can have come this far

_NO = 1e6
_OTHER_LOOK = 0.22  # distance of looks from which on two people are taken for different ones
_RETURN_LOOK = 0.14  # stricter, where only looks speak
_REACH = 0.6  # how far somebody may be from where they were expected, in heights of the box
_PACE = 1.2  # and how much farther for each second out of sight
_SIZE_RATIO = 2.5  # boxes that differ by more are not the same person's


def associate(tracks: Sequence[Track], boxes_xyxy: Float64Array, looks: Sequence[Appearance], time_s: float) -> dict[int, int]:
    """Index of the box -> index of its track, for those that belong together.

    boxes_xyxy: (n, 4) of the people seen now, looks: theirs. First those who were there a moment ago, by place and looks
    together; then those out of sight, mostly by looks.
    """
    found: dict[int, int] = {}
    recent = [i for i, track in enumerate(tracks) if time_s - track.seen_s <= JUST_SEEN_S]
    gone = [i for i in range(len(tracks)) if i not in recent]
    for group, cost_of in ((recent, _cost_of_recent), (gone, _cost_of_gone)):
        free = [j for j in range(len(boxes_xyxy)) if j not in found]
        if not group or not free:
            continue
        cost = np.array([[cost_of(tracks[i], boxes_xyxy[j], looks[j], time_s) for j in free] for i in group])
        for row, column in zip(*linear_sum_assignment(cost), strict=True):
            if cost[row, column] < _NO:
                found[free[column]] = group[row]
    return found


def _cost_of_recent(track: Track, box_xyxy: Float64Array, look: Appearance, time_s: float) -> float:
    expected = track.at(time_s)
    shared = float(iou(expected, box_xyxy)[0, 0])
    far = _distance(expected, box_xyxy)
    unlike = track.look.distance(look)
    if _size_ratio(expected, box_xyxy) > _SIZE_RATIO and shared < 0.3:
        return _NO
    if shared < 0.1 and far > _REACH:
        return _NO
    if unlike is not None and unlike > 2 * _OTHER_LOOK and shared < 0.5:
        return _NO
    strangeness = 0.5 if unlike is None else min(unlike / _OTHER_LOOK, 2.0)
    return 1 - shared + 0.3 * min(far / _REACH, 2.0) + strangeness


def _cost_of_gone(track: Track, box_xyxy: Float64Array, look: Appearance, time_s: float) -> float:
    reach = _REACH + _PACE * (time_s - track.seen_s)
    far = _distance(track.at(time_s), box_xyxy)
    unlike = track.look.distance(look)
    if far > reach or _size_ratio(track.box_xyxy, box_xyxy) > _SIZE_RATIO or unlike is None or unlike > _RETURN_LOOK:
        return _NO
    return unlike / _RETURN_LOOK + 0.3 * far / reach


def _distance(a_xyxy: Float64Array, b_xyxy: Float64Array) -> float:
    """Between centres, in heights (or widths, of who lies) of the boxes."""
    step = (a_xyxy[:2] + a_xyxy[2:] - b_xyxy[:2] - b_xyxy[2:]) / 2
    return float(np.hypot(*step) / max(_side(a_xyxy), _side(b_xyxy), 1.0))


def _size_ratio(a_xyxy: Float64Array, b_xyxy: Float64Array) -> float:
    a, b = _side(a_xyxy), _side(b_xyxy)
    return max(a, b) / max(min(a, b), 1.0)


def _side(box_xyxy: Float64Array) -> float:
    return float((box_xyxy[2:] - box_xyxy[:2]).max())
