"""Training: tasks (a network, its data and its losses) and the one loop that runs them."""

from vitruv.train.checkpoint import Position, checkpoints, last_position, load_ema
from vitruv.train.config import DataConfig, LoopConfig, from_plain, load_config, save_or_check_config
from vitruv.train.crop_augment import AugmentConfig
from vitruv.train.detector import DetectorConfig, DetectorTask, build_detector
from vitruv.train.loop import train
from vitruv.train.opening import open_training
from vitruv.train.progress import Progress
from vitruv.train.regressor import RegressorConfig, RegressorTask, build_regressor
from vitruv.train.report import write_report
from vitruv.train.task import Task

__all__ = [
    "AugmentConfig",
    "DataConfig",
    "DetectorConfig",
    "DetectorTask",
    "LoopConfig",
    "Position",
    "Progress",
    "RegressorConfig",
    "RegressorTask",
    "Task",
    "build_detector",
    "build_regressor",
    "checkpoints",
    "from_plain",
    "last_position",
    "load_config",
    "load_ema",
    "open_training",
    "save_or_check_config",
    "train",
    "write_report",
]
