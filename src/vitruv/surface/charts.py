"""The 24 charts and 14 parts of the body: their numbers, names, groups and mirror images.

The numbering is DensePose's. It has no common left/right order: 3 is the RIGHT hand, but 5 is the LEFT foot; leg charts are
odd on the right, arm charts odd on the left. "Left" and "right" are the person's own.
"""

from __future__ import annotations

import numpy as np

from vitruv.types import UInt8Array

NUM_CHARTS = 24
NUM_LABELS = NUM_CHARTS + 1  # with 0 = background
NUM_PARTS = 14

CHART_NAMES = (
    "background",
    "torso back",
    "torso front",
    "right hand",
    "left hand",
    "left foot",
    "right foot",
    "right upper leg back",
    "left upper leg back",
    "right upper leg front",
    "left upper leg front",
    "right lower leg back",
    "left lower leg back",
    "right lower leg front",
    "left lower leg front",
    "left upper arm front",
    "right upper arm front",
    "left upper arm back",
    "right upper arm back",
    "left lower arm front",
    "right lower arm front",
    "left lower arm back",
    "right lower arm back",
    "head right",
    "head left",
)

# The 14 parts that annotators outline, in the order of `dp_masks`.
PART_NAMES = (
    "background",
    "torso",
    "right hand",
    "left hand",
    "left foot",
    "right foot",
    "right upper leg",
    "left upper leg",
    "right lower leg",
    "left lower leg",
    "left upper arm",
    "right upper arm",
    "left lower arm",
    "right lower arm",
    "head",
)

CHARTS_OF_PART: tuple[tuple[int, ...], ...] = (
    (0,),
    (1, 2),
    (3,),
    (4,),
    (5,),
    (6,),
    (7, 9),
    (8, 10),
    (11, 13),
    (12, 14),
    (15, 17),
    (16, 18),
    (19, 21),
    (20, 22),
    (23, 24),
)

# The eight groups that share one kappa in the official evaluator (both sides together).
KAPPA_GROUPS = ("torso", "hand", "foot", "upper leg", "lower leg", "upper arm", "lower arm", "head")


def _table(pairs: list[tuple[int, int]], size: int) -> UInt8Array:
    table = np.arange(size, dtype=np.uint8)
    for a, b in pairs:
        table[a], table[b] = b, a
    table.setflags(write=False)
    return table


def _part_of_chart() -> UInt8Array:
    table = np.zeros(NUM_LABELS, np.uint8)
    for part, charts in enumerate(CHARTS_OF_PART):
        table[list(charts)] = part
    table.setflags(write=False)
    return table


def _group_of_chart() -> UInt8Array:
    # Background has no group; it gets 0 so that the table can be indexed by any label.
    groups = [0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7]
    table = np.array(groups, np.uint8)
    table.setflags(write=False)
    return table


PART_OF_CHART = _part_of_chart()
"""(25,) uint8: chart 0..24 -> part 0..14."""

KAPPA_GROUP_OF_CHART = _group_of_chart()
"""(25,) uint8: chart 1..24 -> index into KAPPA_GROUPS (0 for background, which has none)."""

MIRROR_CHART = _table([(c, c + 1) for c in range(3, 25, 2)], NUM_LABELS)
"""(25,) uint8: chart of the same place on the other side of the body."""

MIRROR_PART = _table([(2, 3), (4, 5), (6, 7), (8, 9), (10, 11), (12, 13)], NUM_PARTS + 1)
"""(15,) uint8: the same for the 14 parts."""
