"""`PresetWriter`: photos in, the files of a preset out, whatever kind of preset it is."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path, PurePath
from types import TracebackType
from typing import Self

from vitruv.errors import InputError
from vitruv.formats.presets.encode import make_folder, write_array
from vitruv.formats.presets.preset import Preset
from vitruv.formats.presets.run_file import RunPreset, RunWriter
from vitruv.results import DensePoses
from vitruv.types import PathLike


class PresetWriter:
    """Writes the files of a preset for one photo after another.

        with PresetWriter(presets["viton-hd"], "DATASET/train", [PurePath("00001_00.jpg")]) as writer:
            writer.add(PurePath("00001_00.jpg"), people)

    photos: all that will come, as paths below the folder they were found in. Raises InputError where two of them would give the
    same file: readers expect fixed names, so neither can have another one.
    """

    def __init__(self, preset: Preset | RunPreset, folder: PathLike, photos: Iterable[PurePath] = ()) -> None:
        self.preset, self.folder = preset, Path(folder)
        self._stack = ExitStack()
        self._run: RunWriter | None = None
        if isinstance(preset, Preset):
            _check_names(preset, photos)

    def __enter__(self) -> Self:
        make_folder(self.folder)
        if isinstance(self.preset, RunPreset):
            self._run = self._stack.enter_context(self.preset.open(self.folder))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(
        self, photo: PurePath, people: DensePoses, *, image_id: int | str | None = None, source: Path | None = None
    ) -> list[str]:
        """Write the files of a photo; returns remarks on it for the user, a line each.

        image_id: of files that number photos; default is the photo's path. source: the photo's own file, which is never replaced
        (InputError), and which dumps name. Raises UnwritableFileError.
        """
        if photo.is_absolute() or ".." in photo.parts:
            raise InputError(f"a photo's path must lie below a folder, but is {photo}")
        if not self.preset.wants(photo):
            return [f"passed over: in the layout of {self.preset.name} this is not a photo of a person"]
        if isinstance(self.preset, RunPreset):
            if self._run is None:
                raise InputError("a PresetWriter can only be used inside its `with` block")
            self._run.add(photo, photo.as_posix() if image_id is None else image_id, people, source)
            return self.preset.remarks(people)
        targets = [self.folder / path for path in self.preset.paths(photo)]
        if source is not None and any(target.resolve() == source.resolve() for target in targets):
            raise InputError(f"the map of {self.preset.name} would replace the photo itself; name another output folder")
        for target, array, file in zip(targets, self.preset.arrays(people, photo).values(), self.preset.files, strict=True):
            write_array(target, array, key=file.key)
        return self.preset.remarks(people)


def _check_names(preset: Preset, photos: Iterable[PurePath]) -> None:
    taken: dict[str, PurePath] = {}
    for photo in filter(preset.wants, photos):
        for path in preset.paths(photo):
            key = path.as_posix().casefold()
            if key in taken:
                names = f"{taken[key].as_posix()} and {photo.as_posix()}"
                raise InputError(f"{names} would both give {path.as_posix()} with the preset {preset.name}")
            taken[key] = photo
