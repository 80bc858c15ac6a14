"""Torch modules, composed from plain constructor arguments; no files, no devices, no training in here."""

from vitruv.networks.compact import GuidedDecoder, GuidedRegressor, PoseTrunk
from vitruv.networks.trunks import MobileNetV2, MoveNet

__all__ = ["GuidedDecoder", "GuidedRegressor", "MobileNetV2", "MoveNet", "PoseTrunk"]
