"""What is wrong with a file, and what is in it: the work behind `vitruv check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vitruv.errors import FormatError, InputError, MissingFileError
from vitruv.formats.annotation import Person, problems_of
from vitruv.formats.annotations import AnnotationFile, ImageInfo, read_images
from vitruv.formats.categories import category_ids
from vitruv.formats.chart_outlines import READINGS, ChartOutlines, remark_on
from vitruv.formats.json_records import JsonFile
from vitruv.formats.result_files import is_json, read_results
from vitruv.formats.results import Detections
from vitruv.formats.rle import decode_rle
from vitruv.geometry import GRID
from vitruv.media import PhotoFolder
from vitruv.surface import NUM_CHARTS, PART_OF_CHART
from vitruv.types import PathLike

MOST_PROBLEMS = 100
"""Problems listed one by one; further ones are counted."""

MOST_DETECTIONS = 10_000
_SHUFFLED = 0.5  # share of chart maps with U or V on the background, from which on the order of channels is doubted
_PIXELS = 40  # of each chart map that are looked up in the outlines


@dataclass
class Report:
    """kind: "annotations" or "results". problems: located, they make the file unusable. remarks: worth knowing, no more.
    counts: name -> number or text, in the order of a table."""

    kind: str
    problems: list[str] = field(default_factory=list)
    further_problems: int = 0
    remarks: list[str] = field(default_factory=list)
    counts: dict[str, object] = field(default_factory=dict)

    def problem(self, text: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(text)
        else:
            self.further_problems += 1


def check_file(
    path: PathLike,
    *,
    photos: Path | None = None,
    images: Mapping[int | str, ImageInfo] | None = None,
    categories: Sequence[Mapping[str, Any]] = (),
) -> Report:
    """Check an annotation or result file, or the images.json of `vitruv predict`.

    photos: folder of the photos of an annotation file; missing ones are problems. images, categories: what results belong to;
    results of others are problems.
    Raises MissingFileError, UnreadableFileError, and FormatError or UnsafeFileError where nothing can be read at all.
    """
    top = JsonFile.open(path).top if is_json(path) else None
    if isinstance(top, dict) and "images" in top and "annotations" not in top:
        return _check_images(path, photos)
    if isinstance(top, dict):
        return _check_annotations(AnnotationFile.open(path), photos)
    return _check_results(read_results(path, images), images, category_ids(categories))


def _check_images(path: PathLike, photos: Path | None) -> Report:
    images = read_images(path)
    report = Report("images", counts={"images": len(images)})
    if photos is not None:
        _check_photos(images, photos, report)
    return report


def _check_annotations(file: AnnotationFile, photos: Path | None) -> Report:
    report, seen = Report("annotations"), Counter[int]()
    points, agree, outside, masks, numbers = 0, 0, 0, 0, Counter[str]()
    outlines = ChartOutlines()
    categories = category_ids(file.categories)
    for i, record in enumerate(file.records):
        where = f"annotations[{i}]" + (f" (id {record['id']})" if isinstance(record.get("id"), int) else "")
        found = list(problems_of(record))
        for problem in found:
            report.problem(f"{where}: {problem}")
        if found:
            continue
        person = Person(record, file.path, where)
        seen[person.id] += 1
        if seen[person.id] == 2:
            report.problem(f"{where}: id {person.id} is used twice")
        image = file.images.get(person.image_id)
        if image is None:
            report.problem(f"{where}: there is no image {person.image_id}")
            continue
        if categories and person.category_id not in categories:
            report.problem(f"{where}: category {person.category_id} is not among the categories")
        x, y, w, h = person.bbox_xywh
        height, width = image.size_hw
        if x + w <= 0 or y + h <= 0 or x >= width or y >= height:
            report.problem(f"{where}: the box lies outside its image ({width}x{height})")
        outside += x < -1 or y < -1 or x + w > width + 1 or y + h > height + 1
        segmentation = record.get("segmentation")
        if isinstance(segmentation, dict) and segmentation["size"] != [height, width]:
            report.problem(f"{where}: segmentation is {segmentation['size']}, but the image is {height}x{width} (h x w)")
        numbers["crowds"] += person.is_crowd
        numbers["with points"] += person.has_points
        numbers["with keypoints"] += bool(record.get("keypoints"))
        numbers["with part masks"] += any(person.part_masks)
        masks += sum(mask is not None for mask in person.part_masks)
        for problem in _point_problems(person):
            report.problem(f"{where}: {problem}")
        points += len(person.points or ())
        agree += _on_their_part(person)
        if (known := person.points) is not None and len(known.charts):
            usable = np.isin(known.charts, np.arange(1, NUM_CHARTS + 1))
            outlines.add(known.charts[usable], known.u[usable], known.v[usable])
    report.counts = {"images": len(file.images), "people": len(file), **numbers, "part masks": masks, "points": points}
    report.counts |= {"boxes over the border": outside}
    if points:
        report.counts["points on the mask of their chart's part"] = f"{100 * agree / points:.1f}%"
    _add_outlines(outlines, report)
    if photos is not None:
        _check_photos(file.images, photos, report)
    return report


def _add_outlines(outlines: ChartOutlines, report: Report) -> None:
    shares = outlines.shares()
    if shares:
        report.counts["points inside their chart's outline"] = f"{100 * shares[READINGS[0]]:.1f}%"
    if (remark := remark_on(shares)) is not None:
        report.remarks.append(remark)


def _point_problems(person: Person) -> Iterator[str]:
    points = person.points
    if points is None or not len(points.charts):
        return
    wrong = np.flatnonzero(~np.isin(points.charts, np.arange(1, NUM_CHARTS + 1)))
    if len(wrong):
        yield f"{len(wrong)} points are on no chart 1..{NUM_CHARTS} (point {wrong[0]}: {points.charts[wrong[0]]:g})"
    for name, values in (("dp_U", points.u), ("dp_V", points.v)):
        wrong = np.flatnonzero((values < 0) | (values > 1))
        if len(wrong):
            yield f"{name} of {len(wrong)} points is not in 0..1 (point {wrong[0]}: {values[wrong[0]]:g})"
    for name, values in (("dp_x", points.x), ("dp_y", points.y)):
        wrong = np.flatnonzero((values < 0) | (values > GRID))
        if len(wrong):
            yield f"{name} of {len(wrong)} points is not on the {GRID} grid (point {wrong[0]}: {values[wrong[0]]:g})"


def _on_their_part(person: Person) -> int:
    """Points that lie on the mask of the part their chart belongs to; annotators may well put them on a neighbour."""
    points, masks = person.points, person.part_masks
    if points is None or len(masks) < 14 or not len(points.charts):
        return 0
    decoded: dict[int, Any] = {}
    count = 0
    for x, y, chart in zip(points.x.tolist(), points.y.tolist(), points.charts.tolist(), strict=True):
        if not (chart in range(1, NUM_CHARTS + 1) and 0 <= x < GRID and 0 <= y < GRID):
            continue
        part = int(PART_OF_CHART[int(chart)]) - 1
        mask = masks[part]
        if mask is not None:
            if part not in decoded:
                decoded[part] = decode_rle(mask)
            count += bool(decoded[part][int(y), int(x)])
    return count


def _check_photos(images: Mapping[int | str, ImageInfo], folder: Path, report: Report) -> None:
    photos = PhotoFolder(folder, (image.file_name for image in images.values()))
    missing = 0
    for image in images.values():
        try:
            photos.path(image.file_name)
        except MissingFileError as error:
            missing += 1
            report.problem(f"image {image.id}: {error}")
    report.counts["photos missing"] = missing


def _check_results(results: Detections, images: Mapping[int | str, ImageInfo] | None, categories: Collection[int]) -> Report:
    report, charts, shuffled, empty = Report("results"), Counter[int](), 0, 0
    outlines = ChartOutlines()
    for i in range(len(results)):
        if images is not None and results.image_ids[i] not in images:
            report.problem(f"result {i}: there is no image {results.image_ids[i]} among the annotations")
        if categories and results.category_ids[i] not in categories:
            report.problem(f"result {i}: category {results.category_ids[i]} is not among those of the annotations")
        try:
            codes = results.iuv(i)
        except (FormatError, InputError) as error:
            report.problem(str(error).removeprefix(f"{results.path}: "))
            continue
        inside = codes[0] > 0
        empty += not inside.any()
        charts.update(np.unique(codes[0][inside]).tolist())
        some = codes[:, inside][:, :: max(int(inside.sum()) // _PIXELS, 1)]
        outlines.add(some[0], some[1] / 255, some[2] / 255)
        if not inside.all():
            background = codes[1:, ~inside]
            shuffled += bool(background.any())
    crowded = {image_id: len(found) for image_id, found in results.indices_of_image().items() if len(found) > MOST_DETECTIONS}
    for image_id, count in crowded.items():
        report.problem(f"image {image_id} has {count} results, more than {MOST_DETECTIONS}")
    if len(results) and shuffled > _SHUFFLED * len(results):
        report.remarks.append(
            f"{shuffled} of {len(results)} chart maps have U or V where there is no chart: are the channels in the order I, U, V?"
        )
    report.counts = {
        "results": len(results),
        "images": len(set(results.image_ids)),
        "without any chart": empty,
        "charts seen": f"{len(charts)} of {NUM_CHARTS}",
    }
    if len(results):
        _add_outlines(outlines, report)
        report.counts["scores"] = f"{results.scores.min():.4f} to {results.scores.max():.4f}"
    return report
