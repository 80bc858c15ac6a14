"""Any result file, known by its first bytes."""

from __future__ import annotations

from collections.abc import Mapping

from vitruv.formats.annotations import ImageInfo
from vitruv.formats.pickled_results import read_pickled_results
from vitruv.formats.results import Detections, read_result_json
from vitruv.formats.safe_pickle import map_file
from vitruv.types import PathLike

_JSON_STARTS = (b"[", b"{", b"")


def is_json(path: PathLike) -> bool:
    """Whether a file begins as JSON does. Raises MissingFileError, UnreadableFileError, FormatError (empty)."""
    return bytes(map_file(path)[:64]).lstrip(b" \t\r\n\xef\xbb\xbf")[:1] in _JSON_STARTS


def read_results(path: PathLike, images: Mapping[int | str, ImageInfo] | None = None) -> Detections:
    """Results as JSON, as a pickle of 2018, of Detectron2's evaluator, or of `apply_net dump`.

    images: by id, of an annotation file or `read_images`; they give the ids of photos, where the results know only their names.
    Raises MissingFileError, UnreadableFileError, FormatError, UnsafeFileError.
    """
    if is_json(path):
        return read_result_json(path)
    return read_pickled_results(path, images or {})
