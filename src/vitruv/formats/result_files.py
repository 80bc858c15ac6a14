"""Any result file, known by its first bytes."""

from __future__ import annotations

from pathlib import PurePosixPath

from vitruv.formats.annotations import AnnotationFile
from vitruv.formats.pickled_results import read_pickled_results
from vitruv.formats.results import Detections, read_result_json
from vitruv.formats.safe_pickle import map_file
from vitruv.types import PathLike

_JSON_STARTS = (b"[", b"{", b"")


def is_json(path: PathLike) -> bool:
    """Whether a file begins as JSON does. Raises MissingFileError, UnreadableFileError, FormatError (empty)."""
    return bytes(map_file(path)[:64]).lstrip(b" \t\r\n\xef\xbb\xbf")[:1] in _JSON_STARTS


def read_results(path: PathLike, annotations: AnnotationFile | None = None) -> Detections:
    """Results as JSON, as a pickle of 2018, of Detectron2's evaluator, or of `apply_net dump`.

    annotations: give the ids of photos, where the results know only their names.
    Raises MissingFileError, UnreadableFileError, FormatError, UnsafeFileError.
    """
    if is_json(path):
        return read_result_json(path)
    images = annotations.images.items() if annotations is not None else ()
    return read_pickled_results(path, {PurePosixPath(image.file_name).name: image_id for image_id, image in images})
