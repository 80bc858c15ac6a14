"""Dense pose as an 8-bit RGB PNG of the size of the picture: I, and U and V times 255, truncated.

Two orders of channels are in use, and nothing in a file says which one it has: "iuv" means that the file's red is I (what Pillow
wrote: DensePose-COCO results and most later tools), "vui" that its red is V (what OpenCV wrote: the `_IUV.png` of the original,
which `cv2.imread` reads back as I, U, V). The order is therefore always an argument.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from vitruv.errors import FormatError, InputError
from vitruv.formats.png import write_png
from vitruv.formats.result_json import dequantize, quantize
from vitruv.media import read_image
from vitruv.results import LAST_CHART, ChartMap, DensePoses
from vitruv.types import PathLike, UInt8Array

ChannelOrder = Literal["iuv", "vui"]


def encode_iuv(chart_map: ChartMap, *, channel_order: ChannelOrder) -> UInt8Array:
    """(h, w, 3) uint8: the pixels of the PNG, in the file's order red, green, blue."""
    codes = quantize(chart_map)
    return np.ascontiguousarray(np.moveaxis(codes[_step(channel_order)], 0, 2))


def people_codes(people: DensePoses) -> UInt8Array:
    """(3, h, w) uint8 of the picture's size: I, 255 U, 255 V of who is on top.

    Equal to `quantize(people.canvas()[0])`, in a fraction of the time and memory.
    """
    height, width = people.size_hw
    codes = np.zeros((3, height, width), np.uint8)
    places = people.placements_xywh
    for i in np.argsort(-people.scores, kind="stable")[::-1].tolist():
        x, y, w, h = places[i].tolist()
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
        if left >= right or top >= bottom:
            continue
        here = quantize(people.charts[i])[:, top - y : bottom - y, left - x : right - x]
        np.copyto(codes[:, top:bottom, left:right], here, where=here[0] > 0)
    return codes


def write_people_iuv_png(path: PathLike, codes: UInt8Array, *, channel_order: ChannelOrder) -> None:
    """Write the codes of `people_codes`. Raises UnwritableFileError."""
    write_png(path, np.ascontiguousarray(np.moveaxis(codes[_step(channel_order)], 0, 2)))


def decode_iuv(rgb: UInt8Array, *, channel_order: ChannelOrder, path: PathLike = "IUV picture") -> ChartMap:
    """The inverse of `encode_iuv`, as far as 8 bits allow. Raises FormatError, naming `path`, where I is above 24."""
    codes = np.moveaxis(rgb, 2, 0)[_step(channel_order)]
    highest = int(codes[0].max(initial=0))
    if highest > LAST_CHART:
        other = "vui" if channel_order == "iuv" else "iuv"
        raise FormatError(path, f"chart {highest} is above {LAST_CHART}; are its channels in the order {other!r}?")
    return dequantize(codes)


def write_iuv_png(path: PathLike, chart_map: ChartMap, *, channel_order: ChannelOrder) -> None:
    """Write a chart map, usually `DensePoses.canvas()[0]`. Raises UnwritableFileError."""
    write_png(path, encode_iuv(chart_map, channel_order=channel_order))


def read_iuv_png(path: PathLike, *, channel_order: ChannelOrder) -> ChartMap:
    """Read a chart map. Raises MissingFileError, UnreadableFileError, or FormatError where I is above 24."""
    return decode_iuv(read_image(path), channel_order=channel_order, path=path)


def _step(channel_order: str) -> slice:
    if channel_order not in ("iuv", "vui"):
        raise InputError(f"channel_order must be 'iuv' or 'vui', but got {channel_order!r}")
    return slice(None, None, 1 if channel_order == "iuv" else -1)
