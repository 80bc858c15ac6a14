"""Settings of the paper's networks: sizes, branches, losses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from vitruv.errors import InputError
from vitruv.networks.fcn import FCN
from vitruv.networks.multitask import MultiTaskRCNN, RegionTask
from vitruv.rcnn_config import RCNNArchitecture
from vitruv.train.crop_augment import AugmentConfig
from vitruv.train.densepose.point_losses import PointRule


def scene_changes() -> AugmentConfig:
    return AugmentConfig(turn_deg=5.0, zoom=0.3, shift=0.05)


@dataclass(frozen=True)
class Trunk:
    """Sizes that all of the paper's networks share; the defaults are a ResNet-50 with the paper's head.

    blocks: bottlenecks in res2..res5. frozen: batch statistics as in checkpoints, for starting from one; group norm otherwise.
    """

    blocks: tuple[int, int, int, int] = (3, 4, 6, 3)
    stem_channels: int = 64
    res2_mid: int = 64
    res2_out: int = 256
    fpn_channels: int = 256
    head_channels: int = 512
    head_layers: int = 8
    frozen: bool = False
    frozen_stages: int = 2
    """With `frozen`: stages that are not trained (2: stem and res2)."""


SMALL = Trunk((1, 1, 1, 1), stem_channels=16, res2_mid=16, res2_out=32, fpn_channels=32, head_channels=64, head_layers=3)
"""For experiments on a few cores."""


@dataclass(frozen=True)
class FCNConfig:
    """The fully convolutional network: the baseline on whole pictures ("scenes"), the teacher on people ("crops").

    size_hw: of the canvas. background: weight of pixels known to show nobody; the teacher's loss is at the points only.
    """

    kind: Literal["scenes", "crops"] = "scenes"
    size_hw: tuple[int, int] = (480, 640)
    trunk: Trunk = field(default_factory=Trunk)
    rule: PointRule = field(default_factory=PointRule)
    background: float = 1.0
    most_people: int = 16
    augment: AugmentConfig = field(default_factory=scene_changes)

    def __post_init__(self) -> None:
        _check_size(self.size_hw)
        if self.rule.reduction != "mean":
            raise InputError(f"the fully convolutional network knows the reduction 'mean' only, but got {self.rule.reduction!r}")


@dataclass(frozen=True)
class RCNNConfig:
    """DensePose-RCNN and its relatives.

    others: branches beside dense pose. cascade: a second stage for every task. decoder: pool people from one merged map
    (Detectron2's later models) instead of from the pyramid (the paper). coarse_channels: 15 (14 parts and background) or 2.
    confidence: "iid_iso" (WC1) or "indep_aniso" (WC2). dense_targets: learn dense targets where the data has them ("distillation").
    proposals, regions: how many anchors and boxes of a picture are sampled. ranked, kept: boxes that enter the suppression of
    proposals, from each level, and that leave it; fewer save time on small pictures.
    """

    size_hw: tuple[int, int] = (480, 640)
    trunk: Trunk = field(default_factory=Trunk)
    box_fc: int = 1024
    head: Literal["v1convx", "deeplab"] = "v1convx"
    decoder: bool = False
    coarse_channels: int = 15
    confidence: Literal["iid_iso", "indep_aniso"] | None = None
    segm_confidence: bool = False
    others: tuple[RegionTask, ...] = ()
    cascade: bool = False
    dense_targets: bool = False
    rule: PointRule = field(default_factory=PointRule)
    proposals: int = 256
    regions: int = 512
    ranked: int = 2000
    kept: int = 1000
    most_people: int = 16
    augment: AugmentConfig = field(default_factory=scene_changes)

    def __post_init__(self) -> None:
        _check_size(self.size_hw)
        if len(set(self.others)) != len(self.others) or not set(self.others) <= {"mask", "keypoints"}:
            raise InputError(f"others must be among mask and keypoints, each once, but got {self.others}")


def _check_size(size_hw: tuple[int, int]) -> None:
    if any(side < 64 or side % 32 for side in size_hw):
        raise InputError(f"size_hw must be multiples of 32, 64 or more, but got {size_hw}")


def architecture(config: RCNNConfig) -> RCNNArchitecture:
    """The part that Detectron2's checkpoints know."""
    t = config.trunk
    return RCNNArchitecture(
        blocks=t.blocks,
        stem_channels=t.stem_channels,
        res2_mid=t.res2_mid,
        res2_out=t.res2_out,
        fpn_channels=t.fpn_channels,
        box_fc=config.box_fc,
        decoder_channels=t.fpn_channels if config.decoder else None,
        head=config.head,
        head_channels=t.head_channels,
        head_layers=t.head_layers,
        coarse_channels=config.coarse_channels,
        uv_confidence=config.confidence,
        segm_confidence=config.segm_confidence,
    )


def build_rcnn(config: RCNNConfig) -> MultiTaskRCNN:
    """The network of a configuration, with random weights."""
    trunk = config.trunk
    network = MultiTaskRCNN(architecture(config), others=config.others, cascade=config.cascade, from_scratch=not trunk.frozen)
    if trunk.frozen:
        network.backbone.bottom_up.freeze(trunk.frozen_stages)
    return network


def build_fcn(config: FCNConfig) -> FCN:
    """The network of a configuration, with random weights."""
    t = config.trunk
    network = FCN(
        blocks=t.blocks,
        stem_channels=t.stem_channels,
        res2_mid=t.res2_mid,
        res2_out=t.res2_out,
        fpn_channels=t.fpn_channels,
        head_channels=t.head_channels,
        head_layers=t.head_layers,
        from_scratch=not t.frozen,
    )
    if t.frozen:
        network.backbone.bottom_up.freeze(t.frozen_stages)
    return network
