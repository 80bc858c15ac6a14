"""Import and export of DensePose-COCO JSON: plain person boxes to start from, or annotations to continue and correct."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from vitruv.annotate.domain.masks import encode_mask, masks_of, write_masks
from vitruv.annotate.domain.people import Box, add_person
from vitruv.annotate.domain.points import points_of
from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.schema import new_id, people, photos, points, tasks
from vitruv.annotate.domain.workflow import open_stage
from vitruv.errors import InputError
from vitruv.files import FilePath, match_files
from vitruv.formats import AnnotationFile, AnnotationWriter, Person, decode_rle
from vitruv.formats.categories import is_person, person_categories
from vitruv.geometry import GRID
from vitruv.http.errors import UnprocessableError
from vitruv.surface import Atlas
from vitruv.surface.charts import NUM_PARTS, PART_OF_CHART

_OWN_FIELDS = {"id", "image_id", "category_id", "bbox", "area", "iscrowd"}
_DP_FIELDS = {"dp_masks", "dp_x", "dp_y", "dp_I", "dp_U", "dp_V"}
_PHOTO_FIELDS = {"id", "file_name", "width", "height"}


def import_coco(project: Project, path: Path, atlas: Atlas) -> dict[str, int]:
    """Import the people of an annotation file for photos that are in the project, matched by `vitruv.files.match_files`.

    People without `dp_` fields become parts tasks. People with part masks or points become accepted work, which a reviewer can
    send back for correction. Crowds, other categories than people, and photos that already have people are skipped.
    Returns the numbers of "people", of "annotated" people, and of photos "missing" from the project. Raises FormatError or
    UnprocessableError, and imports nothing, when the file is broken, a size differs from the photo's, or it cannot be told which
    photo is meant.
    """
    source = AnnotationFile.open(path)
    counts = {"people": 0, "annotated": 0, "missing": 0}
    with project.store.write() as connection:
        persons = person_categories(source.categories, path)
        row_of = _photos_of_images(connection, source)
        taken = set(connection.execute(sa.select(people.c.photo_id)).scalars())
        for image_id, image in source.images.items():
            row = row_of.get(image_id)
            if row is None:
                counts["missing"] += 1
                continue
            if image.size_hw != (row.height, row.width):
                height, width = image.size_hw
                raise UnprocessableError(
                    f"{row.name} is {row.width} x {row.height} pixels here, but {width} x {height} in the annotations"
                )
            if row.id in taken:
                continue
            extra = {key: value for key, value in image.record.items() if key not in _PHOTO_FIELDS}
            wanted = {"extra": extra} | ({"coco_id": image_id} if _is_free(connection, image_id) else {})
            connection.execute(sa.update(photos).where(photos.c.id == row.id).values(**wanted))
            somebody = False
            for person in source.people_of(image_id):
                if not person.is_crowd and is_person(person.category_id, persons) and min(person.bbox_xywh[2:]) >= 1:
                    counts["people"] += 1
                    counts["annotated"] += _add(connection, project, row, person, atlas)
                    somebody = True
            if somebody:
                done = {"state": "accepted", "updated": project.now()}
                connection.execute(sa.update(tasks).where(tasks.c.photo_id == row.id, tasks.c.kind == "boxes").values(**done))
    return counts


def _photos_of_images(connection: sa.Connection, source: AnnotationFile) -> dict[int | str, sa.Row[Any]]:
    """image id -> its photo in the project. Raises UnprocessableError where a name could mean several."""
    rows, images = connection.execute(sa.select(photos)).all(), list(source.images.values())
    found = match_files([image.file_name for image in images], [FilePath.named(row.name) for row in rows])
    matched = {}
    for row, one in zip(rows, found, strict=True):
        if isinstance(one, int):
            matched[images[one].id] = row
        elif one.among:
            raise UnprocessableError(f"{source.path}: {one.reason}")
    return matched


def export_coco(project: Project, path: Path, *, unfinished: bool = False) -> dict[str, int]:
    """Write all people of the project as DensePose-COCO JSON that passes `vitruv check`.

    Only accepted work is written; with `unfinished`, work in progress too. Where several annotators did the same person, the
    first one's work is written. Returns the numbers of "photos", "people", people "with_masks" and "points".
    """
    counts = {"photos": 0, "people": 0, "with_masks": 0, "points": 0}
    with project.store.read() as connection:
        state = sa.true() if unfinished else tasks.c.state == "accepted"
        rows = connection.execute(sa.select(tasks).where(state, tasks.c.person_id.is_not(None)).order_by(tasks.c.replica.desc()))
        work: dict[tuple[str, str], str] = {(row.person_id, row.kind): row.id for row in rows}  # the first replica stays
        numbers = {row.id: row.coco_id for row in connection.execute(sa.select(photos))}
        info = {"description": project.name(), "surface": "vitruv atlas"}
        with AnnotationWriter(path, top={"info": info}) as writer:
            for photo in connection.execute(sa.select(photos).order_by(photos.c.coco_id)):
                size = {"width": photo.width, "height": photo.height}
                writer.add_image({**photo.extra, "id": photo.coco_id, "file_name": photo.name, **size})
                counts["photos"] += 1
            for person in connection.execute(sa.select(people).order_by(people.c.coco_id)).all():
                record = {
                    **person.extra,
                    "id": person.coco_id,
                    "image_id": numbers[person.photo_id],
                    "category_id": 1,
                    "iscrowd": 0,
                    "bbox": [person.x, person.y, person.w, person.h],
                    "area": person.extra.get("area", round(person.w * person.h, 2)),
                }
                record |= _dense_fields(connection, work.get((person.id, "parts")), work.get((person.id, "points")))
                counts["people"] += 1
                counts["with_masks"] += "dp_masks" in record
                counts["points"] += len(record.get("dp_x", ()))
                writer.add_person(record)
    return counts


def _dense_fields(connection: sa.Connection, parts_task: str | None, points_task: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    counts = {} if parts_task is None else masks_of(connection, parts_task)
    if counts:
        fields["dp_masks"] = [
            {"size": [GRID, GRID], "counts": counts[part]} if part in counts else [] for part in range(1, NUM_PARTS + 1)
        ]
    placed = [] if points_task is None else [row for row in points_of(connection, points_task) if row["state"] == "placed"]
    if placed:
        fields["dp_x"] = [row["x"] for row in placed]
        fields["dp_y"] = [row["y"] for row in placed]
        fields["dp_I"] = [float(row["chart"]) for row in placed]
        fields["dp_U"] = [row["u"] for row in placed]
        fields["dp_V"] = [row["v"] for row in placed]
    return fields


def _add(connection: sa.Connection, project: Project, photo: sa.Row[Any], person: Person, atlas: Atlas) -> bool:
    """Add one person with all its fields. Returns whether it had part masks or points."""
    x, y, w, h = person.bbox_xywh
    extra = {key: value for key, value in person.record.items() if key not in _OWN_FIELDS | _DP_FIELDS}
    if "area" in person.record:
        extra["area"] = person.record["area"]
    box = add_person(connection, project, photo.id, Box(None, x, y, w, h), source="imported", coco_id=person.id, extra=extra)
    person_id = str(box.id)
    masks = _masks(person)
    if masks:
        parts_task = _accepted_task(connection, project, "parts", photo.id, person_id)
        write_masks(connection, parts_task, masks, project.now())
    found = person.points
    if found is not None and len(found) and len(found.charts):
        points_task = _accepted_task(connection, project, "points", photo.id, person_id)
        _write_answers(connection, points_task, person, masks, atlas, project.now())
        return True
    if not masks:
        open_stage(connection, project, "parts", photo.id, person_id)
    return bool(masks)


def _masks(person: Person) -> dict[int, tuple[str, int]]:
    """part -> run lengths and area; a single mask of the whole person has no parts."""
    if len(person.part_masks) < 2:
        return {}
    masks: dict[int, tuple[str, int]] = {}
    for part, rle in enumerate(person.part_masks, start=1):
        if rle is None:
            continue
        try:
            mask = decode_rle(rle, size_hw=(GRID, GRID))
        except InputError as error:
            raise UnprocessableError(f"person {person.id}: dp_masks[{part - 1}]: {error}") from None
        if mask.any():
            packed = rle["counts"]
            masks[part] = (packed if isinstance(packed, str) else encode_mask(mask), int(mask.sum()))
    return masks


def _write_answers(
    connection: sa.Connection, task_id: str, person: Person, masks: dict[int, tuple[str, int]], atlas: Atlas, now: float
) -> None:
    """Imported points as answers. U and V stay as they were written; face and weights are where they lie on this atlas."""
    found = person.points
    if found is None:
        return
    charts = found.charts.astype(np.int64)
    if not ((charts >= 1) & (charts < len(PART_OF_CHART))).all():
        raise UnprocessableError(f"person {person.id}: dp_I must be chart numbers from 1 to {len(PART_OF_CHART) - 1}")
    uv = np.column_stack([found.u, found.v])
    located = atlas.locate(charts, uv)
    rows = [
        {
            "task_id": task_id, "n": n, "part": int(PART_OF_CHART[charts[n]]), "x": float(found.x[n]), "y": float(found.y[n]),
            "state": "placed", "face": int(located.face[n]), "b0": float(b[0]), "b1": float(b[1]), "b2": float(b[2]),
            "chart": int(charts[n]), "u": float(uv[n, 0]), "v": float(uv[n, 1]), "updated": now,
        }
        for n, b in enumerate(located.barycentric)
    ]  # fmt: skip
    connection.execute(sa.insert(points), rows)


def _accepted_task(connection: sa.Connection, project: Project, kind: str, photo_id: str, person_id: str) -> str:
    now = project.now()
    task_id = new_id()
    values = {"id": task_id, "kind": kind, "photo_id": photo_id, "person_id": person_id, "replica": 0, "state": "accepted"}
    connection.execute(sa.insert(tasks).values(**values, created=now, updated=now))
    return task_id


def _is_free(connection: sa.Connection, coco_id: int | str) -> bool:
    if not isinstance(coco_id, int) or isinstance(coco_id, bool) or not 0 <= coco_id < 2**31:
        return False
    return connection.execute(sa.select(photos.c.id).where(photos.c.coco_id == coco_id)).first() is None
