"""The shape of the paper's tables, on synthetic people that anyone can make: every method trained on the same pictures for the
same number of steps, scored by the official measures with the paper's kappa.

    python benchmarks/paper_table.py --work table --pack pack.npz              # hours; stop it and start it again as you like
    python benchmarks/paper_table.py --work smoke --pack pack.npz --smoke      # minutes: does every row train and get a score?

WORK/data/       the pictures; annotations with points as people click them (see `click`), dense targets of the teacher
WORK/runs/       the trunk that all rows start from (`start`), and a training run for each row and seed
WORK/results/    figures of each finished row and seed, as JSON
WORK/table.md    the table
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import tyro

from vitruv.formats import AnnotationFile, AnnotationWriter
from vitruv.surface import KAPPA_GROUP_OF_CHART, Atlas
from vitruv.synth import SceneConfig, SceneSampler, SynthPack
from vitruv.synth.dataset import write_dataset
from vitruv.train import (
    AugmentConfig,
    FCNConfig,
    LoopConfig,
    PaperData,
    Progress,
    RCNNConfig,
    build_fcn,
    build_rcnn,
    inpaint,
    load_ema,
    open_paper,
    save_or_check_config,
    train,
)
from vitruv.train.densepose.config import SMALL
from vitruv.train.densepose.fcn import fcn_predictor
from vitruv.train.densepose.point_losses import PointRule
from vitruv.train.densepose.rcnn import rcnn_predictor
from vitruv.train.densepose.score import score, watch
from vitruv.train.engine.checkpoint import last_checkpoint
from vitruv.train.engine.files import write_json
from vitruv.train.engine.init_weights import read_start, start_from

# Mean error of annotators in centimetres, by kappa group: torso, hand, foot, upper leg, lower leg, upper arm, lower arm, head;
# read off figure 5 of the paper.
CLICK_ERROR_CM = (6.5, 2.0, 2.0, 4.5, 3.5, 4.5, 3.5, 2.0)
# One or two people who fill a good part of a clean picture, more or less facing the camera, with little before them: networks that
# learn for minutes only tell methods apart there.
SCENES = SceneConfig(
    letterbox=False, people=(0.0, 0.7, 0.3), smallest=0.6, largest=1.05, realism=0.3, widest_yaw_deg=60.0, things=0.2
)
LEARNT = ("backbone.", "proposal_generator.", "roi_heads.box_")  # parts of the network that the start teaches
CHANGES = AugmentConfig(turn_deg=5.0, zoom=0.2, shift=0.04)


@dataclass(frozen=True)
class Options:
    work: Path
    """Folder for everything; a stopped run goes on from it."""
    pack: Path
    """File from `vitruv synth pack`."""
    images: int = 4800
    """Training pictures."""
    held_out: int = 300
    """Pictures to score on."""
    steps: int = 2400
    """Optimiser steps of every row."""
    start_steps: int = 1600
    """Steps of the trunk that all rows start from, which learns to find people and nothing of their surface; 0: from nothing."""
    batch: int = 8
    seeds: int = 3
    """Seeds of the decisive rows; the others have one."""
    size: tuple[int, int] = (160, 160)
    """Height and width of the pictures."""
    canvas: tuple[int, int] = (128, 128)
    """Size at which networks see them."""
    optimizer: Literal["adamw", "muon"] = "muon"
    """See docs/training.md; muon learns more in a step."""
    lr: float = 2e-3
    workers: int = 1
    threads: int = 2
    rows: tuple[str, ...] = ()
    """Only these rows."""
    smoke: bool = False
    """Tiny networks, few pictures, few steps."""


@dataclass(frozen=True)
class Row:
    """name: in the table. paper: AP, AP50, AP75, AUC10, AUC30, IoU of the paper, None where it gives none."""

    key: str
    name: str
    config: FCNConfig | RCNNConfig
    paper: tuple[float | None, ...]
    dense: bool = False
    decisive: bool = False


def rows(options: Options) -> list[Row]:
    # Six layers of head instead of three: people are told from 14 x 14 cells, and see each other's parts only through them.
    trunk = replace(SMALL, head_channels=32, head_layers=2) if options.smoke else replace(SMALL, head_layers=6)
    rcnn = RCNNConfig(
        options.canvas,
        trunk,
        box_fc=64 if options.smoke else 256,
        regions=16,
        proposals=128,
        ranked=300,
        kept=100,
        most_people=2,
        augment=CHANGES,
    )
    none = (None,) * 6
    return [
        Row(
            "fcn",
            "FCN",
            FCNConfig("scenes", options.canvas, trunk, most_people=2, augment=CHANGES),
            (*none[:3], 0.253, 0.418, 0.66),
        ),
        Row(
            "teacher",
            "teacher, true silhouette",
            FCNConfig("crops", (128, 96), trunk, background=0.0, augment=CHANGES),
            (*none[:3], 0.417, 0.683, None),
        ),
        Row("points", "RCNN on points", rcnn, (51.0, 83.5, 54.2, 0.315, 0.567, 0.75), decisive=True),
        Row("masks", "RCNN + masks", replace(rcnn, others=("mask",)), (51.9, 85.5, 54.7, *none[:3])),
        Row("keypoints", "RCNN + keypoints", replace(rcnn, others=("keypoints",)), (52.8, 85.6, 56.2, *none[:3])),
        Row("cascade", "cascade", replace(rcnn, cascade=True), (51.6, 83.9, 55.2, 0.390, 0.664, 0.81)),
        Row(
            "cascade_keypoints",
            "cascade + keypoints",
            replace(rcnn, others=("keypoints",), cascade=True),
            (55.8, 87.5, 61.2, *none[:3]),
            decisive=True,
        ),
        Row(
            "distilled",
            "RCNN on the teacher's dense targets",
            replace(rcnn, dense_targets=True),
            (*none[:3], 0.381, 0.645, 0.79),
            dense=True,
            decisive=True,
        ),
    ]


class StraightSurface:
    """Distances as the crow flies, for --smoke only: those along the body take minutes to compute."""

    name = "straight lines"

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas
        self.kappa_m = atlas.kappa_m.astype(np.float64)

    def vertices(self, charts: Any, u: Any, v: Any) -> Any:
        return self._atlas.nearest_vertex(np.asarray(charts).astype(np.uint8), np.stack([u, v], axis=1))

    def vertices_of_codes(self, iuv_u8: Any) -> Any:
        return self._atlas.nearest_vertex(iuv_u8[0], iuv_u8[1:].T / 255)

    def distances_m(self, a: Any, b: Any) -> Any:
        return np.linalg.norm(self._atlas.vertices[a] - self._atlas.vertices[b], axis=1).astype(np.float32)


def main() -> None:
    options = tyro.cli(Options)
    if options.smoke:
        options = replace(options, images=12, held_out=4, steps=3, start_steps=2, batch=2, seeds=1, workers=0, threads=1)
        options = replace(options, size=(96, 96), canvas=(96, 96))
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    make_data(options)
    if options.start_steps:
        make_start(options)
    everything = [row for row in rows(options) if not options.rows or row.key in options.rows]
    jobs = [(row, seed) for seed in range(options.seeds) for row in everything if seed == 0 or row.decisive]
    for number, (row, seed) in enumerate(jobs, start=1):
        path = options.work / "results" / f"{row.key}_{seed}.json"
        if not path.exists():
            began = time.monotonic()
            figures = run_row(row, seed, options)
            path.parent.mkdir(exist_ok=True)
            write_json(path, figures)
            print(f"[{number}/{len(jobs)}] {row.key} seed {seed}: {time.monotonic() - began:.0f} s, {figures}", flush=True)
        write_table(options, everything)
    print((options.work / "table.md").read_text())


def make_data(options: Options) -> None:
    """The pictures, and training annotations as people would have clicked them."""
    for part, count, seed in (("train", options.images, 101), ("test", options.held_out, 202)):
        folder = options.work / "data" / part
        if (folder / "annotations.json").exists():
            continue
        pack = SynthPack.load(options.pack)
        sampler = SceneSampler(pack, seed=seed, config=replace(SCENES, size_hw=options.size))
        settings = {"scenes": repr(sampler.config), "seed": seed, "pack": pack.digest}
        for done in write_dataset(sampler, folder, images=count, workers=options.workers, settings=settings):
            if done % 500 == 0:
                print(f"{part}: {done} of {count} pictures", flush=True)
    clicked = options.work / "data" / "train" / "clicked.json"
    if not clicked.exists():
        click(AnnotationFile.open(options.work / "data" / "train" / "annotations.json"), clicked)


def click(exact: AnnotationFile, path: Path) -> None:
    """The same annotations with every point moved on the body as far as annotators are off: a normal offset in space, taken to
    the nearest place of the surface, of the mean length measured in the paper for its part. The test set stays exact."""
    atlas, rng = Atlas.load(), np.random.default_rng(7)
    mean_cm = np.array(CLICK_ERROR_CM)[KAPPA_GROUP_OF_CHART]
    asked = [points for person in exact.people() if (points := person.points) is not None and len(points.charts)]
    charts = np.concatenate([points.charts for points in asked]).astype(np.uint8)
    uv = np.concatenate([np.stack([points.u, points.v], axis=1) for points in asked])
    true = atlas.positions(atlas.locate(charts, uv))
    # The mean length of a normal offset in the plane is sqrt(pi / 2) of its deviation.
    deviation = mean_cm[charts] / 100 / np.sqrt(np.pi / 2)
    moved = atlas.project(true + rng.normal(size=true.shape) * deviation[:, None])  # all at once: that is far faster
    print(f"points are {100 * np.linalg.norm(atlas.positions(moved) - true, axis=1).mean():.1f} cm off in the mean", flush=True)
    labels, uv = atlas.iuv(moved)
    begin = 0
    with AnnotationWriter(path, categories=exact.categories) as writer:
        for image in exact.images.values():
            writer.add_image(image.record)
        for person in exact.people():
            record = dict(person.record)
            points = person.points
            if points is not None and len(points.charts):
                own = slice(begin, begin + len(points.charts))
                record["dp_I"] = labels[own].astype(float).tolist()
                record |= {name: [round(float(value), 4) for value in uv[own, k]] for k, name in enumerate(("dp_U", "dp_V"))}
                begin = own.stop
            writer.add_person(record)


def data_of(row: Row, options: Options) -> PaperData:
    train_folder, test = options.work / "data" / "train", options.work / "data" / "test"
    return PaperData(
        train_folder / "clicked.json",
        train_folder / "images",
        dense=options.work / "data" / "inpainted" if row.dense else None,
        held_out_annotations=test / "annotations.json",
        held_out_images=test / "images",
        held_out=32,
    )


def make_start(options: Options) -> None:
    """A network with proposals and boxes, as the paper's trunks came from ImageNet and users' come from COCO: what is in it, all
    rows get, and none of it is dense pose (the weights of those losses are 0)."""
    [row] = [row for row in rows(options) if row.key == "points"]
    assert isinstance(row.config, RCNNConfig)
    # Boxes only: more of them than the rows have, which spend their time on people.
    trunk = replace(row.config.trunk, head_layers=SMALL.head_layers)
    config = replace(row.config, trunk=trunk, regions=32, rule=PointRule(chart=0, uv=0, coarse=0))
    for _ in learn("start", config, data_of(row, options), 1000, options.start_steps, options):
        pass


def learn(
    name: str, config: FCNConfig | RCNNConfig, data: PaperData, seed: int, steps: int, options: Options
) -> Iterator[Progress]:
    """A training run in WORK/runs/NAME, from where it was."""
    loop = LoopConfig(
        steps=steps,
        batch=options.batch,
        group=2 if options.smoke else 8,
        lr=options.lr,
        optimizer=options.optimizer,
        momentum=0.95,
        warmup_steps=min(100, steps // 4),
        ema_decay=0.99,
        clip_norm=10.0,
        seed=seed,
        precision="fp32",
        device="auto",
        workers=options.workers,
        threads=options.threads,
        log_steps=1 if options.smoke else 50,
        checkpoint_minutes=2.0,
        evaluate_minutes=15.0,
    )
    folder = options.work / "runs" / name
    folder.mkdir(parents=True, exist_ok=True)
    job, sampler = open_paper(config, data, seed=seed)
    save_or_check_config(folder, name, {"loop": loop, "task": config, "data": data})
    if options.start_steps and name != "start":
        path = last_checkpoint(options.work / "runs" / "start")
        learnt = {key: value for key, value in read_start(path).items() if key.startswith(LEARNT)}
        start_from(job.network, learnt, path)  # a run that goes on has its own weights, which replace these
    for progress in train(job, sampler, loop, folder):
        if progress.step % 200 == 0:
            print(f"  {name} {progress.line()}", flush=True)
        yield progress


def run_row(row: Row, seed: int, options: Options) -> dict[str, float]:
    if row.dense:
        paint(options)
    data, seconds = data_of(row, options), 0.0
    name = f"{row.key}_{seed}"
    for progress in learn(name, row.config, data, seed, options.steps, options):
        seconds = progress.elapsed_s
    return figures_of(row, options.work / "runs" / name, data, options.smoke) | {"train_s": seconds}


def figures_of(row: Row, folder: Path, data: PaperData, smoke: bool) -> dict[str, float]:
    source = data.held_out_source
    assert source is not None
    network: Any
    if isinstance(row.config, FCNConfig):
        network, predict = build_fcn(row.config), fcn_predictor(row.config)
    else:
        network, predict = build_rcnn(row.config), rcnn_predictor(row.config)
    load_ema(folder, network)
    network.eval()
    predictions = {image_id: predict(network, source, image_id) for image_id in source.annotated_images}
    figures = watch(source, predictions) | score(source, predictions, StraightSurface(source.surface) if smoke else None)
    if isinstance(row.config, FCNConfig):
        # It was told where the people are: no average precision, and the measure of points for known boxes.
        figures |= {"auc10": figures["auc10_single"], "auc30": figures["auc30_single"]}
        figures = {name: value for name, value in figures.items() if not name.startswith("a") or name.startswith("auc")}
    return figures


def paint(options: Options) -> None:
    """The teacher's dense targets, once."""
    [teacher] = [row for row in rows(options) if row.key == "teacher"]
    assert isinstance(teacher.config, FCNConfig)
    folder = options.work / "runs" / "teacher_0"
    if not (options.work / "results" / "teacher_0.json").exists():
        raise SystemExit("the row `teacher` must be run before `distilled`")
    network = build_fcn(teacher.config)
    load_ema(folder, network)
    for _ in inpaint(network, data_of(teacher, options).source, options.work / "data" / "inpainted", teacher.config.size_hw):
        pass


