"""One rule for matching paths in JSON, CSV or a pickle with files on disk.

A name means a file
    1. whose path below the folder that was searched is the name; or
    2. whose whole path ends in the name, folders included; or
    3. whose path below the folder, folders included, is the end of the name (the files were moved to another place); or
    4. of the same last part, where one of the two has no folder and no other name and no other file has this last part.
Of several names that fit equally well, and of several files that a name fits equally well, none is taken.

Systems spell the same name in different ways: each of the four is tried as it stands, then with "\\" as separator and Unicode
composed (NFC), then without regard to capitals.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

Parts = tuple[str, ...]
_Fit = Callable[["_Spelled", int], Sequence[int]]


@dataclass(frozen=True)
class FilePath:
    """A file as a person would name it.

    whole: its path, absolute where it is on this disk. below: its path below the folder that was searched, or just its name where
    the file itself was named.
    """

    whole: str
    below: str

    @classmethod
    def on_disk(cls, path: Path, below: PurePath) -> FilePath:
        return cls(path.absolute().as_posix(), below.as_posix())

    @classmethod
    def named(cls, path: str) -> FilePath:
        """A path of another machine: nothing is known of it but its text."""
        return cls(path, path)


@dataclass(frozen=True)
class Unmatched:
    """Why a file has no name: nothing fits (`among` is empty), or these names do, or the one name fits these files."""

    file: str
    among: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """The end of a sentence that begins with the file that holds the names."""
        if self.files:
            return f"{self.among[0]} could be {_listed(self.files)}; name them with their folders"
        if self.among:
            return f"has several entries for {self.file}: {_listed(self.among)}; name them with their folders"
        return f"says nothing about {self.file}"


def match_files(names: Sequence[str], files: Sequence[FilePath]) -> list[int | Unmatched]:
    """For each file the index of its name, or why it has none. No name is given to two files."""
    spellings = [_Spelled(names, files, spell) for spell in (_as_it_stands, _composed, _folded)]
    found: list[int | Unmatched | None] = [None] * len(files)
    taken: set[int] = set()
    for fit in (_same, _ends_in_name, _ends_name, _bare):
        for spelled in spellings:
            chosen: dict[int, list[int]] = defaultdict(list)
            for i in (i for i, one in enumerate(found) if one is None):
                fitting = [n for n in fit(spelled, i) if n not in taken]
                if len(fitting) > 1:
                    found[i] = Unmatched(files[i].below, tuple(names[n] for n in fitting))
                elif fitting:
                    chosen[fitting[0]].append(i)
            for n, some in chosen.items():
                for i in some:
                    found[i] = n if len(some) == 1 else Unmatched(files[i].below, (names[n],), tuple(files[j].whole for j in some))
            taken |= set(chosen)
    return [Unmatched(file.below) if one is None else one for file, one in zip(files, found, strict=True)]


class _Spelled:
    """Names and files as parts, in one spelling, with what is found by the last part."""

    def __init__(self, names: Sequence[str], files: Sequence[FilePath], spell: Callable[[str], str]) -> None:
        self.names = [_parts(spell(name)) for name in names]
        self.whole = [_parts(spell(file.whole)) for file in files]
        self.below = [_parts(spell(file.below)) for file in files]
        self.same: dict[Parts, list[int]] = defaultdict(list)  # names by all of their parts
        self.ends: dict[Parts, list[int]] = defaultdict(list)  # ... and by every end of them
        self.files_by_last: dict[str, int] = defaultdict(int)
        for n, name in enumerate(self.names):
            self.same[name].append(n)
            for start in range(len(name)):
                self.ends[name[start:]].append(n)
        for below in self.below:
            self.files_by_last[below[-1]] += 1


def _same(at: _Spelled, file: int) -> Sequence[int]:
    return at.same.get(at.below[file], [])


def _ends_in_name(at: _Spelled, file: int) -> Sequence[int]:
    whole = at.whole[file]
    return next((at.same[whole[start:]] for start in range(len(whole) - 1) if whole[start:] in at.same), [])


def _ends_name(at: _Spelled, file: int) -> Sequence[int]:
    below = at.below[file]
    return at.ends.get(below, []) if len(below) > 1 else []


def _bare(at: _Spelled, file: int) -> Sequence[int]:
    below = at.below[file]
    alike = at.ends.get(below[-1:], [])
    if at.files_by_last[below[-1]] > 1:
        return []
    fitting = [n for n in alike if len(below) == 1 or len(at.names[n]) == 1]
    return fitting if len(alike) == 1 or len(fitting) > 1 else []  # several names are for the caller to tell apart


def _parts(name: str) -> Parts:
    return tuple(part for part in name.split("/") if part not in ("", ".")) or ("",)


def _as_it_stands(name: str) -> str:
    return name


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name.replace("\\", "/")).casefold())


def _listed(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
