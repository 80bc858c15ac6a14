"""The people of a photo: found by a model, or read from saved results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np

from vitruv.errors import FormatError
from vitruv.files import FilePath
from vitruv.formats import PhotoTable, detected_people, read_images, read_results
from vitruv.media import PhotoFile
from vitruv.results import DensePoses
from vitruv.runtime import load
from vitruv.types import UInt8Array

PeopleOf: TypeAlias = Callable[[PhotoFile, UInt8Array], DensePoses]


def people_source(results: Path | None, model: str | None, threshold: float | None) -> PeopleOf:
    """A function from a photo (its file, and (h, w, 3) uint8) to its people.

    results: a file of results with images.json of `vitruv predict` beside it; None asks the model. The function raises FormatError
    for a photo that the results do not know, or know with another size.
    """
    return _by_model(model, threshold) if results is None else _by_results(results, threshold)


def _by_model(model: str | None, threshold: float | None) -> PeopleOf:
    predictor = load(model)
    return lambda photo, rgb: predictor(rgb, threshold=threshold)


def _by_results(path: Path, threshold: float | None) -> PeopleOf:
    images = read_images(path.with_name("images.json"))
    results = read_results(path)
    found_in = results.indices_of_image()
    table = PhotoTable(path, [(image.file_name, image) for image in images.values()])

    def people_of(photo: PhotoFile, rgb: UInt8Array) -> DensePoses:
        (image,) = table.of([FilePath.on_disk(photo.path, photo.relative)])
        if isinstance(image, FormatError):
            raise image
        if image.size_hw != rgb.shape[:2]:
            raise FormatError(path, f"is of a {photo.path.name} of {image.size_hw} (h, w) pixels, but the photo is {rgb.shape[:2]}")
        found = found_in.get(image.id, np.zeros(0, np.int64))
        chosen = found[results.scores[found] >= (0 if threshold is None else threshold)]
        return detected_people(results, chosen, image.size_hw)

    return people_of
