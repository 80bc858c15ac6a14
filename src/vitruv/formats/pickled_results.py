"""Results as pickles: the form of 2018, Detectron2's evaluator's, and dumps of `apply_net`; read without running any of them.

2018                            a list of results with `uv`, uint8 (3, h, w)
coco_densepose_predictions.pth  a list of results with `densepose`, an object of quantized or compressed charts
apply_net dump                  a list of photos: file_name, scores, pred_boxes_XYXY, pred_densepose (absent for nobody)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from vitruv.errors import FormatError
from vitruv.files import FilePath, Unmatched, match_files
from vitruv.formats.annotations import ImageInfo
from vitruv.formats.pickle_values import Record
from vitruv.formats.result_json import decode_uv_data
from vitruv.formats.results import Detections, from_records
from vitruv.formats.safe_pickle import read_pickle
from vitruv.results import LAST_CHART
from vitruv.types import AnyArray, PathLike, UInt8Array

_KINDS = ("DensePoseChartResult", "WithConfidences", "Quantized", "Compressed")
RECORDS = tuple(
    f"densepose.structures.{module}{name}"
    for module in ("", "chart_result.")
    for name in (_KINDS[0], *(_KINDS[0] + suffix for suffix in _KINDS[1:]))
)


def read_pickled_results(path: PathLike, images: Mapping[int | str, ImageInfo]) -> Detections:
    """images: by id, for dumps, which know only names (matched by `vitruv.files.match_files`); photos of no image keep their name,
    without folders where no other has it.

    Raises MissingFileError, UnreadableFileError, UnsafeFileError, FormatError.
    """
    content = read_pickle(path, records=RECORDS, expected="results or annotations as JSON, or results as a pickle")
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        raise FormatError(path, "expected a list of results")
    if content and "file_name" in content[0]:
        content = list(_from_dump(content, path, images))
    records = [_plain(record) for record in content]

    def decode(index: int) -> UInt8Array:
        return _codes(content[index], path, f"result {index}")

    return from_records(records, path, decode)


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a result as plain Python ones: pickles may hold them as arrays."""
    plain = {}
    for name in ("image_id", "category_id", "score", "bbox"):
        if name in record:
            value = record[name]
            plain[name] = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    if isinstance(plain.get("bbox"), tuple):
        plain["bbox"] = list(plain["bbox"])
    return plain


def _ids_of(photos: Sequence[Mapping[str, Any]], path: PathLike, images: Mapping[int | str, ImageInfo]) -> dict[str, int | str]:
    """Name of a photo in the dump -> its id. Raises FormatError for a name that could be several images'."""
    names = list(dict.fromkeys(name for photo in photos if isinstance(name := photo.get("file_name"), str)))
    ids = list(images)
    found = match_files([images[image_id].file_name for image_id in ids], [FilePath.named(name) for name in names])
    matched: dict[str, int | str] = {}
    short = Counter(_last(name) for name in names)
    for name, one in zip(names, found, strict=True):
        if isinstance(one, Unmatched):
            if one.among:
                raise FormatError(path, f"{name} could be of several images, or an image of several photos: {one.reason}")
            matched[name] = _last(name) if short[_last(name)] == 1 else name.replace("\\", "/")
        else:
            matched[name] = ids[one]
    return matched


def _last(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1]


def _from_dump(
    photos: Sequence[Mapping[str, Any]], path: PathLike, images: Mapping[int | str, ImageInfo]
) -> Iterator[dict[str, Any]]:
    ids = _ids_of(photos, path, images)
    for i, photo in enumerate(photos):
        name = photo.get("file_name")
        people = photo.get("pred_densepose", [])
        scores, boxes = photo.get("scores", np.zeros(0)), photo.get("pred_boxes_XYXY", np.zeros((0, 4)))
        if not isinstance(name, str) or not isinstance(people, list):
            raise FormatError(path, f"photo {i}: expected file_name and pred_densepose with charts")
        if not isinstance(scores, np.ndarray) or not isinstance(boxes, np.ndarray) or boxes.shape != (len(people), 4):
            raise FormatError(path, f"photo {i}: expected scores and pred_boxes_XYXY for {len(people)} people")
        if scores.shape != (len(people),):
            raise FormatError(path, f"photo {i}: expected scores for {len(people)} people")
        for (left, top, right, bottom), score, person in zip(boxes.tolist(), scores.tolist(), people, strict=True):
            yield {
                "image_id": ids[name],
                "category_id": 1,
                "score": score,
                "bbox": [left, top, right - left, bottom - top],
                "densepose": person,
            }


def _codes(record: Mapping[str, Any], path: PathLike, where: str) -> UInt8Array:
    """(3, h, w) uint8 of whatever holds the charts."""
    charts = record.get("densepose", record.get("uv"))
    if isinstance(charts, Record):
        fields = charts.fields
        if "labels_uv_str" in fields:
            return decode_uv_data(str(fields["labels_uv_str"]), list(_shape(fields.get("shape_chw"))), path=path, where=where)
        charts = fields.get("labels_uv_uint8")
        if charts is None:
            charts = _quantized(fields.get("labels"), fields.get("uv"))
    if not isinstance(charts, np.ndarray) or charts.ndim != 3 or charts.shape[0] != 3 or charts.dtype != np.uint8:
        raise FormatError(path, f"{where}: expected charts as (3, h, w) uint8")
    if charts.size and int(charts[0].max()) > LAST_CHART:
        raise FormatError(path, f"{where}: chart {int(charts[0].max())} in the first channel, expected 0..{LAST_CHART}")
    return charts


def _shape(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def _quantized(labels: object, uv: object) -> AnyArray | None:
    """labels (h, w) and uv (2, h, w) -> codes, by the official rule: times 255, clipped, truncated."""
    if not isinstance(labels, np.ndarray) or not isinstance(uv, np.ndarray) or uv.shape != (2, *labels.shape):
        return None
    codes = np.zeros((3, *labels.shape), np.uint8)
    codes[0] = np.clip(labels, 0, 255)
    codes[1:] = np.clip(np.nan_to_num(uv.astype(np.float32) * 255), 0, 255)
    return codes
