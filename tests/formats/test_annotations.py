"""Annotation files: read lazily, checked with located messages, written back the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitruv.errors import FormatError, InputError, MissingFileError
from vitruv.formats import AnnotationFile, AnnotationWriter, encode_rle
from vitruv.formats import json_records as json_records_module
from vitruv.formats.json_records import JsonFile

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def person(**changes: Any) -> dict[str, Any]:
    mask = np.zeros((256, 256), bool)
    mask[10:20, 30:50] = True
    record: dict[str, Any] = {
        "id": 5,
        "image_id": 1,
        "category_id": 1,
        "bbox": [1.5, 2, 30, 40],
        "area": 700.5,
        "iscrowd": 0,
        "segmentation": [[1, 2, 30, 2, 30, 40]],
        "keypoints": [3, 4, 2] * 17,
        "num_keypoints": 17,
        "dp_x": [35.25, 40],
        "dp_y": [15, 12.5],
        "dp_I": [2.0, 23],
        "dp_U": [0.25, 1],
        "dp_V": [0, 0.75],
        "dp_masks": [encode_rle(mask), *[[]] * 13],
        "track_id": 9,
    }
    return {**record, **changes}


def file_of(folder: Path, *people: dict[str, Any], **top: Any) -> Path:
    images = [{"id": 1, "width": 64, "height": 48, "file_name": "1.jpg", "ignore_regions_x": [[1, 2]], "frame_id": 3}]
    content = {"info": {"year": 2018}, "images": images, "annotations": list(people), "categories": [{"id": 1, "name": "person"}]}
    path = folder / "a.json"
    path.write_text(json.dumps({**content, **top}))
    return path


def test_nobody(tmp_path: Path) -> None:
    annotations = AnnotationFile.open(file_of(tmp_path))
    assert len(annotations) == 0
    assert annotations.people_of(1) == []
    with AnnotationWriter(tmp_path / "b.json"):
        pass
    assert len(AnnotationFile.open(tmp_path / "b.json")) == 0


def test_fields_of_a_person(tmp_path: Path) -> None:
    annotations = AnnotationFile.open(file_of(tmp_path, person(), person(id=6, iscrowd=1)))
    first, second = annotations.people()
    assert (first.id, first.image_id, first.category_id, first.area) == (5, 1, 1, 700.5)
    assert first.bbox_xywh == (1.5, 2.0, 30.0, 40.0)
    assert (first.is_crowd, second.is_crowd) == (False, True)
    assert first.points is not None
    np.testing.assert_array_equal(first.points.x, [35.25, 40])
    np.testing.assert_array_equal(first.points.charts, [2, 23])
    foreground, keypoints = first.foreground(), first.keypoints()
    assert foreground is not None and foreground.sum() == 200
    assert keypoints is not None and keypoints.shape == (17, 3)
    assert first.record["track_id"] == 9
    assert annotations.images[1].size_hw == (48, 64)
    assert annotations.images[1].record["ignore_regions_x"] == [[1, 2]]


def test_people_without_points_and_points_on_vertices(tmp_path: Path) -> None:
    plain = {"id": 1, "image_id": 1, "bbox": [0, 0, 4, 5]}
    embedded = {**plain, "id": 2, "dp_x": [1.0], "dp_y": [2.0], "dp_vertex": [77], "ref_model": "smpl_27554"}
    single = {**plain, "id": 3, "dp_masks": encode_rle(np.ones((256, 256), bool))}
    first, second, third = AnnotationFile.open(file_of(tmp_path, plain, embedded, single)).people()
    assert (first.has_points, first.points, first.area, first.foreground(), first.keypoints()) == (False, None, 20, None, None)
    assert second.points is not None
    assert (second.points.vertices.tolist(), second.points.ref_model, len(second.points.charts)) == ([77], "smpl_27554", 0)
    whole = third.foreground()
    assert whole is not None and whole.all()


@given(extra=st.dictionaries(st.text(min_size=1).map(lambda name: "x" + name), JSON, max_size=3))
def test_what_is_read_and_written_says_the_same(tmp_path_factory: pytest.TempPathFactory, extra: dict[str, Any]) -> None:
    folder = tmp_path_factory.mktemp("same")
    path = file_of(folder, person(**extra), person(id=6), licenses=[extra], **{"x" + name: value for name, value in extra.items()})
    AnnotationFile.open(path).write(folder / "b.json")
    assert json.loads((folder / "b.json").read_text()) == json.loads(path.read_text())


@pytest.mark.fixtures
def test_the_genuine_file(shared_dir: Path, tmp_path: Path) -> None:
    path = shared_dir / "fixtures" / "densepose_coco_2014_tiny.json"
    annotations = AnnotationFile.open(path)
    people = list(annotations.people())
    assert (len(annotations.images), len(people), sum(p.is_crowd for p in people)) == (3, 20, 1)
    assert [len(p.points) for p in people if p.points is not None] == [115, 70, 102, 151]
    annotations.write(tmp_path / "b.json")
    assert json.loads((tmp_path / "b.json").read_text()) == json.loads(path.read_text())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "5"}, r"annotations\[0\]: id must be a whole number"),
        ({"image_id": None}, "image_id must be"),
        ({"image_id": 2}, r"annotations\[0\] \(id 5\): there is no image 2"),
        ({"bbox": [1, 2, 3]}, "bbox must be"),
        ({"bbox": [1, 2, -3, 4]}, "bbox must be"),
        ({"bbox": [1, 2, 1e300, 4]}, "bbox must be"),
        ({"area": "large"}, "area must be a number"),
        ({"iscrowd": 2}, "iscrowd must be 0 or 1"),
        ({"dp_x": [1.0]}, "dp_y has 2 values, but dp_x has 1"),
        ({"dp_U": [0.5, "x"]}, "dp_U must be a list of finite numbers"),
        ({"dp_V": None}, "dp_V must be a list"),
        ({"dp_masks": [[]] * 15}, "dp_masks must be a list of at most 14 masks"),
        ({"dp_masks": [5]}, r"dp_masks\[0\]: a mask must be"),
        ({"keypoints": [1, 2]}, "keypoints must be"),
        ({"category_id": "person"}, "category_id must be"),
    ],
)
def test_broken_people_are_located(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        list(AnnotationFile.open(file_of(tmp_path, person(**changes))).people())


def test_a_mask_that_overflows_is_located(tmp_path: Path) -> None:
    broken = person(dp_masks=[{"size": [256, 256], "counts": [70000]}])
    (found,) = AnnotationFile.open(file_of(tmp_path, broken)).people()
    with pytest.raises(FormatError, match=r"annotations\[0\] \(id 5\): dp_masks\[0\]: the runs of a mask cover 70000 pixels"):
        found.foreground()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("{", "is not JSON"),
        ('{"images": [{"id": 1}', "is not JSON"),
        ("3", "not a JSON list or object"),
        ("[]", "must be an object with the lists images and annotations"),
        ('{"images": 3, "annotations": []}', "expected a list 'images'"),
        ('{"images": [3], "annotations": []}', "images must be a list of objects"),
        ('{"images": [[1]], "annotations": []}', r"images\[0\] is not an object"),
        ('{"images": [{"id": 1}], "annotations": []}', r"images\[0\]: height must be"),
        ('{"images": [{"id": 1, "height": 9, "width": NaN}], "annotations": []}', "NaN"),
        ('{"images": [{"id": 1, "height": 1, "width": 1}, {"id": 1, "height": 1, "width": 1}], "annotations": []}', "used twice"),
        ('{"images": [] "annotations": []}', "is not JSON"),
        ('{"images": [], "annotations": [{} {}]}', "is not JSON"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(FormatError, match=message):
        list(AnnotationFile.open(tmp_path / "a.json").people())


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        AnnotationFile.open(tmp_path / "none.json")


def test_nothing_is_written_when_writing_fails(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written as JSON"), AnnotationWriter(tmp_path / "b.json") as writer:
        writer.add_person({"area": float("nan")})
    assert list(tmp_path.iterdir()) == []


@given(value=st.dictionaries(st.text(), JSON, max_size=5) | st.lists(st.dictionaries(st.text(), JSON, max_size=3), max_size=5))
def test_records_equal_the_whole_file_parsed(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "records.json"
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8", errors="surrogatepass")
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    file = JsonFile.open(path)
    if isinstance(value, list):
        assert list(file.records("")) == value
    else:
        assert {name: file.value(name) for name in value} == value


def test_strings_may_hold_quotes_and_brackets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    value = [{"a": 'x"]}\\', "b": ['\\\\"', {"c": "}"}]}, {"d": "\\" * 9}] * 40
    (tmp_path / "a.json").write_text(json.dumps(value))
    for piece in (3, 64, 1 << 20):  # strings that lie across pieces of the file
        monkeypatch.setattr(json_records_module, "_PIECE", piece)
        assert list(JsonFile.open(tmp_path / "a.json").records("")) == value


def test_letting_go_of_what_was_read_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records_module, "_RELEASED_BYTES", 100)
    value = [{"a": [i, {"b": "c" * 50}]} for i in range(200)]
    (tmp_path / "a.json").write_text(json.dumps({"images": value, "more": {"x": 1}}))
    file = JsonFile.open(tmp_path / "a.json")
    assert list(file.records("images")) == value
    assert file.value("more") == {"x": 1}
