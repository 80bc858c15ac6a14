"""`vitruv predict`: photos in, dense pose out."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from vitruv.cli.predict_files import Job, Product, add_map, image_ids, make_folder, of_people, plan, preset_writer, write_products
from vitruv.errors import FileError, InputError, UnwritableFileError, VitruvError
from vitruv.files import replacing
from vitruv.formats import ChannelOrder, PhotoTable, ResultWriter, read_boxes, read_image_ids
from vitruv.media import read_image
from vitruv.results import DensePoses
from vitruv.runtime import Predictor, load
from vitruv.types import Float32Array

if TYPE_CHECKING:
    from vitruv.runtime.zoo.download import Progress as Report
    from vitruv.runtime.zoo.entries import Entry

RESULTS = "results.json"
IMAGES = "images.json"


@dataclass(frozen=True)
class PredictOptions:
    """Find the people in photos and map their pixels to the body surface.

    Example: vitruv predict photos/ holiday.jpg --output out

    Writes for each photo NAME_overlay.png (to look at), NAME_iuv.png (I, and U and V times 255), NAME_labels.png (grey, charts
    0..24), NAME.npz (every person, nothing rounded), and for the run results.json (DensePose-COCO results) with images.json
    (which image id is which file, and the NAME used for it).
    """

    photos: tyro.conf.Positional[tuple[Path, ...]]
    """Photos, and folders of photos (searched with their subfolders, whose structure is kept)."""

    output: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for what is written."""

    save: tuple[Product, ...] = ("overlay", "iuv", "labels", "npz", "json")
    """What to write."""

    preset: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """Write the files that another program reads, and nothing else: a name from `vitruv presets`, or a TOML file of your own."""

    threshold: float | None = None
    """Leave out people found with a lower score (0..1). Without it: the model's own, 0.5 for the one inside the package."""

    boxes: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Map the people in these boxes instead of looking for people: JSON {file: [[x1, y1, x2, y2], ...]}, CSV with the header
    file,x1,y1,x2,y2, or COCO annotations."""

    image_ids: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """COCO JSON whose images give the ids for results.json. Without it: the numbers in COCO's file names, or 1, 2, 3 ..."""

    model: Annotated[str | None, tyro.conf.arg(metavar="MODEL")] = None
    """Another model than the one inside the package: a name from `vitruv models`, the folder of a model, or `fast`, the one inside
    with one look at everybody: less time, more mistakes."""

    augment: bool = False
    """Look at every person in the mirror too and average, with official models at nine sizes: a little better, but slower. The
    model inside the package does so anyway, unless it is to be fast."""

    device: str = "auto"
    """auto, cpu, cuda, cuda:1, coreml, ... as this ONNX Runtime offers."""

    precision: Literal["auto", "fp32", "fp16"] = "auto"
    """Of official models: auto is fp16 on GPUs (faster; labels differ on some pixels) and fp32 elsewhere."""

    channel_order: ChannelOrder = "iuv"
    """Order of red, green, blue in NAME_iuv.png: iuv (Pillow's), or vui (what OpenCV wrote, and reads as I, U, V)."""


@dataclass
class _Tally:
    photos: int = 0
    people: int = 0
    stopped: bool = False


@dataclass
class _Run:
    """What came of the photos so far."""

    images: list[dict[str, object]] = field(default_factory=list)
    people: int = 0
    failures: list[str] = field(default_factory=list)
    stopped: bool = False


def main(argv: Sequence[str]) -> int:
    """Returns 0 when every photo was done, 1 when some failed (they are listed on stderr), 130 after Ctrl-C."""
    options = tyro.cli(PredictOptions, prog="vitruv predict", args=list(argv))
    started = time.perf_counter()
    run = _predict_all(options)
    seconds = time.perf_counter() - started
    failed = f", {len(run.failures)} failed" if run.failures else ""
    done, people = _count(len(run.images), "photo", "photos"), _count(run.people, "person", "people")
    print(f"{done}{failed}, {people} -> {options.output} ({seconds:.1f} s)")
    for line in run.failures:
        print(f"vitruv predict: {line}", file=sys.stderr)
    if run.stopped:
        print("vitruv predict: stopped; what was done until then is complete", file=sys.stderr)
        return 130
    return 1 if run.failures else 0


