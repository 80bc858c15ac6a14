"""Chart labels alone, as an 8-bit grey PNG with the values 0..24: what most try-on programs read."""

from __future__ import annotations

import numpy as np

from vitruv.errors import FormatError
from vitruv.formats.png import write_png
from vitruv.media import read_image
from vitruv.results import LAST_CHART
from vitruv.types import PathLike, UInt8Array


def write_label_png(path: PathLike, labels: UInt8Array) -> None:
    """labels: (h, w) uint8, 0..24. Raises UnwritableFileError."""
    write_png(path, labels)


def read_label_png(path: PathLike) -> UInt8Array:
    """(h, w) uint8, 0..24, from a grey picture, or a coloured one whose three channels are equal.

    Raises MissingFileError, UnreadableFileError, or FormatError when it holds anything but labels.
    """
    rgb = read_image(path)
    labels = np.ascontiguousarray(rgb[:, :, 0])
    if not (rgb == labels[:, :, None]).all():
        raise FormatError(path, "a label picture is grey, but this one has colours")
    highest = int(labels.max(initial=0))
    if highest > LAST_CHART:
        raise FormatError(path, f"label {highest} is above {LAST_CHART}")
    return labels
