"""`vitruv check`: validate annotation and result files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vitruv.cli.parsing import parse
from vitruv.errors import InputError
from vitruv.formats import read_categories, read_images
from vitruv.formats.check import Report, check_file


@dataclass(frozen=True)
class CheckOptions:
    """Validate DensePose-COCO annotation and result files.

    Example: vitruv check densepose_minival2014.json --images val2014
    Example: vitruv check results.json --annotations densepose_minival2014.json

    Prints what is in each file and what is wrong, with its place. Exit status 1 when anything is wrong.
    """

    files: tyro.conf.Positional[tuple[Path, ...]]
    """Annotations, results of any form that `vitruv evaluate` reads, or images.json of `vitruv predict`."""

    images: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Folder of the photos of annotations; missing ones are reported."""

    annotations: Annotated[Path | None, tyro.conf.arg(metavar="GT.json")] = None
    """What results belong to; results on other images, or of other categories, are reported. images.json will do."""


def main(argv: Sequence[str]) -> int:
    options = parse(CheckOptions, "vitruv check", argv)
    if not options.files:
        raise InputError("give at least one file to check")
    images = read_images(options.annotations) if options.annotations is not None else None
    categories = read_categories(options.annotations) if options.annotations is not None else ()
    broken = False
    for path in options.files:
        report = check_file(path, photos=options.images, images=images, categories=categories)
        _print(path, report)
        broken |= bool(report.problems)
    return 1 if broken else 0


def _print(path: Path, report: Report) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{path}: {report.kind}", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in report.counts.items():
        table.add_row(name, str(value))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    for remark in report.remarks:
        print(f"note: {remark}")
    for problem in report.problems:
        print(f"vitruv check: {path}: {problem}", file=sys.stderr)
    if report.further_problems:
        print(f"vitruv check: {path}: and {report.further_problems} further problems", file=sys.stderr)
