"""`vitruv show`: draw annotations or results over their photos."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import tyro

from vitruv.cli.parsing import parse
from vitruv.draw.annotated import draw_box, draw_keypoints, draw_masks, draw_points
from vitruv.errors import FormatError, InputError, MissingFileError, UnwritableFileError, VitruvError
from vitruv.files import make_folder
from vitruv.formats import AnnotationFile, Detections, ImageInfo, detected_people, read_images, read_results, write_png
from vitruv.formats.json_records import JsonFile
from vitruv.formats.result_files import is_json
from vitruv.formats.result_folder import IMAGES
from vitruv.media import PhotoFolder, read_image
from vitruv.types import Int64Array, UInt8Array

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
    """Which photo has which id, for results: annotations, or images.json of `vitruv predict`. Default: images.json beside FILE."""

    layers: tuple[Layer, ...] = ("masks", "points", "keypoints", "boxes")
    """What is drawn of annotations, and beside the charts of results that have it (boxes: those of numbered tracks)."""

    ids: tuple[str, ...] = ()
    """Only these images; default is all that have people."""

    threshold: float = 0.5
    """Leave out results with a lower score."""

    most: int = 100
    """Stop after so many pictures."""


def main(argv: Sequence[str]) -> int:
    options = parse(ShowOptions, "vitruv show", argv)
    if not options.images.is_dir():
        raise MissingFileError(options.images)
    make_folder(options.output)
    if is_json(options.file) and isinstance(JsonFile.open(options.file).top, dict):
        album = _show_annotations(options, AnnotationFile.open(options.file))
    else:
        beside = options.file.with_name(IMAGES)
        listed = options.annotations or (beside if beside.is_file() else None)
        images = read_images(listed) if listed is not None else None
        album = _show_results(options, read_results(options.file, images), images)
    for line in album.failures:
        print(f"vitruv show: {line}", file=sys.stderr)
    missing = f"; {album.missing} photos are not in {options.images}" if album.missing else ""
    if album.written:
        print(f"wrote {album.written} pictures to {options.output}{missing}")
    elif not album.failures:
        nowhere = f"nothing was drawn: no photo of an image with people is in {options.images}"
        raise InputError(nowhere if album.missing else "nobody to draw")
    return 1 if album.failures else 0


@dataclass
class _Album:
    """The pictures written so far. failures: a line for each that could not be."""

    options: ShowOptions
    photos: PhotoFolder
    written: int = 0
    missing: int = 0
    failures: list[str] = field(default_factory=list)
    stems: set[str] = field(default_factory=set)

    def wants(self, image_id: int | str) -> bool:
        return self.written < self.options.most and (not self.options.ids or str(image_id) in self.options.ids)

    def add(self, image_id: int | str, find: Callable[[], Path], draw: Callable[[UInt8Array], UInt8Array], ending: str) -> None:
        """Read the photo, draw on it and write it; what goes wrong costs this picture only, unless nothing can be written."""
        try:
            picture = draw(read_image(find()))
        except MissingFileError:
            self.missing += 1
        except UnwritableFileError:
            raise
        except VitruvError as error:
            self.failures.append(f"image {image_id}: {error}")
        else:
            path = self.options.output / f"{self._stem(image_id)}{ending}"
            make_folder(path.parent)
            write_png(path, picture)
            self.written += 1

    def _stem(self, image_id: int | str) -> str:
        """Of no other picture: ids that are names keep their folders, and their suffix where only that tells them apart."""
        parts = [part for part in str(image_id).replace("\\", "/").split("/") if part not in ("", ".", "..")]
        name = "/".join(parts) or "photo"
        stem = PurePosixPath(name).with_suffix("").as_posix() if isinstance(image_id, str) else name
        chosen = name if stem.casefold() in self.stems else stem
        self.stems.add(chosen.casefold())
        return chosen


def _show_annotations(options: ShowOptions, file: AnnotationFile) -> _Album:
    album = _Album(options, PhotoFolder(options.images, (image.file_name for image in file.images.values())))
    for image_id, image in file.images.items():
        if album.wants(image_id) and file.indices_of_image[image_id]:
            album.add(
                image_id, partial(album.photos.path, image.file_name), partial(_drawn, options, file, image), "_annotations.png"
            )
    return album


def _drawn(options: ShowOptions, file: AnnotationFile, image: ImageInfo, picture: UInt8Array) -> UInt8Array:
    _same_size(picture, image, options.images)
    people = file.people_of(image.id)
    if "masks" in options.layers:
        for person in people:
            picture = draw_masks(picture, person)
    for person in people:
        if "boxes" in options.layers:
            picture = draw_box(picture, person.bbox_xywh, f"{person.id}{' crowd' if person.is_crowd else ''}")
        if "keypoints" in options.layers:
            picture = draw_keypoints(picture, person)
        if "points" in options.layers:
            picture = draw_points(picture, person)
    return picture


def _show_results(options: ShowOptions, results: Detections, images: Mapping[int | str, ImageInfo] | None) -> _Album:
    found_in = results.indices_of_image()
    names = [str(image_id) for image_id in found_in] if images is None else [image.file_name for image in images.values()]
    album = _Album(options, PhotoFolder(options.images, names))

    def draw(chosen: Int64Array, image: ImageInfo | None, picture: UInt8Array) -> UInt8Array:
        if image is not None:
            _same_size(picture, image, options.images)
        people = detected_people(results, chosen, (picture.shape[0], picture.shape[1]))
        return people.overlay(
            picture,
            masks="masks" in options.layers and len(people.masks) > 0,
            keypoints="keypoints" in options.layers and people.keypoints is not None,
            track_ids="boxes" in options.layers and people.track_ids is not None,
        )

    for image_id, found in found_in.items():
        chosen = found[results.scores[found] >= options.threshold]
        if not len(chosen) or not album.wants(image_id):
            continue
        image = None if images is None else images.get(image_id)
        if images is not None and image is None:
            raise FormatError(options.file, f"there is no image {image_id} among the images listed")
        if image is not None:
            find = partial(album.photos.path, image.file_name)
        elif isinstance(image_id, str):
            find = partial(album.photos.path, image_id)
        else:
            find = partial(_by_number, image_id, options.images)
        album.add(image_id, find, partial(draw, chosen, image), "_results.png")
    return album


def _same_size(photo: UInt8Array, image: ImageInfo, folder: Path) -> None:
    if photo.shape[:2] != image.size_hw:
        height, width = image.size_hw
        raise FormatError(
            folder / image.file_name, f"the photo is {photo.shape[0]}x{photo.shape[1]} (h x w), expected {height}x{width}"
        )


def _by_number(image_id: int, folder: Path) -> Path:
    """Without a list of images: the photo of that name, or one whose name ends in COCO's twelve digits."""
    for name in (f"{image_id:012}", f"COCO_val2014_{image_id:012}", f"COCO_train2014_{image_id:012}", str(image_id)):
        for suffix in (".jpg", ".jpeg", ".png"):
            if (folder / f"{name}{suffix}").is_file():
                return folder / f"{name}{suffix}"
    raise MissingFileError(folder / f"{image_id:012}.jpg")
