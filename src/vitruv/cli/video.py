"""`vitruv video`: clips in, dense pose out, frame by frame."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from vitruv.cli.parsing import parse
from vitruv.cli.video_names import stems_of
from vitruv.clips import ClipProduct, ClipResult, ClipSettings, Progress, Workplace, convert_clip
from vitruv.errors import InputError, UnwritableFileError, VitruvError
from vitruv.formats import ChannelOrder
from vitruv.media.video import Container, Source, VideoReader, camera, is_url
from vitruv.runtime import Predictor, load
from vitruv.tracking import Smoothing
from vitruv.types import UInt8Array

if TYPE_CHECKING:
    from rich.progress import TaskID


@dataclass(frozen=True)
class VideoOptions:
    """Find the people in clips, know them again from frame to frame, and map their pixels to the body surface.

    Example: vitruv video walk.mp4 --output out

    Writes for each clip NAME_overlay.mp4 (to look at, with its sound and everybody's number), NAME_iuv.mkv and NAME_labels.mkv
    (lossless: I, and U and V times 255; charts 0..24), NAME_results.json (DensePose-COCO results with `track_id`; the image id is
    the frame's number) with NAME_images.json, and NAME_clip.json (what was done). Every frame of the clip is in every file, with
    its time.
    """

    clips: tyro.conf.Positional[tuple[str, ...]] = ()
    """Clips: files that FFmpeg reads, or addresses of streams (rtsp://..., https://...)."""

    output: Annotated[Path, tyro.conf.arg(metavar="DIR")] = tyro.MISSING
    """Folder for what is written."""

    camera: Annotated[str | None, tyro.conf.arg(metavar="NUMBER")] = None
    """A camera of this machine instead of clips; Ctrl-C ends the recording."""

    save: tuple[ClipProduct, ...] = ("overlay", "iuv", "labels", "json")
    """What to write. npz: every person by itself, nothing rounded, one file a frame; jsonl: one line a frame, with the
    pixels and the middle of every chart."""

    lossless: Literal["mkv", "png"] = "mkv"
    """IUV and labels as FFV1 video, or as folders of PNG files, one a frame."""

    container: Container = "mp4"
    """Of the overlay."""

    sound: bool = True
    """Keep the clip's sound in the overlay."""

    start: float = 0.0
    """Begin so many seconds after the first frame."""

    end: float | None = None
    """Stop so many seconds after the first frame."""

    every: int = 1
    """Do one of so many frames."""

    max_size: int | None = None
    """Make frames smaller whose longer side has more pixels."""

    resume: bool = False
    """Go on with runs that were stopped; finished clips are left as they are."""

    detect_every: int = 5
    """Look for people in one of so many frames where everybody's place is sure; 1: in every frame."""

    smooth: Smoothing = "off"
    """Carry maps along with the body from frame to frame, so that they tremble less; for models that hand out their maps."""

    threshold: float | None = None
    """Leave out people found with a lower score (0..1). Without it: the model's own."""

    model: Annotated[str | None, tyro.conf.arg(metavar="MODEL")] = None
    """As for `vitruv predict`."""

    device: str = "auto"
    """auto, cpu, cuda, cuda:1, coreml, ... as this ONNX Runtime offers."""

    channel_order: ChannelOrder = "iuv"
    """Order of red, green, blue in IUV: iuv, or vui (what OpenCV reads as I, U, V)."""

    preview: Annotated[int | None, tyro.conf.arg(metavar="PORT")] = None
    """Show what is being done at http://localhost:PORT."""

    segment_frames: int = 150
    """Frames that are finished together: what a kill can cost at most."""

    def settings(self) -> ClipSettings:
        mine = {field.name: getattr(self, field.name) for field in fields(ClipSettings) if hasattr(self, field.name)}
        return ClipSettings(**mine, start_s=self.start, end_s=self.end)


@dataclass(frozen=True)
class _Clip:
    """name: for messages. path: None for streams and cameras."""

    source: str | Source
    name: str
    stem: str
    path: Path | None


def main(argv: Sequence[str]) -> int:
    """Returns 0 when every clip was done and whole, 1 when some failed or were damaged (told on stderr), 130 after Ctrl-C."""
    options = parse(VideoOptions, "vitruv video", argv)
    settings = options.settings()
    clips = _clips_of(options)
    if options.resume and any(clip.path is None for clip in clips):
        raise InputError("--resume is for files; a camera or a stream cannot be read again")
    if options.preview is not None and not 0 <= options.preview <= 65535:
        raise InputError(f"--preview must be a port from 0 to 65535, but is {options.preview}")
    predictor = load(options.model, device=options.device)
    failures: list[str] = []
    with ExitStack() as stack:
        preview = _preview(options, stack)
        for clip in clips:
            try:
                problem = _do(clip, options, settings, predictor, preview)
            except UnwritableFileError:
                raise  # the disk is full or the folder closed: the next clip would fare no better
            except (VitruvError, MemoryError) as error:
                failures.append(str(error) or f"{clip.name}: not enough memory for frames of this size")
            except KeyboardInterrupt:
                print(f"\nvitruv video: stopped; {clip.name} goes on with --resume", file=sys.stderr)
                return 130
            else:
                failures += [f"{clip.name}: {problem}"] if problem else []
    for line in failures:
        print(f"vitruv video: {line}", file=sys.stderr)
    return 1 if failures else 0


def _clips_of(options: VideoOptions) -> list[_Clip]:
    if options.camera is not None:
        if options.clips:
            raise InputError("give either clips or --camera")
        source = camera(options.camera)
        return [_Clip(source, source.name, f"camera_{''.join(c if c.isalnum() else '_' for c in options.camera)}", None)]
    if not options.clips:
        raise InputError("name at least one clip, or --camera")
    stems = stems_of(options.clips)
    return [_Clip(clip, clip, stem, None if is_url(clip) else Path(clip)) for clip, stem in zip(options.clips, stems, strict=True)]


def _do(
    clip: _Clip, options: VideoOptions, settings: ClipSettings, predictor: Predictor, preview: Callable[[UInt8Array], None] | None
) -> str | None:
    """Do one clip and say so. Returns what was wrong with it."""
    started = time.perf_counter()
    with VideoReader(clip.source, max_size=settings.max_size) as reader, _interruptible(reader.info.live) as stop_asked:
        model = f"{options.model or 'default'} on {options.device}"
        workplace = Workplace.of(options.output, clip.stem, reader.info, settings, source=clip.path, model=model)
        steps = convert_clip(
            reader,
            predictor,
            workplace,
            settings,
            source=clip.path,
            resume=options.resume,
            preview=preview,
            stop_asked=stop_asked,
        )
        result: ClipResult | None = None
        with _bar(clip.name) as show:
            try:
                for step in steps:
                    if isinstance(step, Progress):
                        show(step)
                    else:
                        result = step
            finally:
                steps.close()
    if result is None:
        raise InputError(f"{clip.name}: nothing was done")
    seconds = time.perf_counter() - started
    done = result.frames - result.resumed
    before = f" ({result.resumed} of them before)" if result.resumed else ""
    speed = f", {done / seconds:.1f} frames/s" if done else ""
    counted = f"{result.frames} frames{before}, {result.people} people in them"
    print(f"{clip.name}: {counted} -> {workplace.named('_*')} ({seconds:.1f} s{speed})")
    return result.problem


@contextmanager
def _interruptible(live: bool) -> Iterator[Callable[[], bool]]:
    """For cameras and streams the first Ctrl-C makes the yielded function true, so that the recording is finished; for files, which
    can be gone on with, it stops at once."""
    import signal
    import threading

    if not live or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    asked = False

    def remember(number: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    previous = signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, previous)


@contextmanager
def _bar(name: str) -> Iterator[Callable[[Progress], None]]:
    """A bar on stderr, where that is a terminal. Yields the function that moves it."""
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task: TaskID = bar.add_task(Path(name).name, total=None, speed="")
        began: list[tuple[float, int]] = []

        def show(progress: Progress) -> None:
            now = time.perf_counter()
            began.append((now, progress.frames)) if not began else None
            passed, done = now - began[0][0], progress.frames - began[0][1]
            speed = f"{done / passed:.1f} frames/s" if passed > 0 and done else ""
            bar.update(task, completed=progress.frames, total=progress.total, speed=speed)

        yield show


def _preview(options: VideoOptions, stack: ExitStack) -> Callable[[UInt8Array], None] | None:
    if options.preview is None:
        return None
    from vitruv.clips.preview import PreviewServer

    server = stack.enter_context(PreviewServer(options.preview))
    print(f"preview: {server.address}", file=sys.stderr)
    return server.show
