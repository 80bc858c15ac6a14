"""Left and right within a track: networks exchange them now and then, bodies do not."""

from __future__ import annotations

import numpy as np

from vitruv.surface import MIRROR_CHART
from vitruv.types import BoolArray, Float32Array, Float64Array

# Groups of charts whose sides are exchanged together: head, arms with hands, legs with feet.
_GROUPS = ((23, 24), (3, 4, *range(15, 23)), (5, 6, *range(7, 15)))
GROUPS = len(_GROUPS)
_MOST = 12.0  # frames of full agreement that a track remembers: so long has the network to insist until it is believed
_CLEAR = 0.1  # share by which one reading has to be better than the other to count


def vote(now: Float32Array, carried: Float32Array, evidence: Float64Array) -> tuple[BoolArray, BoolArray, Float64Array]:
    """Whether sides are exchanged, for each group.

    now, carried: (25, h, w) chances, of the network and of the track. evidence: (3,) for the track's reading, at least 0.
    Returns the groups to exchange in `now`, those to exchange in `carried` (the track was wrong), and the new evidence.
    """
    swap_now, swap_carried = np.zeros(GROUPS, bool), np.zeros(GROUPS, bool)
    evidence = evidence.copy()
    for g, charts in enumerate(_GROUPS):
        ours = now[list(charts)]
        same = float((ours * carried[list(charts)]).sum())
        other = float((ours * carried[MIRROR_CHART[list(charts)]]).sum())
        if same + other < 1.0:
            continue
        agreement = (same - other) / (same + other)
        if abs(agreement) < _CLEAR:
            continue
        evidence[g] = min(evidence[g] + agreement, _MOST)
        if evidence[g] < 0:
            swap_carried[g], evidence[g] = True, -evidence[g]
        elif agreement < 0:
            swap_now[g] = True
    return swap_now, swap_carried, evidence


def exchanged(chances: Float32Array, groups: BoolArray) -> Float32Array:
    """(25, h, w) with left and right exchanged in the groups."""
    order = np.arange(len(chances))
    for g in np.flatnonzero(groups):
        charts = list(_GROUPS[g])
        order[charts] = MIRROR_CHART[charts]
    return chances[order] if groups.any() else chances
