"""Building an atlas from a body mesh: parts, charts, unwrapping, orientation. Only for those who build a surface anew."""

from vitruv.surface.building.build import build_atlas
from vitruv.surface.building.quality import ChartQuality, all_chart_qualities

__all__ = ["ChartQuality", "all_chart_qualities", "build_atlas"]
