"""Export passes `vitruv check` at any time; what was exported or made elsewhere can be taken in and corrected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from annotating import add_photos, photo_bytes, somebody

from vitruv.annotate import Project, Views, add_photo, add_photo_file, export_coco, import_coco
from vitruv.annotate.domain.leases import take
from vitruv.annotate.domain.masks import encode_mask
from vitruv.annotate.domain.overview import photo_page, task_state
from vitruv.annotate.domain.points import skip_point
from vitruv.annotate.domain.workflow import send_back, submit
from vitruv.cli import check
from vitruv.errors import FormatError
from vitruv.http.errors import UnprocessableError
from vitruv.surface import Atlas

MASK = np.zeros((256, 256), bool)
MASK[40:90, 60:120] = True


def _check(path: Path) -> None:
    """What `vitruv check` says."""
    assert check.main([str(path)]) == 0


def _annotated(name: str = "a.png") -> dict[str, Any]:
    rle = {"size": [256, 256], "counts": encode_mask(MASK)}
    person = {
        "id": 77, "image_id": 5, "category_id": 1, "iscrowd": 0, "bbox": [10.5, 20.0, 60.0, 100.0], "area": 4321.0,
        "keypoints": [0, 0, 0] * 17, "num_keypoints": 0, "dp_masks": [rle] + [[]] * 13,
        "dp_x": [70.0, 90.5], "dp_y": [50.0, 60.25], "dp_I": [2.0, 1.0], "dp_U": [0.25, 0.5], "dp_V": [0.75, 0.5],
    }  # fmt: skip
    plain = {"id": 78, "image_id": 5, "category_id": 1, "iscrowd": 0, "bbox": [0, 0, 30, 40], "area": 1200}
    crowd = {**plain, "id": 900100262145, "iscrowd": 1}
    image = {"id": 5, "file_name": f"folder/{name}", "width": 120, "height": 160, "license": 3}
    return {"images": [image], "annotations": [person, plain, crowd], "categories": [{"id": 1, "name": "person"}]}


def _written(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "people.json"
    path.write_text(json.dumps(document))
    return path


def test_an_empty_project_exports_an_empty_file(any_project: Project, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    assert export_coco(any_project, path) == {"photos": 0, "people": 0, "with_masks": 0, "points": 0}
    document = json.loads(path.read_text())
    assert (document["images"], document["annotations"]) == ([], [])
    assert document["categories"][0]["name"] == "person"


def test_there_and_back(any_project: Project, tmp_path: Path) -> None:
    add_photo(any_project, "a.png", photo_bytes(1))
    counts = import_coco(any_project, _written(tmp_path, _annotated()), Atlas.load())
    assert counts == {"people": 2, "annotated": 1, "missing": 0}
    path = tmp_path / "out.json"
    assert export_coco(any_project, path) == {"photos": 1, "people": 2, "with_masks": 1, "points": 2}
    _check(path)
    document = json.loads(path.read_text())
    given = _annotated()
    assert document["images"][0] == {**given["images"][0], "file_name": "a.png"}
    assert document["annotations"][0] == given["annotations"][0], "to the last digit"
    assert document["annotations"][1]["id"] == 78
    assert import_coco(any_project, path, Atlas.load())["people"] == 0, "what is here is left as it is"


def test_photos_of_one_name_are_told_apart(project: Project, tmp_path: Path) -> None:
    names = ["v1/000000.png", "v2/000000.png"]
    for n, name in enumerate(names, 1):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(photo_bytes(n))
        assert add_photo_file(project, tmp_path / name, name).name == name
    size = {"width": 120, "height": 160}
    images = [{"id": 10 * n, "file_name": f"images\\v{n}\\000000.png", **size} for n in (2, 1, 3)]
    plain = {"category_id": 1, "bbox": [1, 2, 30, 40]}
    annotations = [{"id": n, "image_id": 10 * n, **plain, "area": n} for n in (1, 2, 3)]
    document = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    assert import_coco(project, _written(tmp_path, document), Atlas.load()) == {"people": 2, "annotated": 0, "missing": 1}
    export_coco(project, tmp_path / "out.json")
    written = json.loads((tmp_path / "out.json").read_text())
    assert [(image["id"], image["file_name"]) for image in written["images"]] == [(10, names[0]), (20, names[1])]
    assert sorted((person["image_id"], person["area"]) for person in written["annotations"]) == [(10, 1), (20, 2)]


def test_a_name_that_could_be_several_photos_is_refused(project: Project, tmp_path: Path) -> None:
    add_photo(project, "000000.png", photo_bytes(1))
    images = [{"id": n, "file_name": f"v{n}/000000.png", "width": 120, "height": 160} for n in (1, 2)]
    document = {"images": images, "annotations": [], "categories": []}
    with pytest.raises(UnprocessableError, match=r"several entries for 000000\.png: v1/000000\.png, v2/000000\.png; name them"):
        import_coco(project, _written(tmp_path, document), Atlas.load())


def test_only_people_are_imported(project: Project, tmp_path: Path) -> None:
    add_photo(project, "a.png", photo_bytes(1))
    document = _annotated()
    document["annotations"].append({**document["annotations"][1], "id": 79, "category_id": 18})
    document["categories"].append({"id": 18, "name": "dog"})
    assert import_coco(project, _written(tmp_path, document), Atlas.load())["people"] == 2
    document["categories"] = document["categories"][1:]
    with pytest.raises(FormatError, match=r"people\.json: none of its categories is named person: dog"):
        import_coco(project, _written(tmp_path, document), Atlas.load())


def test_imported_work_can_be_corrected(project: Project, tmp_path: Path, views: Views) -> None:
    add_photo(project, "a.png", photo_bytes(1))
    import_coco(project, _written(tmp_path, _annotated()), Atlas.load())
    olga = somebody(project, "Olga", "owner")
    tasks = photo_page(project)["photos"][0]["tasks"]
    assert {(t["kind"], t["state"]) for t in tasks} == {
        ("boxes", "accepted"), ("parts", "accepted"), ("points", "accepted"), ("parts", "open"),
    }  # fmt: skip
    (task,) = [t["id"] for t in tasks if t["kind"] == "points"]
    send_back(project, olga, task, "The second is wrong")
    lease = take(project, olga, task)
    state = task_state(project, olga, task)
    views.add_positions(state["points"])
    assert all(len(point["xyz"]) == 3 for point in state["points"]), "markers can be shown"
    skip_point(project, olga, task, lease.key, 1)
    submit(project, olga, task, lease.key)
    export_coco(project, tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text())["annotations"][0]["dp_x"] == [70.0]


def test_unfinished_work_is_exported_only_on_request(project: Project, tmp_path: Path) -> None:
    project.change({"review": True})
    add_photo(project, "a.png", photo_bytes(1))
    import_coco(project, _written(tmp_path, _annotated()), Atlas.load())
    olga = somebody(project, "Olga", "owner")
    for task in photo_page(project)["photos"][0]["tasks"]:
        if task["kind"] == "points":
            send_back(project, olga, task["id"], "Again")
    assert export_coco(project, tmp_path / "out.json")["points"] == 0
    assert export_coco(project, tmp_path / "out.json", unfinished=True)["points"] == 2


def test_photos_that_are_not_here_are_counted(project: Project, tmp_path: Path) -> None:
    add_photos(project, 1)
    assert import_coco(project, _written(tmp_path, _annotated()), Atlas.load())["missing"] == 1


@pytest.mark.parametrize(
    ("where", "change", "error", "message"),
    [
        ("images", {"width": 121}, UnprocessableError, "a.png is 120 x 160 pixels here, but 121 x 160 in the annotations"),
        ("annotations", {"dp_x": [1.0]}, FormatError, "dp_y has 2 values, but dp_x has 1"),
        ("annotations", {"dp_I": [25.0, 1.0]}, UnprocessableError, "person 77: dp_I must be chart numbers from 1 to 24"),
        ("annotations", {"bbox": [1, 2]}, FormatError, "bbox must be"),
        (
            "annotations",
            {"dp_masks": [{"size": [256, 256], "counts": "0"}] * 14},
            UnprocessableError,
            r"person 77: dp_masks\[0\]: ",
        ),
    ],
)
def test_a_broken_file_changes_nothing(
    project: Project, tmp_path: Path, where: str, change: dict[str, Any], error: type[Exception], message: str
) -> None:
    add_photo(project, "a.png", photo_bytes(1))
    document = _annotated()
    document[where][0].update(change)
    with pytest.raises(error, match=message):
        import_coco(project, _written(tmp_path, document), Atlas.load())
    assert export_coco(project, tmp_path / "out.json")["people"] == 0


@pytest.mark.fixtures
def test_genuine_annotations(project: Project, tmp_path: Path, shared_dir: Path) -> None:
    source = shared_dir / "fixtures" / "densepose_coco_2014_tiny.json"
    given = json.loads(source.read_text())
    for i, image in enumerate(given["images"]):
        add_photo(project, image["file_name"], photo_bytes(i, (image["width"], image["height"])))
    counts = import_coco(project, source, Atlas.load())
    assert counts == {"people": 19, "annotated": 4, "missing": 0}, "all but the crowd"
    path = tmp_path / "out.json"
    assert export_coco(project, path)["points"] == 438
    _check(path)
    dense = {a["id"]: a for a in given["annotations"] if "dp_x" in a}
    for annotation in json.loads(path.read_text())["annotations"]:
        if annotation["id"] in dense:
            for field in ("dp_x", "dp_y", "dp_I", "dp_U", "dp_V", "dp_masks", "bbox", "keypoints"):
                assert annotation[field] == dense[annotation["id"]][field], field
