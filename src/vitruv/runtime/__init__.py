"""Models at work: `load` gives a `Predictor`, which turns a picture into `DensePoses`."""

from vitruv.runtime.batch import Outcome, predict_photos
from vitruv.runtime.chart_maps import CropMaps, chart_map_from_crop
from vitruv.runtime.devices import DEVICES
from vitruv.runtime.loading import load
from vitruv.runtime.predictor import BatchModel, ColorOrder, ImageLike, MapsModel, Model, Predictor
from vitruv.runtime.sessions import Session

__all__ = [
    "DEVICES",
    "BatchModel",
    "ColorOrder",
    "CropMaps",
    "ImageLike",
    "MapsModel",
    "Model",
    "Outcome",
    "Predictor",
    "Session",
    "chart_map_from_crop",
    "load",
    "predict_photos",
]
