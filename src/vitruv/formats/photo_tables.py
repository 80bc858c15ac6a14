"""Files that say something about each photo: boxes of its people, or its id. Values are looked up by file name.

Boxes come in three forms (xyxy in pixels of the upright photo, unless COCO's):

    {"beach/a.jpg": [[10, 20, 110, 320]], "b.jpg": []}          JSON: file name -> boxes x1 y1 x2 y2
    file,x1,y1,x2,y2                                             CSV with this header, a row per box
    {"images": [...], "annotations": [{"image_id", "bbox"}]}     COCO annotations: bbox is x, y, width, height; crowds are left out,
                                                                 and what is no person by `categories`
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from vitruv.errors import FormatError, InputError, MissingFileError, UnreadableFileError
from vitruv.files import FilePath, Unmatched, match_files
from vitruv.formats.categories import is_person, person_categories
from vitruv.geometry import as_boxes_xyxy
from vitruv.types import Float32Array, PathLike

T = TypeVar("T")

_CSV_HEADER = ["file", "x1", "y1", "x2", "y2"]


class PhotoTable(Generic[T]):
    """Values by photo, found by the rule of `vitruv.files.match_files`.

    left_out: entries of the file that say nothing about people: boxes of other categories, and crowds.
    """

    def __init__(self, path: PathLike, values: Iterable[tuple[str, T]], *, left_out: int = 0) -> None:
        self.path = path
        self.left_out = left_out
        self._values = list(values)

    def of(self, photos: Sequence[FilePath]) -> list[T | FormatError]:
        """What the file says about each photo, or the error that says why it cannot be told. No entry is used for two photos."""
        found = match_files([name for name, _ in self._values], photos)
        return [FormatError(self.path, one.reason) if isinstance(one, Unmatched) else self._values[one][1] for one in found]


def read_boxes(path: PathLike) -> PhotoTable[Float32Array]:
    """Boxes (n, 4) float32 xyxy of each photo, from any of the forms above.

    Raises MissingFileError, UnreadableFileError, or FormatError naming the entry that cannot be used.
    """
    text = _read_text(path)
    lists: Iterable[tuple[str, object]]
    left_out = 0
    if Path(path).suffix.lower() == ".csv":
        lists = _boxes_of_csv(path, text).items()
    else:
        data = _parse_json(path, text)
        if "images" in data and "annotations" in data:
            lists, left_out = _boxes_of_coco(path, data)
        else:
            lists = data.items()
    boxes = []
    for name, values in lists:
        try:
            boxes.append((name, as_boxes_xyxy(values)))
        except InputError as error:
            raise FormatError(path, f"{name}: {error}") from None
    return PhotoTable(path, boxes, left_out=left_out)


def read_image_ids(path: PathLike) -> PhotoTable[int]:
    """Ids of the photos in a COCO JSON file (its `images`). Raises as `read_boxes`."""
    return PhotoTable(path, ((name, image_id) for image_id, name in _coco_images(path, _parse_json(path, _read_text(path)))))


def _read_text(path: PathLike) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(path, f"cannot be read as text ({error})") from None


def _parse_json(path: PathLike, text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(path, f"is not JSON ({error})") from None
    if not isinstance(data, dict):
        raise FormatError(path, f"must hold a JSON object, but holds a {type(data).__name__}")
    return data


def _boxes_of_csv(path: PathLike, text: str) -> dict[str, list[list[str]]]:
    rows = csv.reader(io.StringIO(text, newline=""))
    header = [column.strip() for column in next(rows, [])]
    if header != _CSV_HEADER:
        raise FormatError(path, f"must begin with the line {','.join(_CSV_HEADER)}, but begins with {','.join(header)!r}")
    lists: dict[str, list[list[str]]] = {}
    for row in filter(None, rows):
        if len(row) != len(_CSV_HEADER):
            raise FormatError(path, f"line {rows.line_num} has {len(row)} columns, expected {len(_CSV_HEADER)}")
        lists.setdefault(row[0].strip(), []).append(row[1:])
    return lists


def _boxes_of_coco(path: PathLike, data: dict[str, Any]) -> tuple[list[tuple[str, object]], int]:
    """Boxes by name, and how many annotations are crowds or no people."""
    images = list(_coco_images(path, data))
    lists: dict[int, list[list[float]]] = {image_id: [] for image_id, _ in images}
    left_out = 0
    persons = person_categories(data.get("categories"), path)
    if not isinstance(data["annotations"], list):
        raise FormatError(path, f"annotations must be a list, but is a {type(data['annotations']).__name__}")
    for i, annotation in enumerate(data["annotations"]):
        match annotation:
            case {"iscrowd": 1}:
                left_out += 1
            case {"category_id": category} if not is_person(category, persons):
                left_out += 1
            case {"image_id": int(image_id), "bbox": [x, y, w, h]} if all(isinstance(v, int | float) for v in (x, y, w, h)):
                if image_id not in lists:
                    raise FormatError(path, f"annotations[{i}] belongs to image {image_id}, which is not in images")
                lists[image_id].append([x, y, x + w, y + h])
            case _:
                raise FormatError(path, f"annotations[{i}] needs image_id and bbox (four numbers)")
    return [(name, lists[image_id]) for image_id, name in images], left_out


def _coco_images(path: PathLike, data: dict[str, Any]) -> Iterator[tuple[int, str]]:
    images = data.get("images")
    if not isinstance(images, list):
        raise FormatError(path, "needs a list of images, as in COCO annotations")
    seen = set()
    for i, image in enumerate(images):
        match image:
            case {"id": int(image_id), "file_name": str(name)} if not isinstance(image_id, bool):
                if image_id in seen:
                    raise FormatError(path, f"images[{i}]: id {image_id} is used twice")
                seen.add(image_id)
                yield image_id, name
            case _:
                raise FormatError(path, f"images[{i}] needs id (a whole number) and file_name")
