"""`vitruv show`: draw annotations or results over their photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from vitruv.cli.photos_of import photo_of
from vitruv.draw import overlay
from vitruv.draw.annotated import draw_box, draw_keypoints, draw_masks, draw_points
from vitruv.errors import FormatError, InputError, MissingFileError, UnwritableFileError
from vitruv.formats import AnnotationFile, Detections, ImageInfo, detected_people, read_results, write_png
from vitruv.formats.json_records import JsonFile
from vitruv.formats.result_files import is_json
from vitruv.media import read_image
from vitruv.types import UInt8Array

Layer = Literal["points", "masks", "keypoints", "boxes"]


@dataclass(frozen=True)
class ShowOptions:
    """Draw annotations or results over their photos.

    Example: vitruv show densepose_minival2014.json --images val2014 --output pictures
    Example: vitruv show results.json --images val2014 --annotations densepose_minival2014.json --output pictures

    Annotated points have the colour of their chart and a line that shows U (to the right) and V (down); results are drawn as
    charts with lines of equal U and V. Writes IMAGE_annotations.png or IMAGE_results.png.
    """

    file: tyro.conf.Positional[Path]
    """Annotations, or results of any form that `vitruv evaluate` reads."""

    images: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder of the photos."""

    output: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for the pictures."""

    annotations: Annotated[Path | None, tyro.conf.arg(metavar="GT.json")] = None
    """Which photo has which id, for results."""

    layers: tuple[Layer, ...] = ("masks", "points", "keypoints", "boxes")
    """What is drawn of annotations."""

    ids: tuple[str, ...] = ()
    """Only these images; default is all that have people."""

    threshold: float = 0.5
    """Leave out results with a lower score."""

    most: int = 100
    """Stop after so many pictures."""


def main(argv: Sequence[str]) -> int:
    options = tyro.cli(ShowOptions, prog="vitruv show", args=list(argv))
    if not options.images.is_dir():
        raise MissingFileError(options.images)
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableFileError(options.output, f"cannot be made: {error.strerror or error}") from None
    if is_json(options.file) and isinstance(JsonFile.open(options.file).top, dict):
        written, missing = _show_annotations(options, AnnotationFile.open(options.file))
    else:
        annotations = AnnotationFile.open(options.annotations) if options.annotations is not None else None
        written, missing = _show_results(options, read_results(options.file, annotations), annotations)
    if not written:
        raise InputError(
            f"nothing was drawn: no photo of an image with people is in {options.images}" if missing else "nobody to draw"
        )
    print(f"wrote {written} pictures to {options.output}" + (f"; {missing} photos are not in {options.images}" if missing else ""))
    return 0


def _wanted(options: ShowOptions, image_id: int | str) -> bool:
    return not options.ids or str(image_id) in options.ids


def _show_annotations(options: ShowOptions, file: AnnotationFile) -> tuple[int, int]:
    written = missing = 0
    for image_id, image in file.images.items():
        people = file.people_of(image_id) if _wanted(options, image_id) else []
        if not people or written == options.most:
            continue
        try:
            picture = _photo(image, options.images)
        except MissingFileError:
            missing += 1
            continue
        for person in people:
            if "masks" in options.layers:
                picture = draw_masks(picture, person)
        for person in people:
            if "boxes" in options.layers:
                picture = draw_box(picture, person.bbox_xywh, f"{person.id}{' crowd' if person.is_crowd else ''}")
            if "keypoints" in options.layers:
                picture = draw_keypoints(picture, person)
            if "points" in options.layers:
                picture = draw_points(picture, person)
        write_png(options.output / f"{_stem(image_id)}_annotations.png", picture)
        written += 1
    return written, missing


def _show_results(options: ShowOptions, results: Detections, annotations: AnnotationFile | None) -> tuple[int, int]:
    written = missing = 0
    for image_id, found in results.indices_of_image().items():
        chosen = found[results.scores[found] >= options.threshold]
        if not len(chosen) or not _wanted(options, image_id) or written == options.most:
            continue
        if annotations is not None and image_id not in annotations.images:
            raise FormatError(options.file, f"there is no image {image_id} among the annotations")
        try:
            picture = _photo(annotations.images[image_id], options.images) if annotations else _by_id(image_id, options.images)
        except MissingFileError:
            missing += 1
            continue
        size = picture.shape[0], picture.shape[1]
        write_png(options.output / f"{_stem(image_id)}_results.png", overlay(picture, detected_people(results, chosen, size)))
        written += 1
    return written, missing


def _photo(image: ImageInfo, folder: Path) -> UInt8Array:
    photo = photo_of(image, folder)
    if photo.shape[:2] != image.size_hw:
        height, width = image.size_hw
        raise FormatError(
            folder / image.file_name, f"the photo is {photo.shape[0]}x{photo.shape[1]} (h x w), expected {height}x{width}"
        )
    return photo


def _by_id(image_id: int | str, folder: Path) -> UInt8Array:
    """Without annotations: the photo of that name, or one whose name ends in COCO's twelve digits."""
    if isinstance(image_id, str):
        return read_image(folder / Path(image_id).name)
    for name in (f"{image_id:012}", f"COCO_val2014_{image_id:012}", f"COCO_train2014_{image_id:012}", str(image_id)):
        for suffix in (".jpg", ".jpeg", ".png"):
            if (folder / f"{name}{suffix}").is_file():
                return read_image(folder / f"{name}{suffix}")
    raise MissingFileError(folder / f"{image_id:012}.jpg")


def _stem(image_id: int | str) -> str:
    return Path(image_id).stem if isinstance(image_id, str) else str(image_id)
