"""Boxes and ids of photos, from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

import pytest

from vitruv.errors import FormatError, MissingFileError, UnreadableFileError
from vitruv.files import FilePath
from vitruv.formats import PhotoTable, read_boxes, read_image_ids

T = TypeVar("T")

COCO = {
    "images": [{"id": 7, "file_name": "beach/a.jpg"}, {"id": 9, "file_name": "b.jpg"}],
    "annotations": [
        {"image_id": 7, "bbox": [10, 20, 30, 40]},
        {"image_id": 7, "bbox": [0, 0, 500, 500], "iscrowd": 1},
        {"image_id": 7, "bbox": [1.5, 2, 3, 4.25], "iscrowd": 0},
    ],
}


def write(folder: Path, content: object, name: str = "boxes.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def lookup(table: PhotoTable[T], *names: str) -> list[T | str]:
    """What the table says of photos below /photos; the message where it cannot."""
    found = table.of([FilePath.on_disk(Path("/photos") / name, Path(name)) for name in names])
    return [str(one) if isinstance(one, FormatError) else one for one in found]


def only(table: PhotoTable[T], name: str) -> T:
    (one,) = lookup(table, name)
    assert not isinstance(one, str)
    return one


def test_no_photos(tmp_path: Path) -> None:
    path = write(tmp_path, {})
    assert lookup(read_boxes(path)) == []
    assert lookup(read_boxes(path), "a.jpg") == [f"{path}: says nothing about a.jpg"]


def test_json(tmp_path: Path) -> None:
    boxes = read_boxes(write(tmp_path, {"beach/a.jpg": [[10, 20, 40, 60], [1, 2, 3, 4.5]], "b.jpg": []}))
    assert only(boxes, "beach/a.jpg").tolist() == [[10, 20, 40, 60], [1, 2, 3, 4.5]]
    assert only(boxes, "a.jpg").tolist() == [[10, 20, 40, 60], [1, 2, 3, 4.5]]
    assert only(boxes, "b.jpg").shape == (0, 4)


def test_csv(tmp_path: Path) -> None:
    text = '\ufefffile,x1,y1,x2,y2\r\nbeach/a.jpg,10,20,40,60\r\n\r\n"b, c.jpg",1,2,3,4.5\r\nbeach/a.jpg,0,0,1,1\r\n'
    boxes = read_boxes(write(tmp_path, text, "boxes.csv"))
    assert only(boxes, "beach/a.jpg").tolist() == [[10, 20, 40, 60], [0, 0, 1, 1]]
    assert only(boxes, "b, c.jpg").tolist() == [[1, 2, 3, 4.5]]


def test_coco(tmp_path: Path) -> None:
    boxes = read_boxes(write(tmp_path, COCO))
    assert only(boxes, "beach/a.jpg").tolist() == [[10, 20, 40, 60], [1.5, 2, 4.5, 6.25]]
    assert only(boxes, "b.jpg").shape == (0, 4)


def test_the_whole_path_goes_before_the_bare_name(tmp_path: Path) -> None:
    path = write(tmp_path, {"x/a.jpg": [[0, 0, 1, 1]], "y/a.jpg": [[0, 0, 2, 2]]})
    assert only(read_boxes(path), "y/a.jpg").tolist() == [[0, 0, 2, 2]]
    said = f"{path}: has several entries for a.jpg: x/a.jpg, y/a.jpg; name them with their folders"
    assert lookup(read_boxes(path), "a.jpg") == [said]


def test_one_entry_is_not_for_two_photos(tmp_path: Path) -> None:
    path = write(tmp_path, {"v1/0.jpg": [[10, 5, 200, 250]]})
    first, second = lookup(read_boxes(path), "v1/0.jpg", "v2/0.jpg")
    assert not isinstance(first, str)
    assert second == f"{path}: says nothing about v2/0.jpg"
    ids = read_image_ids(write(tmp_path, {"images": [{"id": 7, "file_name": "0.jpg"}]}, "ids.json"))
    assert lookup(ids, "v1/0.jpg", "v2/0.jpg") == [f"{ids.path}: says nothing about v{i}/0.jpg" for i in (1, 2)]


PERSON_AND_DOG = [{"id": 1, "name": "person"}, {"id": 18, "name": "dog"}]


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        (PERSON_AND_DOG, 1),
        ([{"id": 18, "name": "Person"}, {"id": 1, "name": "dog"}], 18),
        ([], 1),  # COCO's own
        ([{"id": 18, "name": "pedestrian"}], 18),
    ],
)
def test_only_people_are_taken_from_coco(tmp_path: Path, categories: list[object], expected: int) -> None:
    annotations = [{"image_id": 7, "category_id": number, "bbox": [number, 0, 5, 5]} for number in (1, 18)]
    boxes = read_boxes(write(tmp_path, COCO | {"annotations": annotations, "categories": categories}))
    assert only(boxes, "beach/a.jpg").tolist() == [[expected, 0, expected + 5, 5]]
    assert boxes.left_out == 1


def test_categories_without_people_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"boxes\.json: none of its categories is named person: dog"):
        read_boxes(write(tmp_path, COCO | {"categories": PERSON_AND_DOG[1:]}))


def test_two_images_of_one_name_are_told_apart(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "a.jpg"}]
    path = write(tmp_path, {"images": images, "annotations": [{"image_id": 1, "bbox": [0, 0, 5, 5]}]})
    assert lookup(read_boxes(path), "a.jpg") == [
        f"{path}: has several entries for a.jpg: a.jpg, a.jpg; name them with their folders"
    ]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("{", "b.json", r"b\.json: is not JSON"),
        ("[" * 100000, "b.json", r"b\.json: is not JSON"),
        ([], "b.json", "must hold a JSON object, but holds a list"),
        ({"a.jpg": [[0, 0, 1]]}, "b.json", r"a\.jpg: boxes must have shape"),
        ({"a.jpg": [[0, 0, 0, 1]]}, "b.json", r"a\.jpg: boxes\[0\] is empty or inverted"),
        ({"a.jpg": "x"}, "b.json", r"a\.jpg: boxes must be"),
        ({"a.jpg": {"x": 1}}, "b.json", r"a\.jpg: boxes must be"),
        ("", "b.csv", "must begin with the line file,x1,y1,x2,y2, but begins with ''"),
        ("file,x,y,w,h\n", "b.csv", "must begin with the line file,x1,y1,x2,y2, but begins with 'file,x,y,w,h'"),
        ("file,x1,y1,x2,y2\na.jpg,1,2,3\n", "b.csv", "line 2 has 4 columns, expected 5"),
        ("file,x1,y1,x2,y2\na.jpg,1,2,3,four\n", "b.csv", r"a\.jpg: boxes must be an \(n, 4\) array of numbers"),
        (COCO | {"images": 3}, "b.json", "needs a list of images"),
        (COCO | {"images": [{"id": 7}]}, "b.json", r"images\[0\] needs id \(a whole number\) and file_name"),
        (COCO | {"annotations": [{"image_id": 8, "bbox": [0, 0, 1, 1]}]}, "b.json", r"annotations\[0\] belongs to image 8"),
        (COCO | {"annotations": [{"image_id": 7}]}, "b.json", r"annotations\[0\] needs image_id and bbox"),
        (COCO | {"annotations": [{"image_id": 7, "bbox": [0, 0, 1]}]}, "b.json", r"annotations\[0\] needs image_id and bbox"),
        (COCO | {"annotations": [{"image_id": 7, "bbox": [0, 0, "1", 1]}]}, "b.json", r"annotations\[0\] needs image_id and bbox"),
        (COCO | {"annotations": [{"image_id": [7], "bbox": [0, 0, 1, 1]}]}, "b.json", r"annotations\[0\] needs image_id and bbox"),
        (COCO | {"images": [*COCO["images"], {"id": 7, "file_name": "c.jpg"}]}, "b.json", r"images\[2\]: id 7 is used twice"),
        (COCO | {"annotations": 5}, "b.json", "annotations must be a list"),
    ],
)
def test_unusable_files(tmp_path: Path, content: object, name: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_boxes(write(tmp_path, content, name))


def test_missing_and_binary(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_boxes(tmp_path / "gone.json")
    (tmp_path / "photo.json").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(UnreadableFileError, match=r"photo\.json: cannot be read as text"):
        read_boxes(tmp_path / "photo.json")


def test_ids(tmp_path: Path) -> None:
    ids = read_image_ids(write(tmp_path, {"images": COCO["images"]}))
    assert only(ids, "beach/a.jpg") == 7
    assert only(ids, "elsewhere/b.jpg") == 9
    with pytest.raises(FormatError, match="needs a list of images"):
        read_image_ids(write(tmp_path, {}))
