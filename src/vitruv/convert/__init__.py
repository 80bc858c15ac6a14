"""Checkpoints of Detectron2's DensePose to model folders that `vitruv.load` opens. Needs NumPy only, never torch."""

from vitruv.convert.detectron2 import Checkpoint, read_checkpoint
from vitruv.convert.rcnn_model import ModelSettings, convert_checkpoint

__all__ = ["Checkpoint", "ModelSettings", "convert_checkpoint", "read_checkpoint"]
