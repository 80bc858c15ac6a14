"""`vitruv compare`: two evaluation reports side by side."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from vitruv.cli.parsing import parse
from vitruv.metrics.report import FILE, differences, read_report


@dataclass(frozen=True)
class CompareOptions:
    """Show two reports of `vitruv evaluate` side by side.

    Example: vitruv compare before/report.json after/report.json
    """

    first: tyro.conf.Positional[Path]
    """report.json, or the folder it lies in."""

    second: tyro.conf.Positional[Path]
    """Another one."""


def main(argv: Sequence[str]) -> int:
    options = parse(CompareOptions, "vitruv compare", argv)
    paths = [path / FILE if path.is_dir() else path for path in (options.first, options.second)]
    first, second = (read_report(path) for path in paths)
    from rich.console import Console
    from rich.table import Table

    from vitruv.cli.evaluate import number

    table = Table(title_justify="left")
    for column in ("", str(paths[0]), str(paths[1]), "change"):
        table.add_column(column, justify="right" if column else "left", overflow="fold")
    measure = ""
    for d in differences(first["measures"], second["measures"]):
        if d.measure != measure:
            table.add_section()
            measure = d.measure
        style = ".4f" if d.key.startswith("AUC") else ".2f"
        change = "-" if d.change is None else f"{d.change:+{style}}"
        table.add_row(f"{d.measure} {d.key}", number(d.first, style), number(d.second, style), change)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    for name in ("compat", "surface", "kappa_m", "lowest_threshold", "counts"):
        if first.get(name) != second.get(name):
            console.print(f"[bold]not the same {name}:[/bold] {first.get(name)} and {second.get(name)}")
    return 0
