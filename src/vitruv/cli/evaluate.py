"""`vitruv evaluate`: score results against DensePose-COCO annotations."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from vitruv.cli.parsing import parse
from vitruv.cli.progress import Report, bars
from vitruv.errors import InputError
from vitruv.formats import read_results
from vitruv.formats.annotations import AnnotationFile
from vitruv.metrics import Evaluation, GeodesicSurface, evaluate, open_atlas, open_official, open_recomputed, single_kappa
from vitruv.metrics.curves import write_curves
from vitruv.metrics.report import FILE, differences, exceeds, remarks_on, report_of, write_report
from vitruv.metrics.surfaces.official_surface import SUBDIVIDED
from vitruv.metrics.surfaces.recomputed_surface import CHARTS

Measure = Literal["gps", "gpsm", "iou", "rcp", "bbox", "segm"]
Compat = Literal["detectron2", "clean"]


@dataclass(frozen=True)
class EvaluateOptions:
    """Score a result file against DensePose-COCO annotations.

    Example: vitruv evaluate --annotations minival.json --results results.json --surface official:eval_data --output report

    Prints a table, and writes report.json, precision-recall curves and the curve of correct points as PNG, and with --images
    a sheet of the worst people. AP and AR are percentages; AUC10 and AUC30 are fractions.
    """

    annotations: Annotated[Path, tyro.conf.arg(metavar="GT.json")]
    """DensePose-COCO annotations."""

    results: Annotated[Path, tyro.conf.arg(metavar="RESULTS")]
    """Results: JSON, the pickle of 2018, Detectron2's coco_densepose_predictions.pth, or a dump of apply_net."""

    output: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for the report."""

    surface: Annotated[str, tyro.conf.arg(metavar="official:DIR|vitruv")] = "vitruv"
    """official:DIR, a folder with SMPL_subdiv.mat, SMPL_SUBDIV_TRANSFORM.mat and Pdist_matrix.pkl or .mat, for numbers that
    compare with others (or with UV_Processed.mat and SMPL_vertices.npy or .obj, from which distances are computed, once); or
    vitruv, the surface in the package, whose distances differ a little."""

    measures: tuple[Measure, ...] = ("gps", "gpsm", "iou", "rcp", "bbox", "segm")
    """gps: points; gpsm: points and mask; iou: mask; rcp: ratio of correct points; bbox, segm: COCO's own."""

    compat: Compat = "detectron2"
    """detectron2 gives the official evaluator's numbers, quirks included; clean is the measure as the paper means it. Numbers of
    the other one that differ by more than 0.1 are shown beside them."""

    kappa: float | None = None
    """One kappa in metres for all parts (the paper: 0.255) instead of the surface's own for each part."""

    lowest: float = 0.5
    """The first of the thresholds of similarity; 0.2 adds AP20, AP30 and AP40."""

    images: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Photos, for the sheet of the worst people."""

    cache: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Where converted distance tables are kept instead of the cache folder (VITRUV_CACHE)."""

    quiet: bool = False
    """Show no progress."""


def main(argv: Sequence[str]) -> int:
    options = parse(EvaluateOptions, "vitruv evaluate", argv)
    if options.kappa is not None and not options.kappa > 0:
        raise InputError(f"--kappa must be more than 0, but is {options.kappa:g}")
    annotations = AnnotationFile.open(options.annotations)
    results = read_results(options.results, annotations.images)
    with bars(quiet=options.quiet) as bar:
        surface = _surface(options.surface, options.cache, bar("measuring the surface, once"))
        found = evaluate(
            annotations,
            results,
            surface,
            measures=options.measures,
            compat=(options.compat, "clean" if options.compat == "detectron2" else "detectron2"),
            kappa_m=None if options.kappa is None else single_kappa(options.kappa),
            lowest_threshold=options.lowest,
            progress=bar("evaluating"),
        )
    report = report_of(
        found,
        files={"annotations": str(options.annotations), "results": str(options.results)},
        surface=surface.name,
        kappa_m=[options.kappa] * 8 if options.kappa is not None else surface.kappa_m.tolist(),
        lowest_threshold=options.lowest,
    )
    _print_tables(report, found[1])
    for remark in remarks_on(found[0]):
        print(f"note: {remark}")
    write_report(options.output / FILE, report)
    written = [options.output / FILE, *write_curves(found[0], options.output)]
    if options.images is not None:
        from vitruv.cli.worst_people import write_worst_people

        written += write_worst_people(found[0], annotations, results, options.images, options.output)
    print("wrote " + ", ".join(str(path) for path in written))
    return 0


def _surface(name: str, cache: Path | None, progress: Report) -> GeodesicSurface:
    if name == "vitruv":
        return open_atlas(cache=cache, progress=progress)
    kind, _, folder = name.partition(":")
    if kind != "official" or not folder:
        raise InputError(f"--surface must be official:DIR or vitruv, but is {name!r}")
    if (Path(folder) / CHARTS).exists() and not (Path(folder) / SUBDIVIDED).exists():
        return open_recomputed(folder, cache=cache, progress=progress)
    return open_official(folder, cache=cache)


def _print_tables(report: Mapping[str, Any], other: Evaluation) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 120)
    measures = report["measures"]
    precision = Table(title=f"Average precision and recall ({report['compat']}, {report['surface']} surface)", title_justify="left")
    keys = list(dict.fromkeys(key for values in measures.values() for key in values if not key.startswith("AUC")))
    for column in ("", *keys):
        precision.add_column(column, justify="right" if column else "left")
    for name, values in measures.items():
        if "AP" in values:
            precision.add_row(name, *(number(values.get(key), ".2f") if key in values else "" for key in keys))
    if precision.row_count:
        console.print(precision)
    for name, title in (("rcp", "all people"), ("rcp_single", "one person at a time")):
        if name in measures:
            ten, thirty = (number(measures[name][key], ".4f") for key in ("AUC10", "AUC30"))
            console.print(f"Ratio of correct points, {title}: AUC10 {ten}, AUC30 {thirty}")
    if "rcp" in measures:
        parts = Table(title="By part", title_justify="left")
        for column in ("part", "points", "found", "similarity", "AUC10", "AUC30"):
            parts.add_column(column, justify="left" if column == "part" else "right")
        for row in report["parts"]:
            shown = (number(row[key], ".3f") for key in ("found", "similarity", "AUC10", "AUC30"))
            parts.add_row(str(row["part"]), str(row["points"]), *shown)
        console.print(parts)
    unlike = [d for d in differences(measures, other.measures) if exceeds(d)]
    if unlike:
        table = Table(title="Where the rules matter by more than 0.1", title_justify="left")
        for column in ("", report["compat"], other.compat):
            table.add_column(column, justify="right" if column else "left")
        for d in unlike:
            table.add_row(f"{d.measure} {d.key}", number(d.first, ".3f"), number(d.second, ".3f"))
        console.print(table)


def number(value: float | None, style: str) -> str:
    """A number of a table; a dash where there is nothing to measure."""
    return "-" if value is None else format(value, style)
