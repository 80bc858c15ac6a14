"""The people a model did worst on, as one picture: annotated points on the left, what was found on the right."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vitruv.draw import overlay
from vitruv.draw.annotated import draw_points
from vitruv.errors import FileError
from vitruv.files import replacing
from vitruv.formats import AnnotationFile, Detections, Person, detected_people
from vitruv.media import PhotoFolder, read_image
from vitruv.metrics import Evaluation
from vitruv.types import UInt8Array

SHEET = "worst_people.png"

_MOST, _COLUMNS = 24, 4
_TILE = 240  # pixels, height of one picture of a person
_MARGIN = 0.15


def write_worst_people(
    evaluation: Evaluation, annotations: AnnotationFile, results: Detections, photos: Path, folder: Path
) -> list[Path]:
    """Up to 24 people with the lowest GPS whose photo is in `photos`, worst first. Returns what was written."""
    people = evaluation.people
    folder_of_photos = PhotoFolder(photos, (image.file_name for image in annotations.images.values()))
    tiles = []
    for i in np.argsort(people.gps, kind="stable").tolist():
        image = annotations.images[people.image_ids[i]]
        try:
            photo = read_image(folder_of_photos.path(image.file_name))
        except FileError:
            continue
        person = next(p for p in annotations.people_of(image.id) if p.id == people.ids[i])
        if photo.shape[:2] != image.size_hw:
            continue
        index = int(people.detection[i])
        found = overlay(photo, detected_people(results, np.array([index]), image.size_hw)) if index >= 0 else photo
        text = f"{people.gps[i]:.2f} image {image.id} person {person.id}" + ("" if index >= 0 else " (missed)")
        tiles.append(_tile(draw_points(photo, person), found, person, text))
        if len(tiles) == _MOST:
            break
    if not tiles:
        return []
    rows = [tiles[i : i + _COLUMNS] for i in range(0, len(tiles), _COLUMNS)]
    widths = [max(row[c].shape[1] for row in rows if c < len(row)) for c in range(len(rows[0]))]
    sheet = np.full((len(rows) * tiles[0].shape[0], sum(widths), 3), 255, np.uint8)
    for r, row in enumerate(rows):
        for c, tile in enumerate(row):
            height, width = tile.shape[:2]
            sheet[r * height : (r + 1) * height, sum(widths[:c]) : sum(widths[:c]) + width] = tile
    picture = io.BytesIO()
    Image.fromarray(sheet).save(picture, "png")
    with replacing(folder / SHEET) as stream:
        stream.write(picture.getvalue())
    return [folder / SHEET]


def _tile(annotated: UInt8Array, found: UInt8Array, person: Person, text: str) -> UInt8Array:
    x, y, w, h = person.bbox_xywh
    margin = _MARGIN * max(w, h)
    area = round(x - margin), round(y - margin), round(x + w + margin), round(y + h + margin)
    sides = [Image.fromarray(side).crop(area) for side in (annotated, found)]
    width = max(min(round(sides[0].width * _TILE / max(sides[0].height, 1)), 2 * _TILE), 1)
    tile = Image.new("RGB", (2 * width + 6, _TILE + 18), (255, 255, 255))
    for i, side in enumerate(sides):
        tile.paste(side.resize((width, _TILE), Image.Resampling.BILINEAR), (i * (width + 2), 0))
    ImageDraw.Draw(tile).text((2, _TILE + 3), text, fill=(0, 0, 0))
    return np.asarray(tile)
