"""Training: tasks (a network, its data and its losses) and the one loop that runs them."""

from vitruv.train.compact.regressor import RegressorConfig, RegressorTask, build_decoder
from vitruv.train.compact.setup import open_pose_trunk, open_training
from vitruv.train.crop_augment import AugmentConfig
from vitruv.train.densepose.config import FCNConfig, RCNNConfig, Trunk, build_fcn, build_rcnn
from vitruv.train.densepose.fcn import FCNTask
from vitruv.train.densepose.inpainting import inpaint
from vitruv.train.densepose.photos import PhotoSampler, PhotoSource
from vitruv.train.densepose.point_losses import RULES, PointRule
from vitruv.train.densepose.rcnn import RCNNTask
from vitruv.train.densepose.setup import PaperData, check_room, open_paper
from vitruv.train.engine.checkpoint import Position, checkpoints, last_position, load_ema
from vitruv.train.engine.config import DataConfig, LoopConfig, from_plain, load_config, save_or_check_config
from vitruv.train.engine.distributed import join_team, leave_team
from vitruv.train.engine.init_weights import read_start, start_from
from vitruv.train.engine.loop import choose_device, train
from vitruv.train.engine.progress import Progress
from vitruv.train.engine.report import write_report
from vitruv.train.engine.task import Task

__all__ = [
    "RULES",
    "AugmentConfig",
    "DataConfig",
    "FCNConfig",
    "FCNTask",
    "LoopConfig",
    "PaperData",
    "PhotoSampler",
    "PhotoSource",
    "PointRule",
    "Position",
    "Progress",
    "RCNNConfig",
    "RCNNTask",
    "RegressorConfig",
    "RegressorTask",
    "Task",
    "Trunk",
    "build_decoder",
    "build_fcn",
    "build_rcnn",
    "check_room",
    "checkpoints",
    "choose_device",
    "from_plain",
    "inpaint",
    "join_team",
    "last_position",
    "leave_team",
    "load_config",
    "load_ema",
    "open_paper",
    "open_pose_trunk",
    "open_training",
    "read_start",
    "save_or_check_config",
    "start_from",
    "train",
    "write_report",
]
