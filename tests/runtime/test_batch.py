"""Many photos: in order, each for itself, with reading and writing beside the work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv.errors import InputError, UnreadableFileError, UnwritableFileError
from vitruv.results import DensePoses
from vitruv.runtime import Predictor, predict_photos
from vitruv.types import Float32Array, UInt8Array


@dataclass
class Nobody:
    """Finds nobody, and remembers what it was asked."""

    threshold: float = 0.5
    asked: list[tuple[int, object, float]] = field(default_factory=list)

    def predict(self, rgb: UInt8Array, *, boxes_xyxy: Float32Array | None, threshold: float) -> DensePoses:
        self.asked.append((rgb.shape[1], boxes_xyxy, threshold))
        return DensePoses.empty((rgb.shape[0], rgb.shape[1]))


def picture(width: int) -> UInt8Array:
    return np.zeros((3, width, 3), np.uint8)


def test_no_photos() -> None:
    assert list(predict_photos(Predictor(Nobody()), [])) == []


def test_paths_in_their_order(tmp_path: Path) -> None:
    paths = [tmp_path / f"{width}.png" for width in (5, 3, 4)]
    for path in paths:
        Image.fromarray(picture(int(path.stem))).save(path)
    model = Nobody()
    outcomes = list(predict_photos(Predictor(model), paths, threshold=0.25))
    assert [outcome.photo for outcome in outcomes] == paths
    assert [outcome.people.size_hw for outcome in outcomes if outcome.people is not None] == [(3, 5), (3, 3), (3, 4)]
    assert model.asked == [(5, None, 0.25), (3, None, 0.25), (4, None, 0.25)]


def test_failures_are_values_and_cost_nobody_else() -> None:
    def read(width: int) -> UInt8Array:
        if width == 2:
            raise UnreadableFileError("2.jpg", "the file is empty")
        if width == 3:
            raise MemoryError
        return picture(width)

    def boxes(width: int) -> object:
        return [[0, 0, 0, 0]] if width == 4 else None

    def write(width: int, rgb: UInt8Array, people: DensePoses) -> None:
        assert rgb.shape[1] == width
        if width == 5:
            raise UnwritableFileError("5.npz", "cannot be written: disk quota exceeded")

    outcomes = list(predict_photos(Predictor(Nobody()), range(1, 7), read=read, boxes=boxes, write=write))
    assert [outcome.photo for outcome in outcomes] == list(range(1, 7))
    assert [outcome.people is None for outcome in outcomes] == [False, True, True, True, True, False]
    assert [str(outcome.error) for outcome in outcomes if outcome.error is not None] == [
        "2.jpg: the file is empty",
        "not enough memory for a picture of this size",
        "boxes[0] is empty or inverted: [0.0, 0.0, 0.0, 0.0]; expected x1 < x2 and y1 < y2",
        "5.npz: cannot be written: disk quota exceeded",
    ]


def test_mistakes_of_the_program_are_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(predict_photos(Predictor(Nobody()), [0], read=lambda width: picture(1 // width)))


def test_the_next_is_read_and_the_last_is_written_meanwhile() -> None:
    """Each step waits for the one that has to run beside it; were they done in turn, the waits would end in a timeout."""
    read, predicted, written = ({n: threading.Event() for n in range(5)} for _ in range(3))

    def wait(event: threading.Event) -> None:
        if not event.wait(20):
            raise InputError("it did not happen meanwhile")

    class Model(Nobody):
        def predict(self, rgb: UInt8Array, *, boxes_xyxy: Float32Array | None, threshold: float) -> DensePoses:
            n = rgb.shape[1] - 1
            if n < 4:
                wait(read[n + 1])  # the next photo is read while this one is predicted
            predicted[n].set()
            return super().predict(rgb, boxes_xyxy=boxes_xyxy, threshold=threshold)

    def reading(n: int) -> UInt8Array:
        read[n].set()
        return picture(n + 1)

    def write(n: int, rgb: UInt8Array, people: DensePoses) -> None:
        if n < 4:
            wait(predicted[n + 1])  # ... and this one is written while the next is predicted
        written[n].set()

    for outcome in predict_photos(Predictor(Model()), range(5), read=reading, write=write):
        assert outcome.error is None
        assert written[outcome.photo].is_set()


@pytest.mark.parametrize("after", range(4))
def test_stopping_finishes_what_is_begun(after: int) -> None:
    written: list[int] = []
    handed_out: list[int] = []
    photos = iter(range(100))
    outcomes = predict_photos(
        Predictor(Nobody()),
        photos,
        read=lambda n: picture(n + 1),
        write=lambda n, rgb, people: written.append(n),
        stop=lambda: len(handed_out) >= after,
    )
    for outcome in outcomes:
        handed_out.append(outcome.photo)
    assert written == handed_out == list(range(len(written)))
    assert len(written) in ((0,) if after == 0 else range(after, after + 3))


def test_photos_are_asked_for_one_at_a_time() -> None:
    taken: list[int] = []

    def photos() -> Iterator[int]:
        for n in range(100):
            taken.append(n)
            yield n

    for outcome in predict_photos(Predictor(Nobody()), photos(), read=lambda n: picture(n + 1)):
        assert len(taken) <= outcome.photo + 4
