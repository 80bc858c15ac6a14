"""`vitruv synth`: make data sets of synthetic people; bake packs for training; look at samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from vitruv.cli.commands import Command, run_command
from vitruv.cli.parsing import parse
from vitruv.cli.progress import bars, steps
from vitruv.cli.size_argument import size_hw_of

if TYPE_CHECKING:
    from vitruv.synth import SynthPack


@dataclass(frozen=True)
class Dataset:
    """Write a DensePose-COCO data set of synthetic people: pictures, annotations.json, and dense ground truth as PNG.

    Example: vitruv synth --output people --images 1000 --size 640x480 --seed 1 --workers 2
    Without --pack everything but the body is procedural; --backgrounds, --textures, --skins, --poses and
    --wardrobe add what you have.
    A run that was stopped goes on where it was. The same seed gives the same bytes, whatever the number of workers.

    Also: `vitruv synth --clip SECONDS` renders moving people; `vitruv synth pack` bakes body, atlas, poses and pictures into one
    file for training; `vitruv synth preview` draws a sheet of samples with their labels.
    """

    output: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for images/, dense/ and annotations.json."""
    images: int
    """How many pictures."""
    size: str = "640x480"
    """Width x height in pixels."""
    seed: int = 0
    """The same seed gives the same pictures."""
    workers: int = 1
    """Processes that render; 0: this one does."""
    pack: Path | None = None
    """File from `vitruv synth pack`; instead of the folders below."""
    backgrounds: Path | None = None
    """Folder of photos without people."""
    textures: Path | None = None
    """Folder of textures that repeat, for clothes and rooms."""
    skins: Path | None = None
    """Folder of skins on the MakeHuman layout."""
    poses: Path | None = None
    """Motion file (.npz)."""
    wardrobe: Path | None = None
    """Folder of MakeHuman clothes and hair with an index.json."""
    quiet: bool = False
    """Show no progress."""


@dataclass(frozen=True)
class Pack:
    """Bake everything the samplers need into one file that travels to another machine.

    Example: vitruv synth pack --assets assets --output pack.npz
    """

    output: Path
    """File to write."""
    assets: Path
    """Folder with backgrounds/, textures/, skins/, poses/ and wardrobe/; what is missing is left out."""
    photo_px: int = 384
    """Longest side of the background photos."""


@dataclass(frozen=True)
class Preview:
    """Draw a sheet of samples: picture, charts with joints and boxes, U, V.

    Example: vitruv synth preview --pack pack.npz --output sheet.png --kind crops
    """

    output: Path
    """PNG to write."""
    pack: Path
    """File from `vitruv synth pack`."""
    kind: Literal["crops", "scenes"] = "crops"
    size: str | None = None
    """Width x height; default: what training uses."""
    count: int = 24
    columns: int = 4
    seed: int = 0
    start: int = 0
    """Number of the first sample."""


def main(argv: Sequence[str]) -> int:
    """Returns the exit status."""
    commands = {
        "dataset": Command("write a data set of synthetic people (or no command, only options); with --clip a clip", _pictures),
        "pack": Command("bake body, atlas, poses and pictures into one file for training", _pack),
        "preview": Command("draw a sheet of samples with their labels", _preview),
    }
    return run_command("vitruv synth", commands, argv, default="dataset")


def _pictures(argv: Sequence[str]) -> int:
    if any(argument.partition("=")[0] == "--clip" for argument in argv):
        from vitruv.cli import synth_clip

        return synth_clip.main(argv)
    return _dataset(parse(Dataset, "vitruv synth dataset", argv))


def _dataset(options: Dataset) -> int:
    from vitruv.errors import InputError
    from vitruv.synth import SceneConfig, SceneSampler
    from vitruv.synth.dataset import write_dataset

    if options.images < 1 or options.workers < 0 or options.seed < 0:
        raise InputError("--images must be at least 1, --workers and --seed at least 0")
    size_hw = size_hw_of(options.size)
    pack = _load(options)
    sampler = SceneSampler(pack, seed=options.seed, config=SceneConfig(size_hw=size_hw, letterbox=False))
    settings = {"size": options.size, "seed": options.seed, "pack": pack.digest}
    with bars(quiet=options.quiet) as new:
        report = new("pictures")
        for done in write_dataset(sampler, options.output, images=options.images, workers=options.workers, settings=settings):
            report(done, options.images)
    print(f"{options.images} pictures in {options.output}, annotations in {options.output / 'annotations.json'}")
    return 0


def _load(options: Dataset) -> SynthPack:
    from vitruv.errors import InputError
    from vitruv.synth import SynthPack

    folders = (options.backgrounds, options.textures, options.skins, options.poses, options.wardrobe)
    if options.pack is not None:
        if any(folders):
            raise InputError("give either --pack, or folders with --backgrounds, --textures, --skins, --poses and --wardrobe")
        return SynthPack.load(options.pack)
    from vitruv.synth.gather import Assets, pack_arrays

    arrays, _ = pack_arrays(Assets(*folders), photo_px=max(384, *size_hw_of(options.size)))
    return SynthPack(arrays)


def _pack(argv: Sequence[str]) -> int:
    options = parse(Pack, "vitruv synth pack", argv)
    from vitruv.synth.gather import Assets, write_pack

    with steps("baking"):
        counts = write_pack(options.output, Assets.of_folder(options.assets), photo_px=options.photo_px)
    size = options.output.stat().st_size / 1e6
    print(f"{options.output}: {', '.join(f'{n} {name}' for name, n in counts.items())}; {size:.1f} MB")
    return 0


def _preview(argv: Sequence[str]) -> int:
    options = parse(Preview, "vitruv synth preview", argv)
    from vitruv.errors import InputError
    from vitruv.formats import write_png
    from vitruv.synth import CropSampler, Sampler, SceneSampler, SynthPack
    from vitruv.synth.preview import contact_sheet
    from vitruv.synth.samples import CropSample, SceneSample

    if options.count < 1 or options.columns < 1 or min(options.seed, options.start) < 0:
        raise InputError("--count and --columns must be at least 1, --seed and --start at least 0")
    size_hw = None if options.size is None else size_hw_of(options.size)
    pack = SynthPack.load(options.pack)
    sampler: Sampler[CropSample | SceneSample]
    if options.kind == "crops":
        sampler = CropSampler(pack, size_hw=size_hw, seed=options.seed)
    else:
        sampler = SceneSampler(pack, size_hw=size_hw, seed=options.seed)
    sheet = contact_sheet([sampler(options.start + i) for i in range(options.count)], columns=options.columns)
    write_png(options.output, sheet)
    print(f"{options.output}: {options.count} {options.kind}, each as picture, charts, U, V")
    return 0