COLUMNS = (
    ("ap", "AP", 1),
    ("ap50", "AP50", 1),
    ("ap75", "AP75", 1),
    ("auc10", "AUC10", 3),
    ("auc30", "AUC30", 3),
    ("iou", "IoU", 2),
)


def write_table(options: Options, everything: list[Row]) -> None:
    """Mean over seeds, and the spread where there are several; the paper's number in brackets."""
    warning = "**A smoke test: these numbers mean nothing** (distances are straight lines). " if options.smoke else ""
    text = "| method | seeds | " + " | ".join(name for _, name, _ in COLUMNS) + " | minutes |\n|" + "--|" * 9 + "\n"
    for row in everything:
        found = list(results(options, row))
        cells = []
        for (key, _, digits), paper in zip(COLUMNS, row.paper, strict=True):
            if row.key == "teacher" and key == "iou":
                cells.append("given")
                continue
            values = [figures[key] for figures in found if key in figures]
            cell = f"{np.mean(values):.{digits}f}" if values else "-"
            if len(values) > 1:
                cell += f" ({min(values):.{digits}f}..{max(values):.{digits}f})"
            cells.append(cell + ("" if paper is None else f" [{paper:g}]"))
        minutes = f"{np.mean([figures['train_s'] for figures in found]) / 60:.1f}" if found else "-"
        text += f"| {row.name} | {len(found)} | " + " | ".join(cells) + f" | {minutes} |\n"
    settings = f"{options.images} training pictures, {options.held_out} to score on, {options.steps} steps of {options.batch}"
    temporary = options.work / ".table.md.part"
    temporary.write_text(f"{warning}{settings}; in square brackets the paper's numbers on COCO.\n\n{text}")
    temporary.replace(options.work / "table.md")


def results(options: Options, row: Row) -> Iterator[dict[str, float]]:
    for seed in range(options.seeds):
        path = options.work / "results" / f"{row.key}_{seed}.json"
        if path.exists():
            yield json.loads(path.read_text())


if __name__ == "__main__":
    main()
