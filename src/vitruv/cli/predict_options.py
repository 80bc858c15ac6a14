"""What `vitruv predict` can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from vitruv.cli.predict_files import Product
from vitruv.formats import ChannelOrder


@dataclass(frozen=True)
class PredictOptions:
    """Find the people in photos and map their pixels to the body surface.

    Example: vitruv predict photos/ holiday.jpg --output out

    Writes for each photo NAME_overlay.png (to look at), NAME_iuv.png (I, and U and V times 255), NAME_labels.png (grey, charts
    0..24), NAME.npz (every person, nothing rounded), and for the run results.json (DensePose-COCO results) with images.json
    (which image id is which file, and the NAME used for it). A second run into the same folder adds to them.
    """

    photos: tyro.conf.Positional[tuple[Path, ...]]
    """Photos, and folders of photos (searched with their subfolders, whose structure is kept)."""

    output: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for what is written."""

    save: tuple[Product, ...] = ("overlay", "iuv", "labels", "npz", "json")
    """What to write."""

    preset: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """Write the files that another program reads, and nothing else: a name from `vitruv presets`, or a TOML file of your own."""

    skip_existing: bool = False
    """Leave out photos whose files and results are there already, as after a run that was stopped."""

    threshold: float | None = None
    """Leave out people found with a lower score (0..1). Without it: the model's own, 0.5 for the one inside the package."""

    boxes: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Map the people in these boxes instead of looking for people: JSON {file: [[x1, y1, x2, y2], ...]}, CSV with the header
    file,x1,y1,x2,y2, or COCO annotations."""

    image_ids: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """COCO JSON whose images give the ids for results.json. Without it: the numbers in COCO's file names, or 1, 2, 3 ..."""

    model: Annotated[str | None, tyro.conf.arg(metavar="MODEL")] = None
    """Another model than the one inside the package: a name from `vitruv models`, the folder of a model, or `fast`, the smaller
    one inside: less time, more mistakes."""

    augment: bool = False
    """Map the mirror image of every person too and average, with official models at nine sizes: a little better, but slower."""

    device: str = "auto"
    """auto, cpu, cuda, cuda:1, coreml, ... as this ONNX Runtime offers."""

    precision: Literal["auto", "fp32", "fp16"] = "auto"
    """Of official models: auto is fp16 on GPUs (faster; labels differ on some pixels) and fp32 elsewhere."""

    channel_order: ChannelOrder = "iuv"
    """Order of red, green, blue in NAME_iuv.png: iuv (Pillow's), or vui (what OpenCV wrote, and reads as I, U, V)."""

    quiet: bool = False
    """Print nothing but what went wrong."""

    verbose: bool = False
    """Print a line for each photo: how many people, with which scores."""
