"""Synthetic people: pictures with exact dense pose, as a stream of training samples or as a DensePose-COCO data set."""

from vitruv.synth.crop import CropConfig, CropSampler
from vitruv.synth.pack import SynthPack
from vitruv.synth.samples import CropBatch, CropSample, Sampler, SceneSample
from vitruv.synth.scene import SceneConfig, SceneSampler
from vitruv.synth.stream import stream

__all__ = [
    "CropBatch",
    "CropConfig",
    "CropSample",
    "CropSampler",
    "Sampler",
    "SceneConfig",
    "SceneSample",
    "SceneSampler",
    "SynthPack",
    "stream",
]
