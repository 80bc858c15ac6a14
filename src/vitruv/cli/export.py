"""`vitruv export`: a training run of the compact model to ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vitruv.errors import InputError


@dataclass(frozen=True)
class ExportOptions:
    """Write the graphs of the compact model, and check them against torch.

    Example: vitruv export --detector movenet-multipose.json --run regressor_run --output model
    """

    output: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for regressor.onnx, detector.onnx and model.json; what is not exported now stays as it is."""
    run: Annotated[tuple[Path, ...], tyro.conf.arg(metavar="RUN")] = ()
    """Run of `vitruv train regressor`; of several, whose networks are alike and started from the same weights, the mean."""
    trunk: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """The MoveNet file that the run was trained on, if it was moved."""
    detector: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """JSON of MoveNet MultiPose, which finds the people."""
    manifest: str = "model.json"
    """Name of the manifest: `fast.json` adds a smaller model to the folder."""
    one_look: bool = False
    """Do not look again, at a higher resolution, where somebody small is seen: faster."""
    foreground_threshold: float = 0.35
    """Chance of a person (0..1) from which a pixel is theirs."""
    centre_threshold: float = 0.3
    """MultiPose's own score that becomes 0.5."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status."""
    options = tyro.cli(ExportOptions, prog="vitruv export", args=list(argv))
    if not options.run and options.detector is None:
        raise InputError("give --run or --detector: there is nothing to export")
    from vitruv.export import export_compact

    reports = export_compact(
        options.output,
        regressor_run=options.run or None,
        trunk=options.trunk,
        detector=options.detector,
        manifest_name=options.manifest,
        one_look=options.one_look,
        foreground_threshold=options.foreground_threshold,
        centre_threshold=options.centre_threshold,
    )
    for report in reports:
        differences = ", ".join(f"{name} {value:.1e}" for name, value in report.differences.items())
        print(f"{report.path}: {report.size_bytes / 2**20:.1f} MB; torch and ONNX Runtime differ by {differences}")
    graphs = sorted(options.output.glob("*.onnx"))
    print(f"{', '.join(path.name for path in graphs)}: {sum(path.stat().st_size for path in graphs) / 2**20:.1f} MB together")
    return 0
