"""`vitruv train`: train the networks of the embedded model on synthetic people, and the paper's on any annotated set."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import tyro

from vitruv.cli.train_paper import PAPER_KINDS, new_paper, paper_from_file, resume_paper, run_inpaint
from vitruv.errors import InputError
from vitruv.files import make_folder
from vitruv.train import (
    DataConfig,
    LoopConfig,
    Progress,
    RegressorConfig,
    from_plain,
    join_team,
    last_position,
    leave_team,
    load_config,
    open_pose_trunk,
    open_training,
    save_or_check_config,
    train,
    write_report,
)

_USAGE = """usage: vitruv train VERB [options]

  regressor   crops of people -> charts and coordinates
  rcnn        DensePose-RCNN on DensePose-COCO data; with masks, keypoints, cross-cascade, dense targets
  fcn         the fully convolutional baseline
  teacher     the network that in-paints sparse points
  inpaint     dense targets for a data set from a trained teacher
  paper       rcnn, fcn or teacher from a JSON file of settings
  resume RUN  go on with a run that was stopped
  report RUN  curves and figures of a run

`vitruv train VERB --help` explains a verb.

An hour and a half of two cores, one of which renders crops and runs the trunk:
  vitruv train regressor --pack pack.npz --trunk movenet-thunder.json --cache cache --output run --hours 1.5 --workers 1"""


@dataclass(frozen=True)
class TrainRegressor:
    """Train the regressor of the compact model on a frozen trunk. Resumes when RUN holds checkpoints of the same settings.

    Example: vitruv train regressor --pack pack.npz --trunk movenet-thunder.json --cache cache --output run --hours 1.5
    """

    output: Annotated[Path, tyro.conf.arg(metavar="RUN")]
    """Folder of the run: settings, checkpoints, scalars, pictures."""
    data: DataConfig
    loop: LoopConfig = field(default_factory=LoopConfig)
    task: RegressorConfig = field(default_factory=RegressorConfig)


@dataclass(frozen=True)
class Resume:
    """Go on with a stopped run, with its own settings; those below may change."""

    run: tyro.conf.Positional[Path]
    """Folder of the run."""
    hours: float | None = None
    """Length of the whole run, the part that is done included."""
    steps: int | None = None
    """Or its length in steps."""
    device: Literal["auto", "cpu", "cuda"] | None = None
    workers: int | None = None
    threads: int | None = None
    pack: Path | None = None
    """Where the pack lies now, if it was moved."""
    trunk: Path | None = None
    """Where the trunk's file lies now, if it was moved."""
    cache: Path | None = None
    """Where the cache lies now, if it was moved."""


@dataclass(frozen=True)
class Report:
    """Write RUN/curves.png and print the last figures."""

    run: tyro.conf.Positional[Path]
    """Folder of the run."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status."""
    verbs: dict[str, Callable[[Sequence[str]], int]] = {
        "regressor": _regressor,
        **{kind: partial(new_paper, kind) for kind in PAPER_KINDS},
        "paper": paper_from_file,
        "inpaint": run_inpaint,
        "resume": _resume,
        "report": _report,
    }
    if not argv or argv[0] not in verbs:
        asked = bool(argv) and argv[0] in ("-h", "--help")
        print(_USAGE, file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    return verbs[argv[0]](argv[1:])


Options = TypeVar("Options")


def _parse(options: type[Options], verb: str, argv: Sequence[str]) -> Options:
    return tyro.cli(options, prog=f"vitruv train {verb}", args=list(argv), config=(tyro.conf.OmitArgPrefixes,))


def _regressor(argv: Sequence[str]) -> int:
    chosen = _parse(TrainRegressor, "regressor", argv)
    return _train(chosen.output, chosen.loop, chosen.task, chosen.data)


def _resume(argv: Sequence[str]) -> int:
    options = _parse(Resume, "resume", argv)
    config = load_config(options.run)
    if config.get("kind") not in ("regressor", *PAPER_KINDS):
        raise InputError(f"{options.run} is a run of kind {config.get('kind')!r}, which this verb does not know")
    loop = from_plain(LoopConfig, config["loop"])
    changes = {name: value for name in ("device", "workers", "threads") if (value := getattr(options, name)) is not None}
    if options.hours is not None:
        changes |= {"hours": options.hours, "steps": None}
    if options.steps is not None:
        changes["steps"] = options.steps
    if config["kind"] in PAPER_KINDS:
        return resume_paper(options.run, config, changes)
    saved = config["data"]
    data = DataConfig(
        pack=options.pack or Path(saved["pack"]),
        trunk=options.trunk or Path(saved["trunk"]),
        cache=options.cache or Path(saved["cache"]),
        crops=saved["crops"],
        held_out=saved["held_out"],
        start=saved["start"] and Path(saved["start"]),
    )
    task = from_plain(RegressorConfig, config["task"])
    return _train(options.run, replace(loop, **changes), task, data)


def _train(run: Path, loop: LoopConfig, task: RegressorConfig, data: DataConfig) -> int:
    from rich.console import Console

    team = join_team()
    console = Console(stderr=True, soft_wrap=True, highlight=False, quiet=not team.leads)
    if team.leads:
        make_folder(run)
        save_or_check_config(run, "regressor", {"loop": loop, "task": task, "data": data})
    with console.status("opening the pack and rendering the held-out crops"):
        job, sampler = open_training(task, data, seed=loop.seed, trunk_graph=_trunk_graph(task, data, run))
    console.print(f"regressor: {sum(p.numel() for p in job.network.parameters()) / 1e6:.1f} M parameters, run {run}")
    progress: Progress | None = None
    for progress in train(job, sampler, loop, run):
        console.print(progress.line())
    leave_team()
    if progress is None and team.leads:
        position = last_position(run)
        console.print(f"{run} is finished: {position.step} steps; give more --hours or --steps to go on")
    return 0


def _trunk_graph(task: RegressorConfig, data: DataConfig, run: Path) -> Path:
    """The trunk as an ONNX graph in the run's folder, written once. Each process of a team may write it; they write the same."""
    from vitruv.export import export_trunk

    path = run / "trunk.onnx"
    if not path.exists():
        make_folder(run)
        export_trunk(open_pose_trunk(data.trunk, task.size_hw), path)
    return path


def _report(argv: Sequence[str]) -> int:
    options = _parse(Report, "report", argv)
    figures = write_report(options.run)
    print(json.dumps(figures, indent=2))
    return 0
