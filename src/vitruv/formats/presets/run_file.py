"""Presets that put all photos of a run into one file: `RunPreset`, and how each of them is written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np

from vitruv.files import replacing
from vitruv.formats.presets.dump import DumpWriter, dump_entry
from vitruv.formats.result_json import ResultWriter, result_records
from vitruv.results import DensePoses
from vitruv.surface import NUM_PARTS, PART_NAMES, PART_OF_CHART
from vitruv.types import UInt8Array


class RunWriter(Protocol):
    """Writes photos one after another; the files stand under their names after the `with` block, or not at all."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
    def add(self, photo: PurePath, image_id: int | str, people: DensePoses, source: Path | None) -> None: ...


@dataclass(frozen=True)
class RunPreset:
    """name, summary, output, empty: as in `Preset`. files: what is written, below the output folder. open: folder -> its writer.

    of_one: the entries of one photo, as they stand in the file.
    """

    name: str
    summary: str
    files: tuple[str, ...]
    open: Callable[[Path], RunWriter]
    of_one: Callable[[DensePoses], Any]
    output: str = "DIR"
    empty: str = ""

    def render(self, people: DensePoses, rgb: UInt8Array | None = None) -> Any:
        """What the file says of one photo (its name and id left out)."""
        return self.of_one(people)

    def wants(self, photo: PurePath) -> bool:
        return True

    def remarks(self, people: DensePoses) -> list[str]:
        return [] if len(people) or not self.empty else [f"nobody found: {self.empty}"]


class _CocoResults:
    """results.json, and images.json that says which photo has which id."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._results, self._images = folder, ResultWriter(folder / "results.json"), list[dict[str, object]]()

    def __enter__(self) -> Self:
        self._results.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._results.__exit__(kind, error, trace)
        if error is None:
            with replacing(self._folder / "images.json") as stream:
                stream.write(json.dumps({"images": self._images}, indent=0).encode())

    def add(self, photo: PurePath, image_id: int | str, people: DensePoses, source: Path | None) -> None:
        self._results.add(image_id, people)
        height, width = people.size_hw
        self._images.append({"id": image_id, "file_name": photo.as_posix(), "width": width, "height": height})


class _Dump:
    def __init__(self, folder: Path) -> None:
        self._stack, self._path = ExitStack(), folder / "results.pkl"
        self._writer: DumpWriter | None = None

    def __enter__(self) -> Self:
        self._writer = DumpWriter(self._stack.enter_context(replacing(self._path)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._writer is not None:
            self._writer.finish() if error is None else self._writer.close()
        self._stack.__exit__(kind, error, trace)

    def add(self, photo: PurePath, image_id: int | str, people: DensePoses, source: Path | None) -> None:
        assert self._writer is not None
        self._writer.add(photo.as_posix() if source is None else str(source), people)


COLUMNS = ("photo", "person", "score", "x1", "y1", "x2", "y2", "pixels", *PART_NAMES[1:])


class _PartTable:
    def __init__(self, folder: Path) -> None:
        self._stack, self._path = ExitStack(), folder / "parts.csv"

    def __enter__(self) -> Self:
        stream = self._stack.enter_context(replacing(self._path))
        self._text = io.TextIOWrapper(stream, "utf-8", newline="")
        self._rows = csv.DictWriter(self._text, COLUMNS, restval="")
        self._rows.writeheader()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self._text.flush()
            self._text.detach()
        finally:
            self._stack.__exit__(kind, error, trace)

    def add(self, photo: PurePath, image_id: int | str, people: DensePoses, source: Path | None) -> None:
        rows = part_rows(people) or [{"person": 0}]
        self._rows.writerows({"photo": photo.as_posix(), **row} for row in rows)


def part_rows(people: DensePoses) -> list[dict[str, object]]:
    """A row for each person: number from 1, score, box, pixels on the body, and the share of them that each of the 14 parts has."""
    rows: list[dict[str, object]] = []
    for i, person in enumerate(people):
        counts = np.bincount(PART_OF_CHART[person.chart.labels].ravel(), minlength=NUM_PARTS + 1)[1:]
        total = int(counts.sum())
        shares = (counts / max(total, 1)).tolist()
        x1, y1, x2, y2 = (round(float(v), 1) for v in person.box_xyxy)
        rows.append(
            {"person": i + 1, "score": round(person.score, 4), "x1": x1, "y1": y1, "x2": x2, "y2": y2, "pixels": total}
            | {name: f"{share:.4f}" for name, share in zip(PART_NAMES[1:], shares, strict=True)}
        )
    return rows


RUNS = (
    RunPreset(
        "coco-json",
        "DensePose-COCO results of all photos in results.json, ids in images.json",
        ("results.json", "images.json"),
        _CocoResults,
        lambda people: list(result_records(people)),
    ),
    RunPreset(
        "detectron2-dump",
        "results.pkl as `apply_net.py dump` leaves it: tensors and DensePoseChartResultWithConfidences",
        ("results.pkl",),
        _Dump,
        dump_entry,
        empty="its entry has no pred_densepose, as Detectron2 leaves it out then",
    ),
    RunPreset(
        "csv",
        "parts.csv, a table: for each person the share of every body part",
        ("parts.csv",),
        _PartTable,
        part_rows,
        empty="a row with person 0 was written",
    ),
)
