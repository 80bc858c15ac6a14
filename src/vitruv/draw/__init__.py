"""Pictures of dense pose: overlays, label colours, legends."""

from vitruv.draw.overlay import overlay
from vitruv.draw.palette import PaletteName, colour_labels, legend, palette

__all__ = ["PaletteName", "colour_labels", "legend", "overlay", "palette"]
