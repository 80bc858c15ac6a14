"""The body surface: its 24 charts and the map between image values I, U, V and points on the body."""

from vitruv.surface.atlas import Atlas, SurfacePoints
from vitruv.surface.charts import (
    CHART_NAMES,
    CHARTS_OF_PART,
    KAPPA_GROUP_OF_CHART,
    KAPPA_GROUPS,
    MIRROR_CHART,
    MIRROR_PART,
    NUM_CHARTS,
    NUM_LABELS,
    NUM_PARTS,
    PART_NAMES,
    PART_OF_CHART,
)
from vitruv.surface.template import FACE_KINDS, BodyTemplate

__all__ = [
    "CHARTS_OF_PART",
    "CHART_NAMES",
    "FACE_KINDS",
    "KAPPA_GROUPS",
    "KAPPA_GROUP_OF_CHART",
    "MIRROR_CHART",
    "MIRROR_PART",
    "NUM_CHARTS",
    "NUM_LABELS",
    "NUM_PARTS",
    "PART_NAMES",
    "PART_OF_CHART",
    "Atlas",
    "BodyTemplate",
    "SurfacePoints",
]
