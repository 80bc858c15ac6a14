"""Detections of any result file: parallel arrays, and the chart map of one when it is asked for.

results.json                    DensePose-COCO results (`result_json`)
*.pkl                           the pickle form of 2018: the same records with `uv`, uint8 (3, h, w), instead of the PNG
coco_densepose_predictions.pth  what Detectron2's evaluator leaves: the same with quantized objects
*.pkl of `apply_net dump`       one entry per photo, named by its file
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vitruv.errors import FormatError
from vitruv.formats.annotation import is_box
from vitruv.formats.json_records import JsonFile
from vitruv.formats.result_json import decode_uv_data
from vitruv.results import NUM_KEYPOINTS
from vitruv.types import Float32Array, Float64Array, Int64Array, PathLike, UInt8Array


@dataclass(frozen=True, eq=False)
class Detections:
    """n detections, in the order of the file; n = 0 is legal.

    image_ids: n ids as in the annotation file, or names of photos. category_ids: (n,) int64. scores: (n,) float64.
    boxes_xywh: (n, 4) float64, pixels; the chart map of a detection begins at x, y truncated towards zero.
    decode: index -> (3, h, w) uint8, I, 255 U, 255 V; h and w are the box's, truncated, at least 1.
    keypoints: (n, 17, 3) float32, x and y in pixels from the picture's corner, and a score; NaN for a detection without; None when
        no detection has them.
    track_ids: (n,) int64, -1 for a detection without; None when no detection has one.
    segmentations: n masks as run lengths over the picture, None for a detection without; empty when no detection has one.
    """

    path: PathLike
    image_ids: Sequence[int | str]
    category_ids: Int64Array
    scores: Float64Array
    boxes_xywh: Float64Array
    decode: Callable[[int], UInt8Array]
    keypoints: Float32Array | None = None
    track_ids: Int64Array | None = None
    segmentations: Sequence[Mapping[str, Any] | None] = ()

    def __len__(self) -> int:
        return len(self.image_ids)

    def iuv(self, index: int) -> UInt8Array:
        """(3, h, w) uint8 of one detection. Raises FormatError when it is damaged or has not the size of its box."""
        codes = self.decode(index)
        width, height = (max(int(side), 1) for side in self.boxes_xywh[index, 2:])
        if codes.shape[1:] != (height, width):
            raise FormatError(
                self.path,
                f"result {index}: the chart map is {codes.shape[1]}x{codes.shape[2]} (h x w), but the box is {height}x{width}",
            )
        return codes

    def indices_of_image(self) -> dict[int | str, Int64Array]:
        """image id -> its detections, in the order of the file."""
        where: dict[int | str, list[int]] = {}
        for i, image_id in enumerate(self.image_ids):
            where.setdefault(image_id, []).append(i)
        return {image_id: np.array(found, np.int64) for image_id, found in where.items()}


def read_result_json(path: PathLike) -> Detections:
    """Raises MissingFileError, UnreadableFileError, and FormatError naming the first result that is broken.

    Chart maps stay packed in the mapped file until they are asked for.
    """
    records = JsonFile.open(path).records("")

    def decode(index: int) -> UInt8Array:
        record = records[index]
        if not isinstance(record.get("uv_data"), str):
            raise FormatError(path, f"result {index}: uv_data must be text (a PNG in base64)")
        return decode_uv_data(record["uv_data"], record.get("uv_shape"), path=path, where=f"result {index}")

    return from_records(records, path, decode)


def from_records(records: Sequence[Mapping[str, Any]], path: PathLike, decode: Callable[[int], UInt8Array]) -> Detections:
    """Detections from records with image_id, category_id, score and bbox. Raises FormatError for the first broken one."""
    count = len(records)
    image_ids: list[int | str] = []
    categories, scores, boxes = np.zeros(count, np.int64), np.zeros(count), np.zeros((count, 4))
    keypoints: dict[int, list[float]] = {}
    track_ids: dict[int, int] = {}
    segmentations: dict[int, Mapping[str, Any]] = {}
    for i, record in enumerate(records):
        for problem in result_problems_of(record):
            raise FormatError(path, f"result {i}: {problem}")
        image_ids.append(record["image_id"])
        categories[i] = record.get("category_id", 1)
        scores[i] = record["score"]
        boxes[i] = record["bbox"]
        if record.get("keypoints"):
            keypoints[i] = record["keypoints"]
        if "track_id" in record:
            track_ids[i] = record["track_id"]
        if record.get("segmentation"):
            segmentations[i] = record["segmentation"]
    return Detections(
        path, image_ids, categories, scores, boxes, decode,
        keypoints=_keypoints(keypoints, count) if keypoints else None,
        track_ids=np.array([track_ids.get(i, -1) for i in range(count)], np.int64) if track_ids else None,
        segmentations=[segmentations.get(i) for i in range(count)] if segmentations else (),
    )  # fmt: skip


def _keypoints(given: Mapping[int, list[float]], count: int) -> Float32Array:
    """(n, 17, 3) float32, NaN where none are given. COCO counts from the centre of the first pixel, Vitruv from its corner."""
    found = np.full((count, NUM_KEYPOINTS, 3), np.nan, np.float32)
    for i, numbers in given.items():
        found[i] = np.reshape(numbers, (NUM_KEYPOINTS, 3))
    found[:, :, :2] += np.float32(0.5)
    return found


def result_problems_of(record: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with one result, its chart map aside, one sentence each."""
    image_id, category, score = record.get("image_id"), record.get("category_id", 1), record.get("score")
    if isinstance(image_id, bool) or not isinstance(image_id, (int, str)):
        yield "image_id must be a whole number"
    if isinstance(category, bool) or not isinstance(category, int) or abs(category) >= 1 << 62:
        yield "category_id must be a whole number"
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not abs(score) < 1e15:
        yield "score must be a finite number"
    if not is_box(record.get("bbox")):
        yield "bbox must be [x, y, w, h], finite numbers with w and h not negative"
    keypoints, track_id, segmentation = record.get("keypoints"), record.get("track_id", 0), record.get("segmentation")
    if keypoints and not _are_numbers(keypoints, 3 * NUM_KEYPOINTS):
        yield f"keypoints must be {3 * NUM_KEYPOINTS} finite numbers: x, y, score of {NUM_KEYPOINTS} joints"
    if isinstance(track_id, bool) or not isinstance(track_id, int) or not 0 <= track_id < 1 << 62:
        yield "track_id must be a whole number, not negative"
    if segmentation and not isinstance(segmentation, Mapping):
        yield "segmentation must be run lengths: size and counts"


def _are_numbers(values: object, count: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) == count
        and all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e15 for v in values)
    )
