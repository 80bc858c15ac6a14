"""Dense pose as values: `DensePoses` for all people of a picture, `Person` for one of them, `ChartMap` for the pixels."""

from vitruv.results.canvas import Canvas, in_picture
from vitruv.results.chart_map import LAST_CHART, ChartMap
from vitruv.results.person import Person
from vitruv.results.pixel import PixelPoint
from vitruv.results.poses import NUM_KEYPOINTS, DensePoses

__all__ = ["LAST_CHART", "NUM_KEYPOINTS", "Canvas", "ChartMap", "DensePoses", "Person", "PixelPoint", "in_picture"]
