"""`vitruv export`: training runs of the embedded model to ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vitruv.errors import InputError


@dataclass(frozen=True)
class ExportOptions:
    """Write the graphs of the embedded model from the last checkpoints of its training runs, and check them against torch.

    Example: vitruv export --run regressor_run --detector detector_run --output model
    """

    output: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for regressor.onnx, detector.onnx and model.json; what is not exported now stays as it is."""
    run: Annotated[tuple[Path, ...], tyro.conf.arg(metavar="RUN")] = ()
    """Training run of the regressor; of several, whose networks are alike and started from the same weights, the mean."""
    detector: Annotated[tuple[Path, ...], tyro.conf.arg(metavar="RUN")] = ()
    """Training run of the detector; of several, as above, the mean."""
    look: Annotated[Path | None, tyro.conf.arg(metavar="RUN")] = None
    """Run of `vitruv train look`, for the regressor that is in DIR now; a new regressor needs a new one."""
    person_at: float = 0.3
    """Chance of a person (0..1) from which the regressor calls a pixel theirs: larger gives thinner people, and loses limbs on
    photos; 0.5 fits synthetic people best."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status."""
    options = tyro.cli(ExportOptions, prog="vitruv export", args=list(argv))
    if not options.run and not options.detector and options.look is None:
        raise InputError("give --run, --detector or --look: there is nothing to export")
    from vitruv.export import export_embedded, export_second_look

    reports = []
    if options.run or options.detector:
        reports += export_embedded(
            options.output, regressor_run=options.run or None, detector_run=options.detector or None, person_at=options.person_at
        )
    if options.look is not None:
        reports.append(export_second_look(options.output, options.look))
    for report in reports:
        differences = ", ".join(f"{name} {value:.1e}" for name, value in report.differences.items())
        print(f"{report.path}: {report.size_bytes / 2**20:.1f} MB; torch and ONNX Runtime differ by {differences}")
    graphs = sorted(options.output.glob("*.onnx"))
    print(f"{', '.join(path.name for path in graphs)}: {sum(path.stat().st_size for path in graphs) / 2**20:.1f} MB together")
    return 0
