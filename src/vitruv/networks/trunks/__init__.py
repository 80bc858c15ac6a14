"""Trunks with published weights that were learnt from photos."""

from vitruv.networks.trunks.mobilenet_v2 import MobileNetV2, TrunkFeatures
from vitruv.networks.trunks.movenet import MoveNet, MoveNetOutput, movenet_from, normalised

__all__ = ["MobileNetV2", "MoveNet", "MoveNetOutput", "TrunkFeatures", "movenet_from", "normalised"]
