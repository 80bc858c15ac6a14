"""Where the official evaluator and the measure as it is meant part ways, one switch for each."""

from __future__ import annotations

from dataclasses import dataclass

from vitruv.errors import InputError

MAX_DETECTIONS = 20
"""Detections counted in one image, those with the highest scores."""


@dataclass(frozen=True)
class Rules:
    """How points are placed, masks are drawn and people are ignored.

    grid: the annotation's 256 pixels are resized over a box as x * w / grid.
    pixel_centers: a point lies in the middle of its grid pixel, and chart maps at whole pixels; otherwise at its corner, and the
        map at the box's corner with fractions.
    truncate: a place is cut off towards zero, so that the last pixel before a box counts as inside; otherwise rounded down.
    float32_squares: a person all of whose distances come from the table has them squared in float32.
    last_threshold_ignores: a detection that is unmatched at the last threshold only, and lies on a person who is still free there
        (box IoU 0.8), takes that person's ignore flag at every threshold; otherwise each threshold looks at ignored people only.
    ignore_without_people: detections are not counted on images where every person is ignored, or where there is none.
    ignore_crowds: crowds are ignored even when they carry points.
    align_corners: part masks are resized so that the middles of the corner pixels meet, over the rounded size of the box.
    """

    name: str
    grid: float
    pixel_centers: bool
    truncate: bool
    float32_squares: bool
    last_threshold_ignores: bool
    ignore_without_people: bool
    ignore_crowds: bool
    align_corners: bool


DETECTRON2 = Rules(
    name="detectron2",
    grid=255.0,
    pixel_centers=False,
    truncate=True,
    float32_squares=True,
    last_threshold_ignores=True,
    ignore_without_people=True,
    ignore_crowds=False,
    align_corners=True,
)
"""The official evaluator, quirk by quirk."""

CLEAN = Rules(
    name="clean",
    grid=256.0,
    pixel_centers=True,
    truncate=False,
    float32_squares=False,
    last_threshold_ignores=False,
    ignore_without_people=False,
    ignore_crowds=True,
    align_corners=False,
)
"""The rule as the paper means it."""

_BY_NAME = {rules.name: rules for rules in (DETECTRON2, CLEAN)}


def rules_named(name: str) -> Rules:
    """Raises InputError for any name but "detectron2" and "clean"."""
    if name not in _BY_NAME:
        raise InputError(f"compat must be one of {', '.join(_BY_NAME)}, but is {name!r}")
    return _BY_NAME[name]
