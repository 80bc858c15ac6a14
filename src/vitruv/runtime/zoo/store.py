"""Where models by name live on disk, and how they get there.

Everything lies in the cache folder (`vitruv.files.cache_folder`): `models/NAME` is a converted model, `checkpoints/` holds files as
they were downloaded (or put there by hand).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from vitruv.convert import convert_checkpoint
from vitruv.errors import ModelError, UnreadableFileError
from vitruv.files import cache_folder
from vitruv.runtime.zoo.download import Progress, download
from vitruv.runtime.zoo.entries import ADDRESS, CATALOGUE, Entry

Announce = Callable[[Entry, Path], Progress | None]
"""Called before a download with the entry and the target; returns what to tell the progress to."""


def model_folder(entry: Entry) -> Path:
    """Where the converted model of an entry lies, or will lie."""
    return cache_folder() / "models" / entry.name


def checkpoint_file(entry: Entry) -> Path:
    """Where the checkpoint of an entry is looked for before it is downloaded."""
    return cache_folder() / "checkpoints" / entry.name / entry.file


def fetch(name: str, *, announce: Announce | None = None) -> Path:
    """The folder of a model of the catalogue: the one on disk, or else downloaded, checked and converted.

    The check: the file is as long as the server said, is data only, and holds every tensor with its shape.
    Raises ModelError for unknown names and when the file cannot be had, saying what to put where.
    """
    if name not in CATALOGUE:
        raise ModelError(f"no model {name!r}; `vitruv models` lists the names")
    entry = CATALOGUE[name]
    folder, checkpoint = model_folder(entry), checkpoint_file(entry)
    if folder.is_dir():
        return folder
    address = os.environ.get("VITRUV_MODELS_URL", ADDRESS).rstrip("/") + "/" + entry.path
    downloaded = not checkpoint.is_file()
    if downloaded:
        progress = announce(entry, checkpoint) if announce is not None else None
        try:
            download(address, checkpoint, progress=progress)
        except ModelError as error:
            raise ModelError(
                f"{error}; without a network, put the file there yourself as {checkpoint}, or convert it where it lies with "
                "`vitruv convert`"
            ) from None
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        convert_checkpoint(
            checkpoint,
            folder,
            name=entry.name,
            source=address,
            licence=entry.licence,
            box_pooler_aligned=entry.box_pooler_aligned,
        )
    finally:
        # The model holds all tensors; and what was downloaded but is no checkpoint must not be found again.
        if downloaded:
            checkpoint.unlink()
    return folder


def from_checkpoint(path: Path) -> Path:
    """The model folder of a checkpoint file, converted once with the official settings and kept in the cache."""
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from None
    folder = cache_folder() / "models" / f"{path.stem}-{digest[:16]}"
    if not folder.is_dir():
        known = next((entry for entry in CATALOGUE.values() if entry.file == path.name), None)
        convert_checkpoint(
            path,
            folder,
            licence=known.licence if known else "unknown",
            box_pooler_aligned=known.box_pooler_aligned if known else False,
        )
    return folder
