"""`vitruv export-maps`: files of a preset from saved results, without running a network again."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Annotated

import numpy as np
import tyro

from vitruv.cli.parsing import parse
from vitruv.errors import FormatError, InputError
from vitruv.formats import Detections, ImageInfo, detected_people, read_images, read_results
from vitruv.formats.presets import PresetWriter, presets
from vitruv.types import Int64Array


@dataclass(frozen=True)
class ExportOptions:
    """Write the files that another program reads from results that were saved before.

    Example: vitruv export-maps out/results.json --preset viton-hd --output DATASET/train

    Names and sizes of the photos come from the images.json that `vitruv predict` leaves beside its results.json, or from --images.
    Photos in there that have no results get the map of nobody.
    """

    results: tyro.conf.Positional[Path]
    """Results of any form that `vitruv evaluate` reads."""

    preset: Annotated[str, tyro.conf.arg(metavar="NAME")]
    """A name from `vitruv presets`, or a TOML file of your own."""

    output: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for what is written; `vitruv presets` says which one a preset expects."""

    images: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """JSON with `images`: id, file_name, width and height of every photo, as in COCO. Without it: images.json beside
    the results."""

    threshold: float = 0.0
    """Leave out results with a lower score."""


def main(argv: Sequence[str]) -> int:
    """Run the verb; returns the exit status."""
    options = parse(ExportOptions, "vitruv export-maps", argv)
    preset = presets[options.preset]
    results = read_results(options.results)
    listed = options.images or options.results.with_name("images.json")
    if options.images is None and not listed.exists():
        raise InputError(f"{options.results} does not say which photos it is of, and no images.json lies beside it: give --images")
    images = read_images(listed)
    found_in = _by_image(options, results, images, listed)
    photos = [PurePath(image.file_name or str(image.id)) for image in images.values()]
    with PresetWriter(preset, options.output, photos) as writer:
        for photo, (image_id, image) in zip(photos, images.items(), strict=True):
            people = detected_people(results, found_in.get(image_id, np.zeros(0, np.int64)), image.size_hw)
            for remark in writer.add(photo, people, image_id=image_id):
                print(f"{photo}: {remark}", file=sys.stderr)
    print(f"{len(photos)} photo{'' if len(photos) == 1 else 's'} as {preset.name} -> {options.output}")
    return 0


def _by_image(
    options: ExportOptions, results: Detections, images: Mapping[int | str, ImageInfo], listed: Path
) -> dict[int | str, Int64Array]:
    """Image id -> its results above the threshold. Dumps of Detectron2 name photos instead of numbering them."""
    id_of_name = {PurePosixPath(image.file_name).name: image_id for image_id, image in images.items()}
    found_in = {}
    for key, found in results.indices_of_image().items():
        image_id = key if key in images else id_of_name.get(key) if isinstance(key, str) else None
        if image_id is None:
            raise FormatError(listed, f"there is no image {key} in it, which result {int(found[0])} of {options.results} is of")
        found_in[image_id] = found[results.scores[found] >= options.threshold]
    return found_in
