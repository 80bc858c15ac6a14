"""An evaluation as report.json, and two reports side by side."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitruv._version import __version__
from vitruv.errors import FormatError, UnwritableFileError
from vitruv.files import replacing
from vitruv.formats.json_records import parse_json
from vitruv.formats.safe_pickle import map_file
from vitruv.metrics.evaluation import Evaluation
from vitruv.types import PathLike

FILE = "report.json"


def report_of(evaluations: Sequence[Evaluation], **about: object) -> dict[str, Any]:
    """The content of report.json: the first evaluation, other rules beside it, and what it is about (files, surface, ...).

    AP and AR are 0..100, AUC 0..1, at full precision; null where there is nothing to find.
    """
    first, *others = evaluations
    return {
        "compat": first.compat,
        "measures": {name: dict(values) for name, values in first.measures.items()},
        "parts": first.pooled.part_table(),
        "counts": dict(first.counts),
        "remarks": remarks_on(first),
        "others": {other.compat: {name: dict(values) for name, values in other.measures.items()} for other in others},
        **about,
        "vitruv": __version__,
    }


def remarks_on(evaluation: Evaluation) -> list[str]:
    """What somebody who reads the numbers should know, a line each."""
    counts, remarks = evaluation.counts, []
    total = counts.get("detections", 0)
    if others := counts.get("of other categories", 0):
        remarks.append(f"{others} of {total} results are of categories that the annotations do not have, and count nowhere")
    if equal := counts.get("of equal scores", 0):
        remarks.append(
            f"{equal} of {total} results have the score of another one, so that AP depends on their order: here by image id, then "
            "by box from left to right and top to bottom (the official evaluator goes by their order in the file)"
        )
    return remarks


def write_report(path: PathLike, report: Mapping[str, Any]) -> None:
    """Raises UnwritableFileError."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableFileError(path, f"cannot be written: {error.strerror or error}") from None
    with replacing(path) as stream:
        stream.write(json.dumps(report, indent=2, allow_nan=False).encode() + b"\n")


def read_report(path: PathLike) -> dict[str, Any]:
    """Raises MissingFileError, UnreadableFileError, FormatError."""
    report = parse_json(bytes(map_file(path)), path)
    if not isinstance(report, dict) or not isinstance(report.get("measures"), dict):
        raise FormatError(path, "this is not a report of `vitruv evaluate`")
    for name, values in report["measures"].items():
        if not isinstance(values, dict) or not all(v is None or isinstance(v, (int, float)) for v in values.values()):
            raise FormatError(path, f"the measure {name} is not a table of numbers")
    return report


@dataclass(frozen=True)
class Difference:
    """One number in two reports; None where a report does not have it."""

    measure: str
    key: str
    first: float | None
    second: float | None

    @property
    def change(self) -> float | None:
        """second - first."""
        return None if self.first is None or self.second is None else self.second - self.first

    @property
    def scale(self) -> float:
        """What to multiply with for points of a hundred: AUC are fractions."""
        return 100.0 if self.key.startswith("AUC") else 1.0


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Difference]:
    """Every number of two tables of measures (`report["measures"]`)."""
    for measure in dict.fromkeys([*first, *second]):
        a, b = first.get(measure, {}), second.get(measure, {})
        for key in dict.fromkeys([*a, *b]):
            yield Difference(measure, key, a.get(key), b.get(key))


def exceeds(difference: Difference, *, points: float = 0.1) -> bool:
    """Whether two numbers differ by more than `points` of a hundred, or only one is there."""
    if difference.change is None:
        return difference.first is not difference.second
    return math.fabs(difference.change) * difference.scale > points
