"""DensePose-COCO annotation files: images, people and categories, read lazily, written streaming.

    {"images": [...], "annotations": [...], "categories": [...], "info": {...}}

Every field of every record is kept, known or not, so that a file that is read and written again says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import Any, BinaryIO, Self

from vitruv.errors import FormatError, InputError
from vitruv.files import replacing
from vitruv.formats.annotation import Person
from vitruv.formats.json_records import JsonFile, Records, dump_json
from vitruv.types import PathLike

_SECTIONS = ("images", "annotations", "categories")


@dataclass(frozen=True, eq=False)
class ImageInfo:
    """One entry of `images`. Fields that Vitruv does not use (PoseTrack's frame_id, ignore regions, ...) are in `record`."""

    record: Mapping[str, Any]

    @property
    def id(self) -> int | str:
        image_id: int | str = self.record["id"]
        return image_id

    @property
    def size_hw(self) -> tuple[int, int]:
        return int(self.record["height"]), int(self.record["width"])

    @property
    def file_name(self) -> str:
        return str(self.record.get("file_name", ""))


def image_problems_of(record: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with one entry of `images`, one sentence each."""
    if isinstance(record.get("id"), bool) or not isinstance(record.get("id"), (int, str)):
        yield "id must be a whole number"
    for side in ("height", "width"):
        length = record.get(side)
        if isinstance(length, bool) or not isinstance(length, int) or not 1 <= length <= 100_000:
            yield f"{side} must be a whole number of pixels, 1 or more"
    if not isinstance(record.get("file_name", ""), str):
        yield "file_name must be text"


def read_images(path: PathLike) -> Mapping[int | str, ImageInfo]:
    """The `images` of any JSON file that has them, by id: annotations, or images.json of `vitruv predict`.

    Raises MissingFileError, UnreadableFileError, or FormatError: not JSON, no images, one that is broken or has another's id.
    """
    file = JsonFile.open(path)
    if not isinstance(file.top, dict) or "images" not in file.top:
        raise FormatError(path, "must be an object with the list images")
    return _images_of(file, path)


def read_categories(path: PathLike) -> tuple[Mapping[str, Any], ...]:
    """The `categories` of a JSON file that has them; () otherwise. Raises as `read_images`."""
    file = JsonFile.open(path)
    return _categories_of(file)


def _categories_of(file: JsonFile) -> tuple[Mapping[str, Any], ...]:
    return tuple(file.records("categories")) if isinstance(file.top, dict) and "categories" in file.top else ()


def _images_of(file: JsonFile, path: PathLike) -> dict[int | str, ImageInfo]:
    images: dict[int | str, ImageInfo] = {}
    for i, record in enumerate(file.records("images")):
        for problem in image_problems_of(record):
            raise FormatError(path, f"images[{i}]: {problem}")
        if record["id"] in images:
            raise FormatError(path, f"images[{i}]: id {record['id']} is used twice")
        images[record["id"]] = ImageInfo(record)
    return images


@dataclass(frozen=True, eq=False)
class AnnotationFile:
    """A mapped annotation file. Records are parsed when asked for; only numbers that say where they stand are kept."""

    path: PathLike
    images: Mapping[int | str, ImageInfo]
    records: Records
    categories: tuple[Mapping[str, Any], ...]
    _file: JsonFile
    _people: dict[int, Person] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def open(cls, path: PathLike) -> AnnotationFile:
        """Raises MissingFileError, UnreadableFileError, or FormatError: not JSON, a section missing, an image that is broken or
        has the id of another."""
        file = JsonFile.open(path)
        if not isinstance(file.top, dict) or "annotations" not in file.top or "images" not in file.top:
            raise FormatError(path, "an annotation file must be an object with the lists images and annotations")
        images = _images_of(file, path)
        return cls(path, images, file.records("annotations"), _categories_of(file), file)

    def __len__(self) -> int:
        return len(self.records)

    def person(self, index: int) -> Person:
        """Entry `index` of `annotations`. Raises FormatError when it is broken, or its image does not exist.

        Where records are kept (`Records.kept`), people are, too.
        """
        if index in self._people:
            return self._people[index]
        person = Person.checked(self.records[index], self.path, f"annotations[{index}]")
        if person.image_id not in self.images:
            raise FormatError(self.path, f"annotations[{index}] (id {person.id}): there is no image {person.image_id}")
        if self.records.kept:
            self._people[index] = person
        return person

    def people(self) -> Iterator[Person]:
        """All people, in the order of the file."""
        return (self.person(i) for i in range(len(self)))

    @cached_property
    def indices_of_image(self) -> Mapping[int | str, list[int]]:
        """image id -> where its people stand in `annotations`; images without people are in it, too."""
        where: dict[int | str, list[int]] = {image_id: [] for image_id in self.images}
        for i, record in enumerate(self.records):
            image_id = record.get("image_id")
            if not isinstance(image_id, (int, str)) or image_id not in where:
                raise FormatError(self.path, f"annotations[{i}]: there is no image {str(image_id)[:40]}")
            where[image_id].append(i)
        return where

    def people_of(self, image_id: int | str) -> list[Person]:
        """The people of one image, in the order of the file."""
        return [self.person(i) for i in self.indices_of_image[image_id]]

    def write(self, path: PathLike) -> None:
        """Write the same content to another file."""
        top = {name: self._file.value(name) for name in self._file.top if name not in _SECTIONS}
        with AnnotationWriter(path, categories=self.categories, top=top) as writer:
            for image in self.images.values():
                writer.add_image(image.record)
            for record in self.records:
                writer.add_person(record)


class AnnotationWriter:
    """Writes an annotation file; people are not kept in memory, images are. The file appears whole, or not at all.

    with AnnotationWriter("people.json") as writer:
        writer.add_image({"id": 1, "width": 640, "height": 480, "file_name": "1.jpg"})
        writer.add_person({"id": 1, "image_id": 1, "category_id": 1, "bbox": [...], "dp_x": [...], ...})

    categories: default is the one category "person" with id 1. top: other top-level values, such as "info".
    """

    def __init__(
        self,
        path: PathLike,
        *,
        categories: tuple[Mapping[str, Any], ...] = ({"id": 1, "name": "person", "supercategory": "person"},),
        top: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = path
        self._head = {**(top or {}), "categories": list(categories)}
        self._images: list[Mapping[str, Any]] = []
        self._count = 0
        self._stack = ExitStack()
        self._stream: BinaryIO | None = None

    def __enter__(self) -> Self:
        self._stream = self._stack.enter_context(replacing(self.path))
        self._stream.write(b'{"annotations": [')
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None and self._stream is not None:
            self._stream.write(b'],\n"images": ' + dump_json(self._images))
            for name, value in self._head.items():
                self._stream.write(b",\n" + dump_json(name) + b": " + dump_json(value))
            self._stream.write(b"}\n")
        self._stream = None
        self._stack.__exit__(kind, error, trace)

    def add_image(self, record: Mapping[str, Any]) -> None:
        self._images.append(record)

    def add_person(self, record: Mapping[str, Any]) -> None:
        """One entry of `annotations`. Raises InputError for values that JSON cannot hold (NaN)."""
        if self._stream is None:
            raise InputError("an AnnotationWriter can only be used inside its `with` block")
        self._stream.write((b",\n" if self._count else b"\n") + dump_json(record))
        self._count += 1
