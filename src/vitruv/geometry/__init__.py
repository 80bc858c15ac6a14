"""Boxes and resampling, and the one pixel convention: pixel (x, y) covers [x, x + 1) x [y, y + 1), its centre is at +0.5."""

from vitruv.geometry.annotation_grid import GRID, from_grid, pixels_under_grid
from vitruv.geometry.boxes import (
    area,
    as_boxes_xyxy,
    clip,
    iou,
    nms,
    placement_xywh,
    without_doubles,
    xywh_to_xyxy,
    xyxy_to_xywh,
)
from vitruv.geometry.crop import PAD_VALUE, box_in_window, crop_window
from vitruv.geometry.resample import Taps, bilinear_taps, pixel_centres, resize_bilinear

__all__ = [
    "GRID",
    "PAD_VALUE",
    "Taps",
    "area",
    "as_boxes_xyxy",
    "bilinear_taps",
    "box_in_window",
    "clip",
    "crop_window",
    "from_grid",
    "iou",
    "nms",
    "pixel_centres",
    "pixels_under_grid",
    "placement_xywh",
    "resize_bilinear",
    "without_doubles",
    "xywh_to_xyxy",
    "xyxy_to_xywh",
]
