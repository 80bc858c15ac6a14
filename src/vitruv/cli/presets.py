"""`vitruv presets`: the files that other programs read, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from vitruv.cli.parsing import parse
from vitruv.errors import InputError
from vitruv.formats.presets import Preset, PresetWriter, RunPreset, presets
from vitruv.media import read_image
from vitruv.runtime import load


@dataclass(frozen=True)
class PresetsOptions:
    """List the presets: what reads them, which files they are, and what --output should name.

    Example: vitruv presets
    Example: vitruv presets --photo me.jpg --output examples

    With a photo, every preset is written for it, each into a folder of its own, to look at and to compare.
    """

    photo: Annotated[Path | None, tyro.conf.arg(metavar="PHOTO")] = None
    """A photo to write all presets for."""

    output: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Folder for the examples."""


def main(argv: Sequence[str]) -> int:
    """Run the verb; returns the exit status."""
    options = parse(PresetsOptions, "vitruv presets", argv)
    if (options.photo is None) != (options.output is None):
        raise InputError("--photo and --output belong together")
    if options.photo is not None and options.output is not None:
        return _examples(options.photo, options.output)
    _print_table()
    return 0


def _print_table() -> None:
    width = max(map(len, presets))
    for preset in presets.values():
        print(f"{preset.name:<{width}}  {preset.summary}")
        print(f"{'':<{width}}  {', '.join(f'{preset.output}/{path}' for path in _files(preset))}")
    print("\n`vitruv predict PHOTOS --preset NAME --output DIR` writes them; NAME may be a TOML file of your own.")


def _files(preset: Preset | RunPreset) -> tuple[str, ...]:
    if isinstance(preset, RunPreset):
        return preset.files
    photo = Path("NAME_0.jpg" if preset.stem_end else "NAME.jpg")
    return tuple(path.as_posix() for path in preset.paths(photo))


def _examples(photo: Path, output: Path) -> int:
    people = load()(read_image(photo))
    name = Path(photo.name)
    for preset in presets.values():
        with PresetWriter(preset, output / preset.name, [name]) as writer:
            remarks = writer.add(name, people, image_id=1, source=photo)
        print(f"{output / preset.name}: {_of(preset.render(people))}" + "".join(f"; {remark}" for remark in remarks))
    return 0


def _of(content: object) -> str:
    if isinstance(content, np.ndarray):
        return f"{'x'.join(map(str, content.shape))} {content.dtype}"
    return f"{len(content)} entries" if isinstance(content, list) else "one entry"
