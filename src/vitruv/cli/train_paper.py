"""`vitruv train fcn | teacher | rcnn | paper | inpaint`: the paper's networks on data of the DensePose-COCO form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tyro

from vitruv.cli.parsing import parse
from vitruv.cli.progress import bar
from vitruv.errors import FormatError, InputError
from vitruv.files import make_folder
from vitruv.train import (
    FCNConfig,
    LoopConfig,
    PaperData,
    Progress,
    RCNNConfig,
    build_fcn,
    check_room,
    choose_device,
    from_plain,
    inpaint,
    join_team,
    last_position,
    leave_team,
    load_config,
    load_ema,
    open_paper,
    read_start,
    save_or_check_config,
    start_from,
    train,
)

PAPER_KINDS = ("fcn", "teacher", "rcnn")


def paper_loop() -> LoopConfig:
    return LoopConfig(hours=24.0, batch=16, group=2, lr=1e-3, warmup_steps=1000, precision="fp32")


@dataclass(frozen=True)
class TrainFCN:
    """Train the fully convolutional baseline: every cell of a picture, no regions.

    Example: vitruv train fcn --annotations train.json --images train --output run --steps 20000
    """

    output: Annotated[Path, tyro.conf.arg(metavar="RUN")]
    """Folder of the run: settings, checkpoints, scalars, pictures."""
    data: PaperData
    start: Path | None = None
    """Checkpoint whose tensors of the same name and shape are the first weights."""
    loop: LoopConfig = field(default_factory=paper_loop)
    task: FCNConfig = field(default_factory=FCNConfig)


@dataclass(frozen=True)
class TrainTeacher:
    """Train the teacher: people cut out by their part masks, loss at the points only. `vitruv train inpaint` uses it.

    Example: vitruv train teacher --annotations train.json --images train --output teacher --steps 20000
    """

    output: Annotated[Path, tyro.conf.arg(metavar="RUN")]
    """Folder of the run: settings, checkpoints, scalars, pictures."""
    data: PaperData
    start: Path | None = None
    """Checkpoint whose tensors of the same name and shape are the first weights."""
    loop: LoopConfig = field(default_factory=paper_loop)
    task: FCNConfig = field(default_factory=lambda: FCNConfig("crops", (320, 256), background=0.0))


@dataclass(frozen=True)
class TrainRCNN:
    """Train DensePose-RCNN, with the branches, the cascade and the targets that --task options ask for.

    Examples:
      vitruv train rcnn --annotations train.json --images train --output run --others keypoints --cascade --steps 20000
      vitruv train rcnn --annotations train.json --images train --output run --dense inpainted --dense-targets
      torchrun --nproc-per-node 8 -m -- vitruv train rcnn --annotations train.json --images train --output run
    """

    output: Annotated[Path, tyro.conf.arg(metavar="RUN")]
    """Folder of the run: settings, checkpoints, scalars, pictures."""
    data: PaperData
    start: Path | None = None
    """File to start from (Detectron2 .pkl or .pth, ImageNet trunk .pkl, a run's .safetensors): what has the same name and shape."""
    loop: LoopConfig = field(default_factory=paper_loop)
    task: RCNNConfig = field(default_factory=RCNNConfig)


@dataclass(frozen=True)
class TrainPaper:
    """Train what a file says: JSON as every run keeps it in RUN/config.json, with kind, data, task and loop.

    Example: vitruv train paper --config cascade.json --output run
    """

    config: Path
    """JSON file."""
    output: Annotated[Path, tyro.conf.arg(metavar="RUN")]
    """Folder of the run."""
    start: Path | None = None
    """Checkpoint to start from."""


@dataclass(frozen=True)
class Inpaint:
    """Let a trained teacher paint dense targets for a data set, inside the part masks; train on them with --dense DIR.

    Example: vitruv train inpaint --teacher teacher --annotations train.json --images train --output dense
    """

    teacher: Path
    """Folder of the teacher's run."""
    data: PaperData
    output: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder to write; what is there already is kept."""
    device: Literal["auto", "cpu", "cuda"] = "auto"


Options = TypeVar("Options")


def parse_options(options: type[Options], verb: str, argv: Sequence[str]) -> Options:
    return parse(options, f"vitruv train {verb}", argv, flat=True)


def new_paper(kind: str, argv: Sequence[str]) -> int:
    """fcn, teacher or rcnn from options."""
    kinds: dict[str, type[TrainFCN] | type[TrainTeacher] | type[TrainRCNN]] = {
        "fcn": TrainFCN,
        "teacher": TrainTeacher,
        "rcnn": TrainRCNN,
    }
    chosen = parse_options(kinds[kind], kind, argv)
    return train_paper(kind, chosen.output, chosen.loop, chosen.task, chosen.data, chosen.start)


def paper_from_file(argv: Sequence[str]) -> int:
    """Any of them from a JSON file."""
    chosen = parse_options(TrainPaper, "paper", argv)
    if not chosen.config.is_file():
        raise InputError(f"{chosen.config} is not a file: give the JSON settings of a run")
    kind, loop, task, data = read_paper(load_config(chosen.config.parent, chosen.config.name), chosen.config)
    return train_paper(kind, chosen.output, loop, task, data, chosen.start)


def resume_paper(run: Path, config: dict[str, Any], changes: dict[str, Any]) -> int:
    """Go on with a run. changes: of the loop."""
    kind, loop, task, data = read_paper(config, run)
    return train_paper(kind, run, replace(loop, **changes), task, data, None)


def read_paper(config: dict[str, Any], path: Path) -> tuple[str, LoopConfig, FCNConfig | RCNNConfig, PaperData]:
    """Settings from plain values. Raises FormatError naming what is missing."""
    kind = config.get("kind")
    if kind not in PAPER_KINDS:
        raise FormatError(path, f"kind must be one of {', '.join(PAPER_KINDS)}, but is {kind!r}")
    plain = dict(config.get("data", {}))
    for name in ("annotations", "images"):
        if not isinstance(plain.get(name), str):
            raise FormatError(path, f"data.{name} must be a path")
    for name in ("annotations", "images", "dense", "held_out_annotations", "held_out_images", "atlas"):
        plain[name] = None if plain.get(name) is None else Path(plain[name])
    task: FCNConfig | RCNNConfig
    values = {**({"kind": "crops", "background": 0.0} if kind == "teacher" else {}), **config.get("task", {})}
    task = from_plain(RCNNConfig, values) if kind == "rcnn" else from_plain(FCNConfig, values)
    loop = from_plain(LoopConfig, {**vars(paper_loop()), **config.get("loop", {})})
    return kind, loop, task, from_plain(PaperData, plain)


def train_paper(kind: str, run: Path, loop: LoopConfig, task: FCNConfig | RCNNConfig, data: PaperData, start: Path | None) -> int:
    """Open, check and train; returns the exit status."""
    from rich.console import Console

    if kind == "teacher" and isinstance(task, FCNConfig) and task.kind != "crops":
        raise InputError("the teacher sees crops of people: kind must be 'crops'")
    team = join_team()
    console = Console(stderr=True, soft_wrap=True, highlight=False, quiet=not team.leads)
    with console.status("reading the annotations, looking for every picture"):
        job, sampler = open_paper(task, data, seed=loop.seed)
    make_folder(run)
    check_room(job, sampler, loop, run)
    if start is not None:
        fitted = start_from(job.network, read_start(start), start)
        console.print(f"{fitted} of {len(job.network.state_dict())} tensors from {start}")
    if team.leads:
        save_or_check_config(run, kind, {"loop": loop, "task": task, "data": data})
    console.print(f"{kind}: {sum(p.numel() for p in job.network.parameters()) / 1e6:.1f} M parameters, run {run}")
    progress: Progress | None = None
    for progress in train(job, sampler, loop, run):
        console.print(progress.line())
    leave_team()
    if progress is None and team.leads:
        console.print(f"{run} is finished: {last_position(run).step} steps; give more --hours or --steps to go on")
    return 0


def run_inpaint(argv: Sequence[str]) -> int:
    """`vitruv train inpaint`."""
    options = parse_options(Inpaint, "inpaint", argv)
    kind, _, task, _ = read_paper(load_config(options.teacher), options.teacher)
    if kind != "teacher" or not isinstance(task, FCNConfig):
        raise InputError(f"{options.teacher} is a run of kind {kind!r}, not of a teacher")
    source = replace(options.data, dense=None).source
    source.check()
    network = build_fcn(task)
    load_ema(options.teacher, network)
    network.to(choose_device(options.device))
    total = len(source.annotated_images)
    with bar("painting", total) as advance:
        for _ in inpaint(network, source, options.output, task.size_hw):
            advance()
    print(f"dense targets of {total} pictures in {options.output}")
    return 0
