"""A folder of results that grows photo by photo and run by run: results.json, and images.json that says which photo has which id.

While photos are added, what is known of each is kept in a journal beside them, a line a photo; at the end both files are written
whole, with what was there before, in the order of the ids. A process that is killed leaves the journal, and whoever opens the
folder next goes on from it: the files then say the same as if nothing had happened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from vitruv.errors import FormatError, UnreadableFileError, UnwritableFileError, VitruvError
from vitruv.files import locked, replacing
from vitruv.formats.json_records import JsonFile, Records
from vitruv.formats.result_json import ResultWriter, result_records
from vitruv.results import DensePoses
from vitruv.types import PathLike

RESULTS, IMAGES, JOURNAL = "results.json", "images.json", ".vitruv-results.jsonl"

Image = Mapping[str, Any]
"""An entry of images.json: id (int), file_name, width, height, stem (what the photo's own files are called), and photo: where it
is, as seen from the folder."""


class ResultFolder:
    """Results of the photos in a folder.

        with ResultFolder("out") as results:
            results.add({"id": 1, "photo": "../a.jpg", "file_name": "a.jpg", "stem": "a", "width": 640, "height": 480}, people)

    images: the entries by `photo`, earlier runs' too. Both files are written when the block ends, also by an error.
    Entering raises FormatError where the files there are not such a folder's, and UnwritableFileError where the folder cannot be
    written or another process adds to it.
    """

    def __init__(self, folder: PathLike) -> None:
        self.folder = Path(folder)
        self.images: dict[str, Image] = {}
        self._earlier: Records | None = None
        self._of_image: dict[int, list[int]] = {}  # image id -> its results in `_earlier`
        self._lines: dict[int, tuple[int, int]] = {}  # image id -> where its line stands in the journal
        self._stream: BinaryIO | None = None

    def __enter__(self) -> Self:
        path = self.folder / JOURNAL
        known = path.exists()
        try:
            stream = path.open("a+b")
        except OSError as error:
            raise UnwritableFileError(path, f"cannot be written: {_sentence(error)}") from None
        try:
            if not locked(stream):
                raise UnwritableFileError(self.folder, "another run is adding results to this folder; wait, or choose another one")
            self._read(known)
            self._replay(stream)
        except BaseException:
            stream.close()
            if not known:
                path.unlink(missing_ok=True)
            raise
        self._stream = stream
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        stream = self._stream
        if stream is None:
            return
        try:
            if error is None or self._lines or self._earlier is not None:
                self._write(stream)
            (self.folder / JOURNAL).unlink(missing_ok=True)
        except VitruvError:
            if error is None:
                raise
            # The first error is the one to hear about; the journal stays and the next run goes on from it.
        finally:
            stream.close()
            self._stream = None

    def add(self, image: Image, people: DensePoses) -> None:
        """Take in the people of a photo, in place of what was known of it. Raises UnwritableFileError when the disk is full."""
        if self._stream is None:
            raise RuntimeError("a ResultFolder can only be added to inside its `with` block")
        line = (
            json.dumps(
                {"image": image, "results": [{"image_id": image["id"], **record} for record in result_records(people)]},
                allow_nan=False,
            ).encode()
            + b"\n"
        )
        start = self._stream.seek(0, 2)
        try:
            self._stream.write(line)
            self._stream.flush()
        except OSError as error:
            raise UnwritableFileError(self._stream.name, f"cannot be written: {_sentence(error)}") from None
        self._know(image, start, start + len(line))

    def _know(self, image: Image, start: int, end: int) -> None:
        before = self.images.get(image["photo"], image)["id"]
        if before != image["id"]:
            self._lines.pop(before, None)
            self._of_image.pop(before, None)
        self.images[image["photo"]] = image
        self._lines[image["id"]] = start, end

    def _replay(self, stream: BinaryIO) -> None:
        """Take in the lines of a run that was killed; the last one may have been cut off, and is dropped."""
        start = stream.seek(0)
        for line in stream:
            try:
                entry = json.loads(line)
                image = entry["image"]
                if not _is_image(image) or not all(isinstance(record, dict) for record in entry["results"]):
                    break
                self._know(image, start, start + len(line))
            except (ValueError, TypeError, KeyError, RecursionError):
                break
            start += len(line)
        stream.truncate(start)

    def _write(self, stream: BinaryIO) -> None:
        with ResultWriter(self.folder / RESULTS) as writer:
            for image_id in sorted({*self._lines, *self._of_image}):
                for record in self._records(stream, image_id):
                    writer.add_record(record)
        ordered = sorted(self.images.values(), key=lambda image: int(image["id"]))
        with replacing(self.folder / IMAGES) as file:
            file.write(json.dumps({"images": ordered}, indent=0).encode())

    def _records(self, stream: BinaryIO, image_id: int) -> Iterator[Mapping[str, object]]:
        if image_id in self._lines:
            start, end = self._lines[image_id]
            stream.seek(start)
            yield from json.loads(stream.read(end - start))["results"]
        elif self._earlier is not None:
            yield from (self._earlier[i] for i in self._of_image[image_id])

    def _read(self, journal: bool) -> None:
        """What earlier runs left."""
        path = self.folder / RESULTS
        if not path.exists():
            return
        if not (self.folder / IMAGES).exists() and not journal:
            raise FormatError(path, f"no {IMAGES} beside it says what its ids are; move it, or choose another folder")
        self._earlier = JsonFile.open(path).records("")
        for i, record in enumerate(self._earlier):
            if not isinstance(record.get("image_id"), int):
                raise FormatError(path, f"result {i}: image_id must be a whole number; move the file, or choose another folder")
            self._of_image.setdefault(record["image_id"], []).append(i)
        self.images = {image["photo"]: image for image in _read_images(self.folder / IMAGES)}


def _read_images(path: Path) -> list[Image]:
    if not path.exists():
        return []
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise FormatError(path, f"is not JSON ({error}); move it, or choose another folder") from None
    images = data.get("images") if isinstance(data, dict) else None
    if not isinstance(images, list) or not all(_is_image(image) for image in images):
        raise FormatError(path, "its images need id, file_name, stem and photo to be added to; move it, or choose another folder")
    return images


def _is_image(image: object) -> bool:
    match image:
        case {"id": int(), "file_name": str(), "stem": str(), "photo": str()}:
            return True
    return False


def _sentence(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
