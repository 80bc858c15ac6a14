"""`Preset`: which files one reader of dense pose expects for a photo, to the letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Literal, TypeAlias

import numpy as np

from vitruv.errors import InputError
from vitruv.formats.presets.colours import PARULA, Colours
from vitruv.formats.presets.fit import Fit
from vitruv.formats.result_json import quantize
from vitruv.results import ChartMap, DensePoses
from vitruv.surface import NUM_LABELS, PART_OF_CHART
from vitruv.types import AnyArray, UInt8Array

Content = Literal["colours", "labels", "parts", "iuv", "uv"]
Who = Literal["all", "best"]
Arrays: TypeAlias = Mapping[Path, AnyArray]

SUFFIXES: dict[str, tuple[str, ...]] = {
    "colours": (".png", ".jpg", ".npy", ".npz"),
    "labels": (".png", ".npy", ".npz"),
    "parts": (".png", ".npy", ".npz"),
    "iuv": (".png", ".npy", ".npz"),
    "uv": (".npy", ".npz"),
}
"""Endings a content can be written with: JPEG only where colours may change a little, PNG only for bytes."""

PLACES = ("{stem}", "{first}", "{name}")


@dataclass(frozen=True)
class MapFile:
    """One file for each photo.

    folder: below the output folder. name: with one of {stem} (the photo's name without its suffix), {first} (the name up to its
        first dot) and {name} (the name itself, where its suffix can hold the content; else with .png); its ending says the format.
    content: colours (h, w, 3) uint8; labels, charts 0..24 (h, w) uint8; parts, 0..14 (h, w) uint8; iuv (h, w, 3) uint8, I, 255 U
        and 255 V truncated, in `channel_order`; uv (2, h, w) of `dtype`, U and V in [0, 1], 0 on the background.
    colours: of `content` colours: 25 by label, background first. key: the entry of an .npz file.
    """

    folder: str
    name: str
    content: Content
    colours: Colours = PARULA
    channel_order: str = "iuv"
    dtype: Literal["float32", "float64"] = "float32"
    key: str = "arr_0"

    def __post_init__(self) -> None:
        if self.content not in SUFFIXES:
            raise InputError(f"content must be one of {', '.join(SUFFIXES)}, but is {self.content!r}")
        if (
            sum(self.name.count(place) for place in PLACES) != 1
            or self.name.count("{") != 1
            or "/" in self.name
            or "\\" in self.name
        ):
            raise InputError(f"name must be a file name with one of {', '.join(PLACES)} in it, but is {self.name!r}")
        if PurePath(self.folder).is_absolute() or ".." in PurePath(self.folder).parts:
            raise InputError(f"folder must lie below the output folder, but is {self.folder!r}")
        ending = PurePath(self.name).suffix
        if ending not in SUFFIXES[self.content] and not (self.name.endswith("{name}") and self.content != "uv"):
            raise InputError(f"name must end in {', '.join(SUFFIXES[self.content])} for {self.content}, but is {self.name!r}")
        if sorted(self.channel_order) != ["i", "u", "v"]:
            raise InputError(f"channel_order must hold i, u and v once each, such as 'iuv' or 'vui', but is {self.channel_order!r}")
        if len(self.colours) != NUM_LABELS or not all(len(c) == 3 and all(0 <= v <= 255 for v in c) for c in self.colours):
            raise InputError(f"colours must be {NUM_LABELS} times red, green, blue in 0..255, background first")
        if self.dtype not in ("float32", "float64"):
            raise InputError(f"dtype must be float32 or float64, but is {self.dtype!r}")

    def path(self, photo: PurePath, stem: str | None = None) -> Path:
        """Where the file of a photo lies below the output folder. photo: its path below the folder it was found in."""
        suffix = photo.suffix.lower()
        jpeg = ".jpg" in SUFFIXES[self.content] and suffix in (".jpg", ".jpeg")
        own = stem or photo.stem
        values = {
            "stem": own,
            "first": own.partition(".")[0] or own,
            "name": own + (photo.suffix if jpeg or suffix == ".png" else ".png"),
        }
        return Path(self.folder, photo.parent, self.name.format(**values))

    def __call__(self, chart: ChartMap) -> AnyArray:
        """The array that the file holds."""
        match self.content:
            case "colours":
                return np.array(self.colours, np.uint8)[chart.labels]
            case "labels":
                return chart.labels
            case "parts":
                return PART_OF_CHART[chart.labels]
            case "iuv":
                channels = ["iuv".index(letter) for letter in self.channel_order]
                return np.ascontiguousarray(np.moveaxis(quantize(chart)[channels], 0, 2))
            case "uv":
                return np.where(chart.labels > 0, chart.uv, 0).astype(self.dtype)


@dataclass(frozen=True)
class Preset:
    """The files of one reader, as a value: everything that is special about it stands in the fields.

    name: what it is asked for by. summary: a line for lists. files: what is written for every photo; the first is what `render`
        gives. fit: size. who: all people in one map, or the best alone (the one with the highest score).
    output: what --output should name, for lists. empty: what its reader makes of a photo without people.
    stem_end: where a photo's name ends in the first, its files' names end in the second. not_people: photos whose names end so
        are of things in this data set, and are passed over.
    """

    name: str
    summary: str
    files: tuple[MapFile, ...]
    fit: Fit = field(default_factory=Fit)
    who: Who = "all"
    output: str = "DIR"
    empty: str = "a map of background"
    stem_end: tuple[str, str] | None = None
    not_people: str = ""

    def __post_init__(self) -> None:
        if not self.files:
            raise InputError(f"the preset {self.name} has no files")
        if len({(file.folder, file.name) for file in self.files}) < len(self.files):
            raise InputError(f"two files of the preset {self.name} have the same name")
        if self.who not in ("all", "best"):
            raise InputError(f"who must be all or best, but is {self.who!r}")

    def wants(self, photo: PurePath) -> bool:
        """Whether a photo is one of people, by its name."""
        return not self.not_people or not photo.stem.endswith(self.not_people)

    def paths(self, photo: PurePath) -> tuple[Path, ...]:
        """Where the files of a photo lie below the output folder. photo: its path below the folder it was found in."""
        return tuple(file.path(photo, self._stem(photo)) for file in self.files)

    def chart_map(self, people: DensePoses) -> ChartMap:
        """The map behind all files: of the people who count, in its final size."""
        return self.fit((_best(people) if self.who == "best" else people).canvas()[0])

    def render(self, people: DensePoses, rgb: UInt8Array | None = None) -> AnyArray:
        """The array of the (first) file.

        rgb: (h, w, 3) uint8, the photo; it is not needed, but a photo of another size than `people`'s is refused (InputError).
        """
        return self.files[0](self.chart_map(_checked(people, rgb)))

    def arrays(self, people: DensePoses, photo: PurePath, rgb: UInt8Array | None = None) -> Arrays:
        """Path below the output folder -> the array of every file of a photo."""
        chart = self.chart_map(_checked(people, rgb))
        return {path: file(chart) for path, file in zip(self.paths(photo), self.files, strict=True)}

    def remarks(self, people: DensePoses) -> list[str]:
        """What a user may want to know about the map of this photo, a line each."""
        lines = []
        if len(people) == 0:
            lines.append(f"nobody found: {self.empty} was written")
        elif self.who == "best" and len(people) > 1:
            lines.append(f"{len(people)} people found: {self.name} is for one, the one with the highest score was taken")
        if self.fit.stretches(people.size_hw):
            height, width = self.fit.size_of(people.size_hw)
            lines.append(
                f"stretched from {people.size_hw[1]}x{people.size_hw[0]} to {width}x{height}, as {self.name} stretches photos"
            )
        return lines

    def _stem(self, photo: PurePath) -> str:
        if self.stem_end is None:
            return photo.stem
        old, new = self.stem_end
        return photo.stem.removesuffix(old) + new


def _best(people: DensePoses) -> DensePoses:
    return people[[int(np.argmax(people.scores))]] if len(people) else people


def _checked(people: DensePoses, rgb: UInt8Array | None) -> DensePoses:
    if rgb is not None and rgb.shape[:2] != people.size_hw:
        height, width = people.size_hw
        raise InputError(f"rgb must be the people's photo of {height}x{width} (h x w) pixels, but is {rgb.shape[0]}x{rgb.shape[1]}")
    return people
