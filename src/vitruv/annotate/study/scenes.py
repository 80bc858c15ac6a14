"""Synthetic photos in a project, and their truth, which the server never sends."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa
from PIL import Image

from vitruv.annotate.domain.masks import encode_mask, write_masks
from vitruv.annotate.domain.people import Box, add_person
from vitruv.annotate.domain.photos import Photo, add_photo
from vitruv.annotate.domain.points import sample_person, write_points
from vitruv.annotate.domain.project import Project, read_settings
from vitruv.annotate.domain.schema import new_id, tasks
from vitruv.annotate.domain.workflow import open_stage
from vitruv.files import replacing
from vitruv.geometry import GRID, pixels_under_grid
from vitruv.http.errors import NotFoundError
from vitruv.surface import Atlas, SurfacePoints
from vitruv.surface.charts import NUM_PARTS, PART_OF_CHART
from vitruv.synth import Sampler, SceneSample
from vitruv.types import AnyArray, Int64Array

_MIN_BODY_PIXELS = 2000


def add_scenes(project: Project, sampler: Sampler[SceneSample], count: int) -> Iterator[int]:
    """Add `count` synthetic photos; their people's parts are given, and their points wait in the queue.

    Yields the number added so far. Scenes that show hardly any body are skipped.
    """
    done = index = 0
    while done < count:
        scene = sampler(index)
        index += 1
        if not len(scene.boxes_xyxy) or int((scene.labels > 0).sum()) < _MIN_BODY_PIXELS:
            continue
        stream = io.BytesIO()
        Image.fromarray(scene.image).save(stream, "PNG")
        photo = add_photo(project, f"study_{index:04d}.png", stream.getvalue(), box=False)
        if photo.is_new:
            _keep_truth(project, photo, scene)
            _add_people(project, photo, scene)
        done += 1
        yield done


def truth_of(project: Project, atlas: Atlas, photo_id: str, box: dict[str, float], points: list[dict[str, Any]]) -> SurfacePoints:
    """Where the points of a person really lie on the surface; face -1 where there is no body under the point."""
    path = project.folder / "truth" / f"{photo_id}.npz"
    if not path.is_file():
        raise NotFoundError("this photo is not part of a study: its truth is unknown")
    with np.load(path, allow_pickle=False) as archive:
        truth = {name: archive[name] for name in ("labels", "uv")}
    rows, columns = _pixels(box, truth["labels"].shape)
    x = [min(max(round(point["x"]), 0), GRID - 1) for point in points]
    y = [min(max(round(point["y"]), 0), GRID - 1) for point in points]
    charts = truth["labels"][rows[y], columns[x]]
    uv = truth["uv"][:, rows[y], columns[x]].T / 255.0
    return atlas.locate(charts, uv)


def _keep_truth(project: Project, photo: Photo, scene: SceneSample) -> None:
    folder = project.folder / "truth"
    folder.mkdir(exist_ok=True)
    with replacing(folder / f"{photo.id}.npz") as file:
        np.savez_compressed(file, labels=scene.labels, uv=scene.uv)


def _add_people(project: Project, photo: Photo, scene: SceneSample) -> None:
    for i, (x1, y1, x2, y2) in enumerate(scene.boxes_xyxy.tolist()):
        box = {"x": x1, "y": y1, "w": x2 - x1, "h": y2 - y1}
        rows, columns = _pixels(box, scene.labels.shape)
        own = scene.person[np.ix_(rows, columns)] == i + 1
        parts = np.where(own, PART_OF_CHART[scene.labels[np.ix_(rows, columns)]], 0)
        masks = {part: parts == part for part in range(1, NUM_PARTS + 1) if (parts == part).any()}
        if not masks:
            continue
        now = project.now()
        with project.store.write() as connection:
            person = str(add_person(connection, project, photo.id, Box(None, **box), source="study").id)
            task_id = _given_parts(connection, photo.id, person, now)
            write_masks(connection, task_id, {part: (encode_mask(mask), int(mask.sum())) for part, mask in masks.items()}, now)
            samples = sample_person(masks, person, read_settings(connection).points_per_part)
            for points_task in open_stage(connection, project, "points", photo.id, person):
                write_points(connection, points_task, samples, now)


def _given_parts(connection: sa.Connection, photo_id: str, person_id: str, now: float) -> str:
    task_id = new_id()
    values = {"id": task_id, "kind": "parts", "photo_id": photo_id, "person_id": person_id, "state": "accepted"}
    connection.execute(sa.insert(tasks).values(**values, replica=0, created=now, updated=now))
    return task_id


def _pixels(box: dict[str, float], size_hw: AnyArray | tuple[int, ...]) -> tuple[Int64Array, Int64Array]:
    """Rows and columns of the photo under the centres of the 256 x 256 grid over the box."""
    return pixels_under_grid(box["y"], box["h"], size_hw[0]), pixels_under_grid(box["x"], box["w"], size_hw[1])
