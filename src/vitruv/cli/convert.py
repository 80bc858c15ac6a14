"""`vitruv convert`: a Detectron2 DensePose checkpoint to a model that runs everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from vitruv.cli.parsing import parse
from vitruv.convert import ModelSettings, convert_checkpoint
from vitruv.errors import InputError
from vitruv.rcnn_config import DetectionRules


@dataclass(frozen=True)
class ConvertOptions:
    """Turn a checkpoint of Detectron2's DensePose (.pkl, .pth) into a model folder for `vitruv predict --model`.

    Example: vitruv convert model_final_162be9.pkl --output R_50_FPN_s1x

    Widths and variants are read off the tensors. Nothing of the file is run. The settings below travel inside the model.
    """

    checkpoint: tyro.conf.Positional[Path]
    """File to convert."""

    output: Annotated[Path, tyro.conf.arg(metavar="MODEL")]
    """Folder to make."""

    min_size: int = 800
    """Pixels to which the shorter side of a picture is resized ..."""

    max_size: int = 1333
    """... unless the longer side would become larger than this."""

    max_people: int = 100
    """Most people per picture."""

    proposals: int = 1000
    """Regions that are looked at for people."""

    threshold: float = 0.05
    """Least score of a person, where `predict` is told none."""

    name: str | None = None
    """What to call the model; the file's name when left out."""

    source: str | None = None
    """Where the checkpoint came from, to be recorded in the model; the file's path when left out."""

    licence: str | None = None
    """Licence of the weights, to be recorded. Known for the files of Detectron2's zoo: CC BY-SA 3.0."""

    mesh: str | None = None
    """For models that embed several meshes: the one to map people to."""

    aligned_boxes: bool = False
    """The box head was trained with RoIAlign of the second kind (Detectron2's ROIAlignV2), as in the zoo's `evolution` models."""

    allow_extra: bool = False
    """Convert although the file holds tensors that belong to no DensePose-RCNN, without them."""


def main(argv: Sequence[str]) -> int:
    """Run the verb; returns the exit status."""
    options = parse(ConvertOptions, "vitruv convert", argv)
    for flag, value, low, high in (
        ("--max-people", options.max_people, 1, 1000),
        ("--proposals", options.proposals, 1, 10000),
        ("--threshold", options.threshold, 0, 1),
    ):
        if not low <= value <= high:
            raise InputError(f"{flag} must be from {low} to {high}, but is {value:g}")
    from vitruv.runtime.zoo.entries import CATALOGUE

    known = next((entry for entry in CATALOGUE.values() if entry.file == options.checkpoint.name), None)
    folder = convert_checkpoint(
        options.checkpoint,
        options.output,
        settings=ModelSettings(
            min_size=options.min_size,
            max_size=options.max_size,
            rules=DetectionRules(proposals=options.proposals, people=options.max_people, threshold=options.threshold),
            mesh=options.mesh,
        ),
        name=options.name or (known.name if known else None),
        source=options.source,
        licence=options.licence or (known.licence if known else "unknown"),
        box_pooler_aligned=options.aligned_boxes or (known is not None and known.box_pooler_aligned),
        allow_extra=options.allow_extra,
    )
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder}: {size / 1e6:.0f} MB; use it with `vitruv predict PHOTO --output DIR --model {folder}`")
    return 0
