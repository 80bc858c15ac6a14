"""First weights of a compact network from another run of it: made for another size of picture, perhaps.

Small pictures are learnt several times faster than large ones; what they taught carries over.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional

from vitruv.errors import FormatError
from vitruv.networks.compact_blocks import GlobalContext
from vitruv.train.engine.checkpoint import last_checkpoint
from vitruv.train.engine.init_weights import read_start


def start_from_run(network: nn.Module, run: Path) -> None:
    """Fill `network` with the running mean of the weights of the last checkpoint of `run`.

    Learned positions of a map of another size are resampled to this network's. Raises InputError when `run` has no checkpoint,
    FormatError when it is of another network.
    """
    path = last_checkpoint(run)
    tensors = read_start(path)
    fit_positions(network, tensors, path)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise FormatError(path, f"is of another network ({str(error).splitlines()[-1].strip()})") from None


def fit_positions(network: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    """Resample the learned positions among `tensors`, which come from the file `path`, to the maps of `network`; in place."""
    for name, module in network.named_modules():
        key = f"{name}.position"
        if isinstance(module, GlobalContext) and key in tensors:
            tensors[key] = _resampled(tensors[key], module, path)


def _resampled(position: Tensor, context: GlobalContext, path: Path) -> Tensor:
    """(1, cells of the other map, channels) -> (1, cells of this map, channels); maps of one aspect ratio, row by row."""
    height, width = context.size_hw
    cells = position.shape[1]
    rows = round((cells * height / width) ** 0.5)
    if rows < 1 or cells % rows or rows * width != cells // rows * height:
        raise FormatError(path, f"its map of {cells} cells has not the aspect ratio of this network's, {height} x {width}")
    grid = position.transpose(1, 2).reshape(1, -1, rows, cells // rows)
    return functional.interpolate(grid, (height, width), mode="bilinear").flatten(2).transpose(1, 2)
