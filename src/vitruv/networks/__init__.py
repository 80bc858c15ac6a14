"""Torch modules, composed from plain constructor arguments; no files, no devices, no training in here."""

from vitruv.networks.compact_blocks import PIXEL_MEAN, PIXEL_SCALE, fold_normalisation, normalise
from vitruv.networks.compact_detector import CompactDetector, DetectorOutput
from vitruv.networks.compact_regressor import CompactRegressor, RegressorOutput
from vitruv.networks.second_look import SecondLook

__all__ = [
    "PIXEL_MEAN",
    "PIXEL_SCALE",
    "CompactDetector",
    "CompactRegressor",
    "DetectorOutput",
    "RegressorOutput",
    "SecondLook",
    "fold_normalisation",
    "normalise",
]
