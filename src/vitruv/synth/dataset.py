"""A DensePose-COCO data set of synthetic people on disk, written by many processes, to be continued after a stop.

DIR/images/000000000017.jpg          the picture
DIR/dense/000000000017_iuv.png       chart, U, V of every pixel (red, green, blue; U and V times 255, rounded)
DIR/dense/000000000017_person.png    who is seen: 0 nobody, i + 1 the picture's person i
DIR/annotations.json                 DensePose-COCO annotations of all pictures
DIR/settings.json                    what it was made with
DIR/records/                         the annotations picture by picture: a stopped run goes on, a finished one can be made longer
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vitruv.errors import FormatError, InputError, UnwritableFileError
from vitruv.files import replacing
from vitruv.formats import write_png
from vitruv.formats.annotations import AnnotationWriter
from vitruv.synth.records import person_records
from vitruv.synth.scene import SceneSampler
from vitruv.synth.stream import stream

_POINTS_STREAM = 7_002  # tells the random numbers of the points from the sampler's
_JPEG_QUALITY = 95
_MOST_PEOPLE = 100  # in one picture, so that annotation ids do not collide


@dataclass(frozen=True)
class _Writer:
    """Makes and writes one picture; the annotations come last, so that they tell that the rest is there."""

    sampler: SceneSampler
    folder: Path
    indices: tuple[int, ...]

    def __call__(self, index: int) -> int:
        index = self.indices[index]
        sample = self.sampler(index)
        name = f"{index:012d}"
        buffer = io.BytesIO()
        Image.fromarray(sample.image).save(buffer, "JPEG", quality=_JPEG_QUALITY)
        with replacing(self.folder / "images" / f"{name}.jpg") as file:
            file.write(buffer.getvalue())
        iuv = np.concatenate([sample.labels[None], sample.uv])
        write_png(self.folder / "dense" / f"{name}_iuv.png", np.ascontiguousarray(np.moveaxis(iuv, 0, 2)))
        write_png(self.folder / "dense" / f"{name}_person.png", sample.person.astype(np.uint8))
        height, width = sample.labels.shape
        rng = np.random.default_rng((self.sampler.seed, index, _POINTS_STREAM))
        entry = {
            "image": {"id": index, "file_name": f"{name}.jpg", "width": width, "height": height},
            "people": person_records(sample, image_id=index, first_id=1 + index * _MOST_PEOPLE, rng=rng),
        }
        with replacing(_record_path(self.folder, index)) as file:
            file.write(json.dumps(entry).encode())
        return len(sample.boxes_xyxy)


def write_dataset(sampler: SceneSampler, folder: Path, *, images: int, workers: int = 0, settings: dict[str, Any]) -> Iterator[int]:
    """Write pictures 0 .. images - 1; yields the number done so far, first those found from an earlier run.

    settings: what the pictures depend on; it is kept, and a folder made with other settings is refused. The same sampler gives
    the same bytes, however many workers there are and however often the run was stopped.
    Raises InputError or UnwritableFileError.
    """
    if images < 1:
        raise InputError(f"images must be at least 1, but got {images}")
    _open_folder(folder, settings)
    done = {i for i in range(images) if _record_path(folder, i).exists()}
    missing = tuple(i for i in range(images) if i not in done)
    count = len(done)
    yield count
    for indices, _ in stream(_Writer(sampler, folder, missing), stop=len(missing), batch=1, workers=min(workers, len(missing))):
        count += len(indices)
        yield count
    _gather(folder, images, settings)


def _record_path(folder: Path, index: int) -> Path:
    return folder / "records" / f"{index:012d}.json"


def _open_folder(folder: Path, settings: dict[str, Any]) -> None:
    path = folder / "settings.json"
    text = json.dumps(settings, indent=1, sort_keys=True) + "\n"
    try:
        for part in ("images", "dense", "records"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        old = path.read_text("utf-8") if path.exists() else None
    except OSError as error:
        raise UnwritableFileError(folder, f"cannot be used as the data set's folder ({error.strerror or error})") from error
    if old is None:
        with replacing(path) as file:
            file.write(text.encode())
        return
    try:
        before = json.loads(old)
    except ValueError as error:
        raise FormatError(path, "is not JSON; remove the folder or choose another") from error
    different = sorted(k for k in {*before, *settings} if before.get(k) != settings.get(k))
    if different:
        raise InputError(f"{folder} holds a data set made with another {', '.join(different)}; choose another folder, or remove it")


def _gather(folder: Path, images: int, settings: dict[str, Any]) -> None:
    """All records into one file; afterwards they are no longer needed on their own."""
    info = {"description": "synthetic people with exact dense pose", "settings": settings}
    with AnnotationWriter(folder / "annotations.json", top={"info": info}) as writer:
        for index in range(images):
            path = _record_path(folder, index)
            try:
                entry = json.loads(path.read_bytes())
            except (OSError, ValueError) as error:
                raise FormatError(path, f"cannot be read ({error}); remove it and start again") from error
            writer.add_image(entry["image"])
            for person in entry["people"]:
                writer.add_person(person)
