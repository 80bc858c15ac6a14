"""Training: tasks (a network, its data and its losses) and the one loop that runs them."""

from vitruv.train.checkpoint import Position, checkpoints, last_position, load_ema
from vitruv.train.compact_start import start_from_run
from vitruv.train.config import DataConfig, LoopConfig, from_plain, load_config, save_or_check_config
from vitruv.train.crop_augment import AugmentConfig
from vitruv.train.detector import DetectorConfig, DetectorTask, build_detector
from vitruv.train.fcn import FCNTask
from vitruv.train.inpainting import inpaint
from vitruv.train.loop import choose_device, train
from vitruv.train.model_start import read_model, start_from_model
from vitruv.train.opening import open_training, start_compact
from vitruv.train.paper_config import FCNConfig, RCNNConfig, Trunk, build_fcn, build_rcnn
from vitruv.train.paper_opening import PaperData, check_room, open_paper
from vitruv.train.photos import PhotoSampler, PhotoSource
from vitruv.train.point_losses import RULES, PointRule
from vitruv.train.progress import Progress
from vitruv.train.rcnn import RCNNTask
from vitruv.train.regressor import RegressorConfig, RegressorTask, build_regressor
from vitruv.train.report import write_report
from vitruv.train.start import read_start, start_from
from vitruv.train.task import Task
from vitruv.train.together import join_team, leave_team

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
