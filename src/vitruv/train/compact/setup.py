"""From settings to a task and a stream of samples."""

from __future__ import annotations

from pathlib import Path

import torch

from vitruv.convert.movenet import read_movenet
from vitruv.errors import InputError
from vitruv.networks.compact import PoseTrunk
from vitruv.networks.trunks import movenet_from
from vitruv.surface import Atlas
from vitruv.synth import CropConfig, CropSampler, SynthPack
from vitruv.train.compact.feature_samples import FeatureSampler
from vitruv.train.compact.regressor import BOX_SCALE, RegressorConfig, RegressorTask
from vitruv.train.engine.checkpoint import last_checkpoint
from vitruv.train.engine.config import DataConfig
from vitruv.train.engine.init_weights import read_start, start_from

HELD_OUT_SEED = 761_204
"""Samples of this seed are for evaluation; every run is scored on the same ones."""

PAD_VALUE = 0
"""Grey level outside the picture, as MoveNet learnt it."""

_COMPANIONS = (0.4, 0.27, 0.18, 0.15)  # chances of 0, 1, 2, 3 others: which person is meant is half of the task in crowds
_LYING = 2.0


def open_training(
    config: RegressorConfig, data: DataConfig, *, seed: int, trunk_graph: Path
) -> tuple[RegressorTask, FeatureSampler]:
    """The task of a configuration with its held-out set, and the sampler to train on.

    trunk_graph: `data.trunk` as an ONNX graph (see `vitruv.export.export_trunk`), which a processor runs several times as fast.
    """
    if seed == HELD_OUT_SEED:
        raise InputError(f"seed {seed} is that of the held-out samples; choose another")
    pack = SynthPack.load(data.pack)
    trunk = open_pose_trunk(data.trunk, config.size_hw)
    sampler = FeatureSampler(crop_sampler(pack, config, seed), trunk_graph, data.cache, count=data.crops)
    held_out = crop_sampler(pack, config, HELD_OUT_SEED)
    torch.manual_seed(seed)
    task = RegressorTask(
        config,
        inputs=trunk.channels,
        held_out=[sampler.make(held_out(i)) for i in range(data.held_out)],
        atlas=Atlas.load(),
    )
    if data.start is not None:
        path = last_checkpoint(data.start)
        start_from(task.network, read_start(path), path)
    return task, sampler


def crop_sampler(pack: SynthPack, config: RegressorConfig, seed: int) -> CropSampler:
    """Crops as the runtime cuts them, labelled as people mark outlines in photos: with hair and clothes."""
    crops = CropConfig(
        size_hw=config.size_hw,
        box_scale=BOX_SCALE,
        companions=_COMPANIONS,
        lying=_LYING,
        outline="clothed",
        pad_value=PAD_VALUE,
    )
    return CropSampler(pack, seed=seed, config=crops)


def open_pose_trunk(path: Path, size_hw: tuple[int, int]) -> PoseTrunk:
    """A MoveNet SinglePose release as the trunk of a regressor. Raises InputError for a release without its heads."""
    weights = read_movenet(path)
    missing = [head for head in ("centre", "joint_heat", "joint_regress", "joint_offset") if head not in weights.heads]
    if missing or "box_scale" in weights.heads:
        raise InputError(
            f"{path}: the regressor's trunk must be MoveNet SinglePose (Lightning or Thunder), but this is another release"
        )
    return PoseTrunk(movenet_from(weights), size_hw=size_hw)
