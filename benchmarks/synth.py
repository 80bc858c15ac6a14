"""Synthetic samples a second, and where the time goes.

    python benchmarks/synth.py pack.npz                 crops at 256x256 and 192x128, scenes at 320x320, in this process
    python benchmarks/synth.py pack.npz --workers 2     the same through worker processes, as training gets them

Processor time is printed beside the clock: on a busy machine the clock says little.
"""

from __future__ import annotations

import cProfile
import pstats
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import tyro

from vitruv.synth import CropSampler, Sampler, SceneSampler, SynthPack, stream


@dataclass(frozen=True)
class Options:
    pack: tyro.conf.Positional[Path]
    """File from `vitruv synth pack`."""
    count: int = 300
    """Samples to time, after as many to warm up."""
    workers: int = 0
    profile: bool = False
    """Print the functions that take longest (256x256 crops)."""


def rate(sampler: Sampler[Any], count: int, workers: int) -> tuple[float, float]:
    """Samples a second by the clock and by this process's processor time."""
    batch = 20
    batches = stream(sampler, batch=batch, workers=workers)
    steps = max(1, count // batch)
    for _ in islice(batches, steps):
        pass
    clock, processor = time.perf_counter(), time.process_time()
    for _ in islice(batches, steps):
        pass
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    batches.close()  # type: ignore[attr-defined]
    return steps * batch / clock, steps * batch / processor


def main() -> None:
    options = tyro.cli(Options)
    pack = SynthPack.load(options.pack)
    samplers: dict[str, Sampler[Any]] = {
        "crops 256x256": CropSampler(pack, size_hw=(256, 256)),
        "crops 192x128": CropSampler(pack, size_hw=(192, 128)),
        "scenes 320x320": SceneSampler(pack, size_hw=(320, 320)),
    }
    for name, sampler in samplers.items():
        by_clock, by_processor = rate(sampler, options.count, options.workers)
        share = "" if options.workers else f", {by_processor:.1f} a second of processor time"
        print(f"{name}: {by_clock:.1f} a second with {options.workers} workers{share}")
    if options.profile:
        profile = cProfile.Profile()
        profile.enable()
        for i in range(options.count):
            samplers["crops 256x256"](i)
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
