"""Synthetic people: pictures with exact dense pose, as a stream of training samples or as a DensePose-COCO data set."""

from vitruv.synth.samples import CropBatch, CropSample, Sampler, SceneSample
from vitruv.synth.stream import stream

__all__ = ["CropBatch", "CropSample", "Sampler", "SceneSample", "stream"]
