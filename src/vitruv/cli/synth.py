"""`vitruv synth`: make data sets of synthetic people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_VERBS = """
further verbs:
  vitruv synth pack      bake body, atlas, poses, clothes and pictures into one file for training
  vitruv synth preview   a sheet of samples with their labels, to look at"""


@dataclass(frozen=True)
class Pack:
    """Bake everything the samplers need into one file that travels to another machine.

    Example: vitruv synth pack --assets assets --output pack.npz
    """

    output: Path
    """File to write."""
    assets: Path
    """Folder with backgrounds/, textures/, skins/, poses/ and wardrobe/; what is missing is left out."""
    photo_px: int = 384
    """Longest side of the background photos."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status."""
    verbs = {"pack": _pack}
    return verbs[argv[0]](argv[1:])


def _pack(argv: Sequence[str]) -> int:
    import tyro

    options = tyro.cli(Pack, prog="vitruv synth pack", args=list(argv))
    from rich.console import Console

    from vitruv.synth.gather import build_pack

    console = Console(stderr=True)
    with console.status("baking"):
        counts = build_pack(options.assets, options.output, photo_px=options.photo_px)
    size = options.output.stat().st_size / 1e6
    console.print(f"{options.output}: {', '.join(f'{n} {name}' for name, n in counts.items())}; {size:.1f} MB")
    return 0
