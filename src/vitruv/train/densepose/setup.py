"""From settings to one of the paper's tasks and its stream of samples; checks before hours are spent."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import torch

from vitruv.errors import InputError, UnwritableFileError
from vitruv.train.densepose.config import FCNConfig, RCNNConfig
from vitruv.train.densepose.evaluation import HeldOut
from vitruv.train.densepose.fcn import FCNTask, fcn_predictor
from vitruv.train.densepose.photos import PhotoSampler, PhotoSource
from vitruv.train.densepose.rcnn import RCNNTask, rcnn_predictor
from vitruv.train.engine.config import LoopConfig

_CHECKPOINT_COPIES = 4  # weights, their mean, two moments
_FILES_AT_ONCE = 3  # two are kept while a third is written
_SPARE_BYTES = 64 << 20


@dataclass(frozen=True)
class PaperData:
    """Where samples come from: files of the DensePose-COCO form."""

    annotations: Path
    """DensePose-COCO JSON to train on."""
    images: Path
    """Folder of its pictures."""
    dense: Path | None = None
    """Folder of dense targets, from `vitruv train inpaint` or `vitruv synth`."""
    held_out_annotations: Path | None = None
    """JSON of pictures for evaluation, never trained on; without it nothing is evaluated."""
    held_out_images: Path | None = None
    """Folder of their pictures; default: that of the training pictures."""
    held_out: int = 32
    """How many of these pictures to evaluate on while training."""
    full: bool = False
    """Evaluate with the official measures, on all of them."""
    atlas: Path | None = None
    """Surface for mirroring and measuring (.npz); default: Vitruv's own."""

    def __post_init__(self) -> None:
        if self.held_out < 1:
            raise InputError(f"held_out must be at least 1, but got {self.held_out}")

    @property
    def source(self) -> PhotoSource:
        return PhotoSource(self.annotations, self.images, self.dense, self.atlas)

    @property
    def held_out_source(self) -> PhotoSource | None:
        if self.held_out_annotations is None:
            return None
        return PhotoSource(self.held_out_annotations, self.held_out_images or self.images, atlas=self.atlas)


PaperTask = FCNTask | RCNNTask


def open_paper(config: FCNConfig | RCNNConfig, data: PaperData, *, seed: int) -> tuple[PaperTask, PhotoSampler]:
    """The task of a configuration with its held-out set, and the sampler to train on.

    Reads all annotations once and looks for every file: raises FileError, FormatError or InputError for what would stop a run
    later.
    """
    source = data.source
    source.check()
    dense = isinstance(config, FCNConfig) or config.dense_targets
    if isinstance(config, RCNNConfig) and config.dense_targets and source.dense is None:
        raise InputError("dense targets were asked for, but there is no folder of them: give --dense, or train without")
    if not dense:
        source = PhotoSource(data.annotations, data.images, None, data.atlas)
    if source.dense is not None and config.augment.flip:
        _ = source.mirror_codes  # once here, not in every worker
    held_source = data.held_out_source
    if held_source is not None:
        held_source.check()
    torch.manual_seed(seed)
    kind = config.kind if isinstance(config, FCNConfig) else "scenes"
    sampler = PhotoSampler(
        source,
        config.size_hw,
        kind=kind,
        augment=config.augment,
        most_people=config.most_people if kind == "scenes" else 1,
        silhouettes=isinstance(config, RCNNConfig) and "mask" in config.others,
        seed=seed,
    )
    if isinstance(config, FCNConfig):
        held = held_source and HeldOut(held_source, fcn_predictor(config), config.size_hw, data.held_out, data.full)
        return FCNTask(config, held or None), sampler
    held = held_source and HeldOut(held_source, rcnn_predictor(config), config.size_hw, data.held_out, data.full)
    return RCNNTask(config, held or None), sampler


def check_room(task: PaperTask, sampler: PhotoSampler, loop: LoopConfig, folder: Path) -> None:
    """Is there room on the disk for the checkpoints, and in memory for the network and the batches that wait?

    Raises UnwritableFileError or InputError.
    """
    weights = sum(p.numel() * p.element_size() for p in task.network.parameters())
    needed = weights * _CHECKPOINT_COPIES * _FILES_AT_ONCE + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UnwritableFileError(
            folder,
            f"the checkpoints need {needed >> 20} MB, but only {free >> 20} MB are free: free some, or choose another --output",
        )
    sample = sum(array.nbytes for array in sampler(0).values())
    waiting = sample * loop.batch * loop.group * 3  # in use, ready, and being made
    memory = waiting + weights * (_CHECKPOINT_COPIES + 1)
    there = _available_memory()
    if there is not None and memory > there:
        raise InputError(
            f"the run needs {memory >> 20} MB of memory before its first step, but {there >> 20} MB are available: "
            "a smaller --batch or --group, fewer --most-people, or a smaller --size-hw"
        )


def _available_memory() -> int | None:
    """Bytes, where the system tells."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    values = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    return 1024 * values[0] if values else None
