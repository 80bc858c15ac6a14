"""Pictures of dense pose: overlays, skeletons, masks, tracks, label colours, legends."""

from vitruv.draw.overlay import overlay
from vitruv.draw.palette import PaletteName, colour_labels, legend, palette
from vitruv.draw.skeleton import skeletons
from vitruv.draw.tracks import mask_outlines, track_boxes, track_colour

__all__ = [
    "PaletteName",
    "colour_labels",
    "legend",
    "mask_outlines",
    "overlay",
    "palette",
    "skeletons",
    "track_boxes",
    "track_colour",
]