def _predict_all(options: PredictOptions) -> _Run:
    """Do every photo. What is wrong with the options is found before the first file is written."""
    if not options.save:
        raise InputError("--save needs at least one of overlay, iuv, labels, npz, json")
    if options.threshold is not None and not 0 <= options.threshold <= 1:
        raise InputError(f"--threshold must be from 0 to 1, but is {options.threshold:g}")
    jobs = plan(options.photos, options.output)
    writer = None if options.preset is None else preset_writer(options.preset, options.output, jobs)
    if writer is not None:
        jobs = of_people(writer.preset, jobs)
    ids = image_ids(jobs) if options.image_ids is None else _listed_ids(read_image_ids(options.image_ids), jobs)
    boxes = None if options.boxes is None else read_boxes(options.boxes)
    predictor = _load(options)
    make_folder(options.output)

    run = _Run()
    with ExitStack() as stack:
        to_save = "json" in options.save and writer is None
        results = stack.enter_context(ResultWriter(options.output / RESULTS)) if to_save else None
        if writer is not None:
            stack.enter_context(writer)
        stop_asked = stack.enter_context(_ctrl_c_between_photos())
        advance = stack.enter_context(_progress(len(jobs)))
        for job, image_id in zip(jobs, ids, strict=True):
            if stop_asked():
                run.stopped = True
                break
            try:
                people = _predict_one(
                    options, predictor, job, boxes, None if writer is None else partial(add_map, writer, image_id)
                )
            except UnwritableFileError:
                raise  # the disk is full or the folder closed: the next photo would fare no better
            except (VitruvError, MemoryError) as error:
                run.failures.append(_reason(job, error))
            else:
                if results is not None:
                    results.add(image_id, people)
                height, width = people.size_hw
                name = job.photo.relative.as_posix()
                stem = job.stem.as_posix()
                run.images.append({"id": image_id, "file_name": name, "width": width, "height": height, "stem": stem})
                run.people += len(people)
            advance()
    if results is not None:
        with replacing(options.output / IMAGES) as stream:
            stream.write(json.dumps({"images": run.images}, indent=0).encode())
    return run


def _load(options: PredictOptions) -> Predictor:
    """The model; only when it has to be downloaded first is there a bar to draw."""
    with ExitStack() as stack:

        def announce(entry: Entry, target: Path) -> Report | None:
            from vitruv.cli.download_bar import download_bar

            return stack.enter_context(download_bar())(entry, target)

        return load(options.model, device=options.device, precision=options.precision, augment=options.augment, announce=announce)


def _predict_one(
    options: PredictOptions,
    predictor: Predictor,
    job: Job,
    boxes: PhotoTable[Float32Array] | None,
    write_map: Callable[[Job, DensePoses], None] | None,
) -> DensePoses:
    rgb = read_image(job.photo.path)
    given = None if boxes is None else boxes[job.photo.relative]
    people = predictor(rgb, boxes=given, threshold=options.threshold)
    if write_map is not None:
        write_map(job, people)
        return people
    write_products(options.output / job.stem, rgb, people, products=options.save, channel_order=options.channel_order)
    return people


def _listed_ids(table: PhotoTable[int], jobs: list[Job]) -> list[int]:
    return [table[job.photo.relative] for job in jobs]


def _reason(job: Job, error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"{job.photo.path}: not enough memory for a picture of this size"
    # Errors about a file begin with its path already.
    return str(error) if isinstance(error, FileError) else f"{job.photo.path}: {error}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


@contextmanager
def _ctrl_c_between_photos() -> Iterator[Callable[[], bool]]:
    """Within the block, the first Ctrl-C only makes the yielded function true, so that the photo at work is finished; the second
    one stops at once (what is written then never gets its final name)."""
    asked = False

    def remember(number: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        print("\nvitruv predict: finishing this photo; Ctrl-C again stops at once", file=sys.stderr)

    if threading.current_thread() is not threading.main_thread():  # signals reach the main thread only
        yield lambda: False
        return
    previous = signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, previous)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], object]]:
    """A progress bar on stderr, for more than one photo on a terminal. Yields the function that moves it on by one."""
    if total < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("predicting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
