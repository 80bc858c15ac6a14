"""Training: tasks (a network, its data and its losses) and the one loop that runs them."""

from vitruv.train.compact.compact_start import start_from_run
from vitruv.train.compact.detector import DetectorConfig, DetectorTask, build_detector
from vitruv.train.compact.model_start import read_model, start_from_model
from vitruv.train.compact.regressor import RegressorConfig, RegressorTask, build_regressor
from vitruv.train.compact.setup import open_training, start_compact
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
    "DetectorConfig",
    "DetectorTask",
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
    "build_detector",
    "build_fcn",
    "build_rcnn",
    "build_regressor",
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
    "open_training",
    "read_model",
    "read_start",
    "save_or_check_config",
    "start_compact",
    "start_from",
    "start_from_model",
    "start_from_run",
    "train",
    "write_report",
]
