"""A run of one of the paper's networks on painted dolls, also as a program: python paper_run.py KIND SET FOLDER STEPS."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from fake_annotations import SIZE_HW
from vitruv.train import (
    AugmentConfig,
    FCNConfig,
    FCNTask,
    LoopConfig,
    PaperData,
    PhotoSampler,
    RCNNConfig,
    RCNNTask,
    Trunk,
    open_paper,
    train,
)

STILL = AugmentConfig(flip=0, turn_deg=0, zoom=0, shift=0, brightness=0, contrast=0, tint=0, noise=0)


TINY = Trunk((1, 1, 1, 1), stem_channels=16, res2_mid=16, res2_out=32, fpn_channels=32, head_channels=32, head_layers=2)


def paper_config(kind: str, augment: AugmentConfig | None = None, **changes: Any) -> FCNConfig | RCNNConfig:
    # Dense targets are not mirrored here: the table for it takes seconds to make.
    augment = AugmentConfig(turn_deg=5, flip=0.0 if kind == "dense" else 0.5) if augment is None else augment
    if kind == "fcn":
        return FCNConfig("scenes", SIZE_HW, TINY, most_people=2, augment=augment, **changes)
    if kind == "teacher":
        return FCNConfig("crops", (64, 64), TINY, background=0.0, augment=augment, **changes)
    tasks: dict[str, Any] = {"others": ("mask", "keypoints"), "cascade": True} if kind == "cascade" else {}
    tasks |= {"dense_targets": True} if kind == "dense" else {}
    return RCNNConfig(SIZE_HW, TINY, box_fc=64, regions=16, proposals=32, most_people=2, augment=augment, **tasks | changes)


def paper_data(folder: Path, *, held_out: Path | None = None, dense: bool = False) -> PaperData:
    return PaperData(
        folder / "annotations.json",
        folder / "images",
        dense=folder / "dense" if dense else None,
        held_out_annotations=None if held_out is None else held_out / "annotations.json",
        held_out_images=None if held_out is None else held_out / "images",
    )


def paper_task(kind: str, folder: Path) -> tuple[FCNTask | RCNNTask, PhotoSampler]:
    return open_paper(paper_config(kind), paper_data(folder, dense=kind == "dense"), seed=0)


def paper_loop(steps: int, **changes: Any) -> LoopConfig:
    few: dict[str, Any] = {"batch": 2, "group": 2, "workers": 0, "warmup_steps": 2, "device": "cpu", "threads": 1}
    few |= {"log_steps": 1, "checkpoint_minutes": 0.0, "precision": "fp32"}
    return LoopConfig(steps=steps, **few | changes)


if __name__ == "__main__":
    job, stream_of = paper_task(sys.argv[1], Path(sys.argv[2]))
    for progress in train(job, stream_of, paper_loop(int(sys.argv[4])), Path(sys.argv[3])):
        print(progress.step, flush=True)
