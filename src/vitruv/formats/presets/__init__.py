"""Presets: the files that programs for try-on, animation and research read, to the letter.

presets["magicanimate"].render(people)           # (512, 512, 3) uint8
presets["my.toml"]                               # a preset of your own; the keys stand in `user_file`
with PresetWriter(presets["viton-hd"], "DATASET/train") as writer:
    writer.add(PurePath("00001_00.jpg"), people) # DATASET/train/image-densepose/00001_00.jpg
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from vitruv.errors import InputError
from vitruv.formats.presets.built_in import MAPS
from vitruv.formats.presets.fit import Fit
from vitruv.formats.presets.preset import MapFile, Preset
from vitruv.formats.presets.run_file import RUNS, RunPreset
from vitruv.formats.presets.user_file import read_preset
from vitruv.formats.presets.writer import PresetWriter

__all__ = ["Fit", "MapFile", "Preset", "PresetWriter", "Presets", "RunPreset", "presets", "read_preset"]


class Presets(Mapping[str, Preset | RunPreset]):
    """The presets by name; a name that ends in .toml is read as a file."""

    def __init__(self, entries: tuple[Preset | RunPreset, ...]) -> None:
        self._entries = {entry.name: entry for entry in entries}

    def __getitem__(self, name: str) -> Preset | RunPreset:
        """Raises InputError for an unknown name, with the nearest one; for a file, what `read_preset` raises."""
        if name.endswith(".toml"):
            return read_preset(name, self.__getitem__)
        if name not in self._entries:
            near = difflib.get_close_matches(name, self._entries, 1, 0.4)
            hint = f"did you mean {near[0]!r}?" if near else "`vitruv presets` lists them"
            raise InputError(f"there is no preset {name!r}; {hint}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


presets = Presets((*MAPS, *RUNS))
