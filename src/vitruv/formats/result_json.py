"""DensePose-COCO results as JSON: a list of detections, each with its chart map as a PNG in base64.

    {"image_id": 785, "category_id": 1, "score": 0.99, "bbox": [x, y, w, h], "uv_shape": [3, h, w], "uv_data": "iVBORw0..."}

`uv_data` is an 8-bit RGB PNG of h x w pixels: R = I (chart 0..24), G = U, B = V, both times 255 and truncated. x and y are
pixels with fractions, w and h the whole numbers of `uv_shape`. Readers accept base64 with or without line breaks.

Where the people have them, a detection also holds, in COCO's forms: `keypoints`, 51 numbers x, y, score; `track_id`, a whole
number; `segmentation`, the person's mask as run lengths over the picture. COCO counts x and y of keypoints from the centre of the
first pixel, Vitruv from its corner: half a pixel is taken off here, and added again by `read_results`.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from PIL import Image

from vitruv.errors import FormatError, InputError
from vitruv.files import replacing
from vitruv.formats.png import png_pieces
from vitruv.formats.rle import encode_rle
from vitruv.results import LAST_CHART, ChartMap, DensePoses, in_picture
from vitruv.types import PathLike, UInt8Array

MAX_PIXELS = 1 << 26
"""Largest chart map that is decoded, in pixels; anything larger is taken for an attack or an error."""

_COCO_SHIFT = np.array([0.5, 0.5, 0], np.float32)  # x, y, score: see the top

_LEVEL = 4  # a third of the time of the usual 6, for files a tenth larger
_PNG_START = b"\x89PNG\r\n\x1a\n"


def quantize(chart: ChartMap) -> UInt8Array:
    """(3, h, w) uint8: I, 255 U, 255 V. U and V are clipped to [0, 1] and truncated; both are 0 on the background."""
    codes = np.zeros((3, *chart.size_hw), np.uint8)
    codes[0] = chart.labels
    inside = chart.labels > 0
    for channel, values in zip(codes[1:], chart.uv, strict=True):
        seen = np.clip(np.nan_to_num(values[inside], nan=0.0), 0, 1)
        channel[inside] = seen * np.float32(255)
    return codes


def dequantize(iuv_u8: UInt8Array) -> ChartMap:
    """The inverse of `quantize`; iuv_u8: (3, h, w) uint8 with I in 0..24. `quantize(dequantize(x))` is x where I > 0."""
    labels = np.ascontiguousarray(iuv_u8[0])
    uv = iuv_u8[1:].astype(np.float32) / np.float32(255)
    uv[:, labels == 0] = 0
    return ChartMap(labels, uv)


def encode_uv_data(iuv_u8: UInt8Array) -> str:
    """(3, h, w) uint8 -> base64 of an RGB PNG, without line breaks."""
    pieces = png_pieces(np.ascontiguousarray(np.moveaxis(iuv_u8, 0, 2)), level=_LEVEL)
    return base64.b64encode(b"".join(pieces)).decode("ascii")


def decode_uv_data(uv_data: str, uv_shape: object, *, path: PathLike = "uv_data", where: str = "uv_data") -> UInt8Array:
    """Base64 of an RGB PNG (line breaks allowed) -> (3, h, w) uint8: I, 255 U, 255 V.

    uv_shape: what the PNG must be, [3, h, w]. `path` and `where` (such as "result 7") are named in errors.
    Raises FormatError: not base64, not an 8-bit RGB PNG, of another size than `uv_shape`, damaged, I above 24, or more than
    MAX_PIXELS pixels. The size is checked in the header before anything is unpacked.
    """
    height, width = _checked_shape(uv_shape, path, where)
    try:
        png = base64.b64decode("".join(uv_data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise FormatError(path, f"{where}: uv_data is not base64") from None
    # signature, length, "IHDR", width, height, bit depth, colour type
    if png[:8] != _PNG_START or png[12:16] != b"IHDR" or len(png) < 26:
        raise FormatError(path, f"{where}: uv_data does not hold a PNG")
    size = int.from_bytes(png[20:24], "big"), int.from_bytes(png[16:20], "big")
    if size != (height, width):
        raise FormatError(path, f"{where}: the PNG is {size[0]}x{size[1]} (h x w), but uv_shape says {height}x{width}")
    if (png[24], png[25]) != (8, 2):
        raise FormatError(path, f"{where}: the PNG must be 8-bit RGB, but has bit depth {png[24]} and colour type {png[25]}")
    codes = np.moveaxis(_unpack(png, path, where), 2, 0)
    highest = int(codes[0].max())
    if highest > LAST_CHART:
        raise FormatError(path, f"{where}: chart {highest} in the first channel, expected 0..{LAST_CHART} (channels are I, U, V)")
    return codes


def _unpack(png: bytes, path: PathLike, where: str) -> UInt8Array:
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            return np.asarray(image, np.uint8)
    # Pillow answers damaged files with many kinds of error; all of them mean the same here.
    except Exception as error:
        raise FormatError(path, f"{where}: the PNG is damaged ({error})") from None


def _checked_shape(uv_shape: object, path: PathLike, where: str) -> tuple[int, int]:
    match uv_shape:
        case [3, int(height), int(width)] if height >= 1 and width >= 1:
            if height * width > MAX_PIXELS:
                raise FormatError(path, f"{where}: uv_shape {height}x{width} (h x w) is larger than {MAX_PIXELS} pixels")
            return height, width
    raise FormatError(path, f"{where}: uv_shape must be [3, h, w] with h, w of at least 1, but is {uv_shape!r}"[:200])


class ResultWriter:
    """Writes a result file one picture at a time; the file appears under its name, whole, when the block ends without an error.

        with ResultWriter("results.json") as writer:
            writer.add(785, poses)

    Nothing is kept in memory. Without any person the file is the empty list. Raises UnwritableFileError.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = path
        self._stack = ExitStack()
        self._stream: BinaryIO | None = None
        self._count = 0

    def __enter__(self) -> Self:
        self._stream = self._stack.enter_context(replacing(self.path))
        self._stream.write(b"[")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None and self._stream is not None:
            self._stream.write(b"\n]\n" if self._count else b"]\n")
        self._stream = None
        self._stack.__exit__(kind, error, trace)

    def add(self, image_id: int | str, poses: DensePoses, category_id: int = 1) -> None:
        """Append the people of one picture, in their order."""
        for record in result_records(poses, category_id):
            self.add_record({"image_id": image_id, **record})

    def add_record(self, record: Mapping[str, object]) -> None:
        """Append one detection that already has the file's form; NaN and infinity are refused (InputError)."""
        if self._stream is None:
            raise InputError("a ResultWriter can only be used inside its `with` block")
        try:
            text = json.dumps(record, allow_nan=False)
        except ValueError as error:
            raise InputError(f"result {self._count} cannot be written as JSON: {error}") from None
        self._stream.write(b",\n" if self._count else b"\n")
        self._stream.write(text.encode())
        self._count += 1


def result_records(poses: DensePoses, category_id: int = 1) -> Iterator[dict[str, object]]:
    """The results of one picture as they stand in the file, without `image_id`."""
    for i, person in enumerate(poses):
        record: dict[str, object] = {
            "category_id": category_id,
            "score": _short(poses.scores[i]),
            # w and h whole, as in uv_shape; x and y keep their fractions.
            "bbox": [*map(_short, poses.boxes_xyxy[i, :2]), *person.placement_xywh[2:]],
            "uv_shape": [3, *person.chart.size_hw],
            "uv_data": encode_uv_data(quantize(person.chart)),
        }
        if person.keypoints is not None:
            record["keypoints"] = [_short(value) for value in (person.keypoints - _COCO_SHIFT).ravel()]
        if person.track_id is not None:
            record["track_id"] = person.track_id
        if person.mask is not None:
            record["segmentation"] = encode_rle(in_picture(person.mask, person.placement_xywh, poses.size_hw))
        yield record


def _short(value: np.float32) -> float:
    """The shortest decimal that reads back as the same float32; it truncates to the same whole number."""
    return float(str(np.float32(value)))
