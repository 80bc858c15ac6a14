"""Building an atlas from a body mesh: parts, charts, unwrapping and orientation. Needed when the surface is built, never to use it."""

from vitruv.surface.building.build import build_atlas
from vitruv.surface.building.quality import ChartQuality, all_chart_qualities

__all__ = ["ChartQuality", "all_chart_qualities", "build_atlas"]
