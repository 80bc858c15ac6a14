"""The queue in front of the networks: photos of several clients go through them together."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from vitruv.errors import InputError
from vitruv.http.errors import UnavailableError, UnprocessableError
from vitruv.results import DensePoses
from vitruv.runtime import Predictor
from vitruv.serve.decode import decode
from vitruv.serve.limits import Limits
from vitruv.types import Float32Array, UInt8Array

_SMOOTHING = 0.2


class BusyError(UnavailableError):
    """The queue is full, or the service is stopping."""

    def __init__(self, sentence: str, retry_after_s: int) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, eq=False)
class Prediction:
    """rgb: (h, w, 3) uint8, the upright photo. omitted: people beyond the limit, left out of `people`."""

    rgb: UInt8Array
    people: DensePoses
    omitted: int


@dataclass(frozen=True, eq=False)
class Photo:
    """data: the file. boxes_xyxy: (n, 4) float32, or None to find people. threshold: None for the model's own."""

    data: bytes
    boxes_xyxy: Float32Array | None = None
    threshold: float | None = None


@dataclass(frozen=True, eq=False)
class _Job:
    photo: Photo
    answer: Future[Prediction] = field(default_factory=Future)


class Engine:
    """Worker threads, one for each predictor. A worker takes the waiting photos, as many as fit a batch; it never waits for more.

    on_batch: called with the number of photos and the seconds that a batch took.
    """

    def __init__(
        self, predictors: Sequence[Predictor], limits: Limits, *, on_batch: Callable[[int, float], None] = lambda n, s: None
    ) -> None:
        self.limits = limits
        self._on_batch = on_batch
        self._waiting: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._open = True
        self._seconds_per_photo = 0.5
        self._threads = [
            threading.Thread(target=self._work, args=(predictor,), name=f"predict-{i}", daemon=True)
            for i, predictor in enumerate(predictors)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def submit(self, photos: Sequence[Photo]) -> list[Future[Prediction]]:
        """Queue photos, all or none. Cancelling a future takes its photo out of the queue.

        Raises BusyError at once when there is no room. A future raises RequestError for a photo that cannot be used.
        """
        jobs = [_Job(photo) for photo in photos]
        with self._changed:
            if not self._open:
                raise BusyError("the service is stopping", 5)
            self._drop_cancelled()
            if len(self._waiting) + len(jobs) > self.limits.max_queue:
                raise self.busy()
            self._waiting.extend(jobs)
            self._changed.notify(len(jobs))
        return [job.answer for job in jobs]

    def busy(self) -> BusyError:
        """The error for a full queue, with the time after which there should be room."""
        seconds = max(1, math.ceil(len(self._waiting) * self._seconds_per_photo / max(len(self._threads), 1)))
        return BusyError("the queue is full: try again later", min(seconds, 120))

    def close(self) -> None:
        """Accept nothing more, finish what was accepted, and stop."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _drop_cancelled(self) -> None:
        if any(job.answer.cancelled() for job in self._waiting):
            self._waiting = deque(job for job in self._waiting if not job.answer.cancelled())

    def _work(self, predictor: Predictor) -> None:
        while batch := self._next_batch():
            started = time.perf_counter()
            self._predict(predictor, batch)
            seconds = time.perf_counter() - started
            self._seconds_per_photo += _SMOOTHING * (seconds / len(batch) - self._seconds_per_photo)
            self._on_batch(len(batch), seconds)

    def _next_batch(self) -> list[_Job]:
        """Photos with equal thresholds, the one that waits longest first; empty when the engine is closed and has nothing left."""
        with self._changed:
            while True:
                self._drop_cancelled()
                if self._waiting:
                    break
                if not self._open:
                    return []
                self._changed.wait()
            threshold = self._waiting[0].photo.threshold
            batch: list[_Job] = []
            rest: deque[_Job] = deque()
            for job in self._waiting:
                fits = len(batch) < self.limits.max_batch and job.photo.threshold == threshold
                if not fits:
                    rest.append(job)
                elif job.answer.set_running_or_notify_cancel():
                    batch.append(job)
            self._waiting = rest
        return batch or self._next_batch()

    def _predict(self, predictor: Predictor, batch: list[_Job]) -> None:
        ready: list[tuple[_Job, UInt8Array]] = []
        for job in batch:
            try:
                ready.append((job, decode(job.photo.data, max_pixels=self.limits.max_pixels)))
            except Exception as error:
                job.answer.set_exception(error)
        try:
            self._answer(predictor, ready)
        except Exception:
            # One photo must not cost the others theirs: each by itself now.
            for one in ready:
                try:
                    self._answer(predictor, [one])
                except InputError as error:
                    one[0].answer.set_exception(UnprocessableError(str(error).removeprefix("image 0 of 1: ")))
                except Exception as error:
                    one[0].answer.set_exception(error)

    def _answer(self, predictor: Predictor, ready: list[tuple[_Job, UInt8Array]]) -> None:
        if not ready:
            return
        pictures = [rgb for _, rgb in ready]
        boxes = [job.photo.boxes_xyxy for job, _ in ready]
        found = predictor(pictures, boxes=boxes, threshold=ready[0][0].photo.threshold)
        for (job, rgb), people in zip(ready, found, strict=True):
            kept = _best(people, self.limits.max_people)
            job.answer.set_result(Prediction(rgb, kept, len(people) - len(kept)))


def _best(people: DensePoses, most: int) -> DensePoses:
    """The people with the highest scores, in their order."""
    if len(people) <= most:
        return people
    return people[np.sort(np.argsort(-people.scores, kind="stable")[:most])]
