"""What the files of each clip are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from vitruv.media.video import is_url


def stems_of(clips: Sequence[str]) -> list[str]:
    """A name for each clip, in their order: without suffix; with it where two would be equal, and numbered where that is still so.

    Equal means equal on a file system that does not tell capitals from small letters.
    """
    names = [_name_of(clip) for clip in clips]
    short = [Path(name).stem for name in names]
    counts = Counter(stem.casefold() for stem in short)
    taken: set[str] = set()
    stems = []
    for stem, name in zip(short, names, strict=True):
        wanted = stem if counts[stem.casefold()] == 1 else name
        number, chosen = 1, wanted
        while chosen.casefold() in taken:
            number += 1
            chosen = f"{wanted}-{number}"
        taken.add(chosen.casefold())
        stems.append(chosen)
    return stems


def _name_of(clip: str) -> str:
    if not is_url(clip):
        return Path(clip).name
    parts = urlsplit(clip)
    text = Path(parts.path).name or parts.hostname or "stream"
    return re.sub(r"[^\w.-]", "_", text)
