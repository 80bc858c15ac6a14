"""`vitruv synth --clip`: a clip of moving people with its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vitruv.cli.parsing import parse
from vitruv.cli.progress import bars
from vitruv.cli.size_argument import size_hw_of
from vitruv.errors import InputError


@dataclass(frozen=True)
class ClipOptions:
    """Render a clip of synthetic people in real motion, before a moving camera, with the labels of every frame.

    Example: vitruv synth --clip 8 --motion mocap_poses.npz --people 2 --crossing --output clip
    """

    clip: float = tyro.MISSING
    """Length in seconds."""
    output: Annotated[Path, tyro.conf.arg(metavar="DIR")] = tyro.MISSING
    """Folder for clip.mp4, dense/ and frames.json."""
    motion: Annotated[Path, tyro.conf.arg(metavar="FILE")] = tyro.MISSING
    """Motion file (.npz) with poses in the order of time."""
    pack: Path | None = None
    """File from `vitruv synth pack`; without it everything but body and motion is procedural."""
    size: str = "640x480"
    """Width x height in pixels."""
    rate: int = 25
    """Frames a second."""
    people: int = 1
    """How many, 1 to 8."""
    crossing: bool = False
    """They walk past one another."""
    thing: bool = False
    """Something stands in the way."""
    shake: float = 0.5
    """0: a camera on a tripod .. 1: one held in a hand."""
    seed: int = 0
    number: int = 0
    """Which of the clips of this seed."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status."""
    options = parse(ClipOptions, "vitruv synth", argv)
    from vitruv.body.motion import MotionLibrary
    from vitruv.synth import SynthPack
    from vitruv.synth.clip_files import write_clip
    from vitruv.synth.gather import Assets, pack_arrays
    from vitruv.synth.motion_clip import ClipConfig, ClipSampler

    if not 0 < options.clip <= 600 or min(options.seed, options.number) < 0 or not 0 <= options.shake <= 1:
        raise InputError("--clip must be 0 to 600 seconds, --shake 0 to 1, --seed and --number at least 0")
    config = ClipConfig(
        size_hw=size_hw_of(options.size),
        rate=options.rate,
        people=options.people,
        crossing=options.crossing,
        thing=options.thing,
        shake=options.shake,
    )
    motion = MotionLibrary.load(options.motion)
    if options.pack is not None:
        pack = SynthPack.load(options.pack)
    else:
        pack = SynthPack(pack_arrays(Assets(), photo_px=max(config.size_hw))[0])
    sampler = ClipSampler(pack, motion, config=config, seed=options.seed)
    frames = max(round(options.clip * options.rate), 1)
    with bars() as new:
        report = new("frames")
        for done in write_clip(sampler, options.output, number=options.number, frames=frames):
            report(done, frames)
    print(f"{options.output}: {frames} frames, {options.people} people")
    return 0
