"""Boxes and resampling, and the one pixel convention: pixel (x, y) covers [x, x + 1) x [y, y + 1), its centre is at +0.5."""

from vitruv.geometry.boxes import (
    area,
    as_boxes_xyxy,
    clip,
    iou,
    nms,
    placement_xywh,
    xywh_to_xyxy,
    xyxy_to_xywh,
)
from vitruv.geometry.crop import crop_window
from vitruv.geometry.resample import resize_bilinear

__all__ = [
    "area",
    "as_boxes_xyxy",
    "clip",
    "crop_window",
    "iou",
    "nms",
    "placement_xywh",
    "resize_bilinear",
    "xywh_to_xyxy",
    "xyxy_to_xywh",
]
