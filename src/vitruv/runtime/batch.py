"""Many photos, one after the other: the next one is read and the last one is written while one is predicted."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from vitruv.errors import InputError, VitruvError
from vitruv.media import as_rgb
from vitruv.results import DensePoses
from vitruv.runtime.predictor import Predictor
from vitruv.types import UInt8Array

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What came of one photo: `people`, or the `error` that says why there are none."""

    photo: T
    people: DensePoses | None = None
    error: VitruvError | None = None


def predict_photos(
    predictor: Predictor,
    photos: Iterable[T],
    *,
    read: Callable[[T], UInt8Array] = as_rgb,
    boxes: Callable[[T], object] = lambda photo: None,
    threshold: float | None = None,
    write: Callable[[T, UInt8Array, DensePoses], object] = lambda photo, rgb, people: None,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[Outcome[T], None, None]:
    """Dense pose of every photo, in their order; one that fails does not cost the others.

    photos: paths, or whatever `read` turns into (h, w, 3) uint8 RGB, upright. boxes, threshold: as for `Predictor`, boxes for each
    photo. write: called with each photo, its pixels and its people, in a thread of its own; what it raises is the photo's error.
    stop: asked before each photo; once it is true, the photos begun are finished and no further one is begun.
    A photo is handed out when it is written. Three pictures are in memory at most. VitruvErrors, and running out of memory, become
    outcomes; any other exception is a mistake of the program and is raised.
    """
    with ThreadPoolExecutor(1, "read") as reader, ThreadPoolExecutor(1, "write") as writer:
        last: Future[Outcome[T]] | None = None
        for photo, pixels in _read_ahead(reader, iter(photos), read, stop):
            outcome = _predicted(predictor, photo, pixels, boxes, threshold)
            if last is not None:
                yield last.result()
            last = writer.submit(_written, outcome, pixels, write)
            del pixels  # the next picture is read into memory while this one is written
        if last is not None:
            yield last.result()


def _read_ahead(
    reader: ThreadPoolExecutor, photos: Iterator[T], read: Callable[[T], UInt8Array], stop: Callable[[], bool]
) -> Iterator[tuple[T, Future[UInt8Array]]]:
    """Each photo with its pixels to come; the next one is being read already. The last one read is dropped when asked to stop."""
    following: tuple[T, Future[UInt8Array]] | None = None
    while not stop():
        current = following
        following = next(((photo, reader.submit(read, photo)) for photo in photos), None)
        if current is not None:
            yield current
        elif following is None:
            return


def _predicted(
    predictor: Predictor, photo: T, pixels: Future[UInt8Array], boxes: Callable[[T], object], threshold: float | None
) -> Outcome[T]:
    try:
        rgb = pixels.result()
        return Outcome(photo, predictor(rgb, boxes=boxes(photo), threshold=threshold))
    except (VitruvError, MemoryError) as error:
        return Outcome(photo, error=_as_ours(error))


def _written(outcome: Outcome[T], pixels: Future[UInt8Array], write: Callable[[T, UInt8Array, DensePoses], object]) -> Outcome[T]:
    if outcome.people is not None:
        try:
            write(outcome.photo, pixels.result(), outcome.people)
        except (VitruvError, MemoryError) as error:
            return Outcome(outcome.photo, error=_as_ours(error))
    return outcome


def _as_ours(error: VitruvError | MemoryError) -> VitruvError:
    return InputError("not enough memory for a picture of this size") if isinstance(error, MemoryError) else error
