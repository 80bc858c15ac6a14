"""Scalars for TensorBoard, where it is installed; `scalars.jsonl` has them in any case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from vitruv.train.engine.progress import Progress


def open_board(folder: Path) -> Callable[[Progress], None]:
    """What to call with each report; does nothing without the package tensorboard (extra `tensorboard`).

    A resumed run adds another events file; TensorBoard shows the later values where both have a step.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return lambda progress: None
    writer = SummaryWriter(str(folder / "tensorboard"))

    def write(progress: Progress) -> None:
        groups: dict[str, Mapping[str, float | None]] = {"train": progress.means, "held_out": progress.evaluation}
        groups["run"] = {"lr": progress.lr, "samples_per_s": progress.samples_per_s, "memory_mb": progress.memory_mb}
        for group, values in groups.items():
            for name, value in values.items():
                if value is None:
                    continue
                writer.add_scalar(f"{group}/{name}", value, progress.step)
        writer.flush()

    return write
