"""Files of a run: written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from vitruv.errors import UnwritableFileError
from vitruv.files import replacing
from vitruv.types import UInt8Array

SCALARS_FILE = "scalars.jsonl"


def write_json(path: Path, value: Any) -> None:
    with replacing(path) as stream:
        stream.write((json.dumps(value, indent=2) + "\n").encode())


def write_picture(path: Path, rgb: UInt8Array) -> None:
    """(h, w, 3) uint8 as a PNG."""
    with replacing(path) as stream:
        Image.fromarray(rgb).save(stream, "PNG")


def append_scalars(folder: Path, scalars: dict[str, Any]) -> None:
    """One more line in the run's log of scalars."""
    path = folder / SCALARS_FILE
    try:
        with path.open("a") as file:
            file.write(json.dumps(scalars) + "\n")
    except OSError as error:
        raise UnwritableFileError(path, f"cannot be written ({error.strerror or error})") from None


def read_scalars(folder: Path) -> list[dict[str, Any]]:
    """All lines of the run's log of scalars; a last line cut by a kill is left out."""
    path = folder / SCALARS_FILE
    if not path.exists():
        return []
    return list(_parsed(path.read_text().splitlines()))


def _parsed(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            return


def keep_scalars_until(folder: Path, step: int) -> None:
    """Forget what was logged after `step`: a resumed run writes it again."""
    kept = [line for line in read_scalars(folder) if line["step"] <= step]
    with replacing(folder / SCALARS_FILE) as stream:
        stream.write("".join(json.dumps(line) + "\n" for line in kept).encode())
