"""A run of `vitruv predict`: which photos are to be done, and what comes of each."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vitruv.cli.predict_files import (
    Job,
    add_map,
    files_of,
    image_ids,
    of_people,
    photos_to_do,
    plan,
    preset_writer,
    write_products,
)
from vitruv.cli.predict_options import PredictOptions
from vitruv.cli.progress import bar
from vitruv.cli.stopping import StopRequest, stops_between
from vitruv.errors import FileError, FormatError, InputError, UnwritableFileError, VitruvError
from vitruv.files import make_folder, remove_abandoned
from vitruv.formats import ResultFolder, read_boxes, read_image_ids
from vitruv.formats.presets import PresetWriter
from vitruv.media import read_image
from vitruv.results import DensePoses
from vitruv.runtime import Predictor, load, predict_photos
from vitruv.types import Float32Array, UInt8Array

if TYPE_CHECKING:
    from vitruv.runtime.zoo.download import Progress as Report
    from vitruv.runtime.zoo.entries import Entry


@dataclass
class Run:
    """What came of the photos so far.

    there: photos left out because they are done. earlier: photos of other runs in the same folder. left_out: files that are no
    photos to do, by reason. boxes_left_out: in the file of boxes, of crowds and of what is no person. status: what to exit with,
    when somebody asked to stop.
    """

    done: int = 0
    people: int = 0
    there: int = 0
    earlier: int = 0
    failures: list[str] = field(default_factory=list)
    boxes_left_out: int = 0
    left_out: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    status: int = 0


def predict_all(options: PredictOptions, run: Run) -> None:
    """Do every photo. What is wrong with the options is found before the first file is written."""
    if not options.save:
        raise InputError("--save needs at least one of overlay, iuv, labels, npz, json")
    if options.threshold is not None and not 0 <= options.threshold <= 1:
        raise InputError(f"--threshold must be from 0 to 1, but is {options.threshold:g}")
    if options.preset is not None and options.skip_existing:
        raise InputError("--skip-existing goes by the files of --save, and cannot be used with --preset")
    photos = photos_to_do(options.photos, options.output, left_out=lambda path, reason: run.left_out[reason].append(path))
    preset = None if options.preset is None else preset_writer(options.preset, options.output, photos)
    if preset is not None:
        photos = of_people(preset.preset, photos)
    listed = None if options.image_ids is None else read_image_ids(options.image_ids)
    boxes = None if options.boxes is None else read_boxes(options.boxes)
    run.boxes_left_out = 0 if boxes is None else boxes.left_out
    predictor = _load(options)
    make_folder(options.output)

    with ExitStack() as stack:
        stop = stack.enter_context(stops_between("vitruv predict", "this photo"))
        wanted = "json" in options.save and preset is None
        results = stack.enter_context(ResultFolder(options.output)) if wanted else None
        if preset is not None:
            stack.enter_context(preset)
        known = {} if results is None else results.images
        jobs = plan(photos, options.output, known)
        for folder in {options.output, *((options.output / job.stem).parent for job in jobs)}:
            remove_abandoned(folder)
        run.earlier = len(known.keys() - {job.key for job in jobs})
        if listed is not None:
            jobs, ids = _usable(jobs, listed.of([job.file for job in jobs]), run)
            image_ids(jobs, known, ids)
        else:
            ids = image_ids(jobs, known)
        given = {} if boxes is None else dict(zip(jobs, boxes.of([job.file for job in jobs]), strict=True))
        todo = dict(zip(jobs, ids, strict=True))
        if options.skip_existing:
            todo = {job: image_id for job, image_id in todo.items() if not _is_there(options, job, known)}
        run.there = len(jobs) - len(todo)
        _do(options, predictor, todo, given, results if preset is None else preset, stop, run)
        run.status = stop.status if stop() else 0


def _do(
    options: PredictOptions,
    predictor: Predictor,
    jobs: Mapping[Job, int],
    given: Mapping[Job, Float32Array | FormatError],
    results: ResultFolder | PresetWriter | None,
    stop: StopRequest,
    run: Run,
) -> None:
    """jobs: with their image ids. given: boxes, or why a photo has none."""

    def boxes(job: Job) -> Float32Array | None:
        found = given.get(job)
        if isinstance(found, FormatError):
            raise found
        return found

    def write(job: Job, rgb: UInt8Array, people: DensePoses) -> None:
        if isinstance(results, PresetWriter):
            add_map(results, jobs[job], job.photo, people)
            return
        write_products(files_of(options.output, job.stem, options.save), rgb, people, channel_order=options.channel_order)
        if results is not None:
            results.add(_image(job, jobs[job], people), people)

    outcomes = predict_photos(
        predictor,
        jobs,
        read=lambda job: read_image(job.photo.path),
        boxes=boxes,
        threshold=options.threshold,
        write=write,
        stop=stop,
    )
    with closing(outcomes), bar("predicting", len(jobs), quiet=options.quiet or len(jobs) < 2) as advance:
        for outcome in outcomes:
            if isinstance(outcome.error, UnwritableFileError):
                raise outcome.error  # the disk is full or the folder closed: the next photo would fare no better
            if outcome.error is not None:
                run.failures.append(_reason(outcome.photo, outcome.error))
            elif outcome.people is not None:
                run.done += 1
                run.people += len(outcome.people)
                if options.verbose:
                    scores = ", ".join(f"{score:.2f}" for score in outcome.people.scores)
                    print(f"{outcome.photo.photo.path}: {len(outcome.people)} people ({scores})", file=sys.stderr)
            advance()


def _usable(jobs: Sequence[Job], ids: Sequence[int | FormatError], run: Run) -> tuple[list[Job], list[int]]:
    """The photos that have an id in the list, and it; the others are failures."""
    run.failures += [_reason(job, image_id) for job, image_id in zip(jobs, ids, strict=True) if isinstance(image_id, FormatError)]
    usable = [(job, image_id) for job, image_id in zip(jobs, ids, strict=True) if not isinstance(image_id, FormatError)]
    return [job for job, _ in usable], [image_id for _, image_id in usable]


def _image(job: Job, image_id: int, people: DensePoses) -> dict[str, object]:
    """The entry of images.json."""
    height, width = people.size_hw
    name, stem = job.photo.relative.as_posix(), job.stem.as_posix()
    return {"id": image_id, "file_name": name, "width": width, "height": height, "stem": stem, "photo": job.key}


def _is_there(options: PredictOptions, job: Job, known: Mapping[str, object]) -> bool:
    if "json" in options.save and job.key not in known:
        return False
    return all(path.is_file() for path in files_of(options.output, job.stem, options.save).values())


def _load(options: PredictOptions) -> Predictor:
    """The model; only when it has to be downloaded first is there a bar to draw."""
    with ExitStack() as stack:

        def announce(entry: Entry, target: Path) -> Report | None:
            from vitruv.cli.download_bar import download_bar

            return stack.enter_context(download_bar())(entry, target)

        return load(options.model, device=options.device, precision=options.precision, augment=options.augment, announce=announce)


def _reason(job: Job, error: VitruvError) -> str:
    # Errors about a file begin with its path already.
    return str(error) if isinstance(error, FileError) else f"{job.photo.path}: {error}"
