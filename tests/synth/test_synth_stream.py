"""Streams: the same samples in the same order, however they are made."""

from __future__ import annotations

from itertools import islice

import pytest

from vitruv.errors import InputError
from vitruv.synth import stream


class Squares:
    """A sampler that fails at `bad`."""

    def __init__(self, bad: int = -1) -> None:
        self.bad = bad

    def __call__(self, index: int) -> int:
        if index == self.bad:
            raise InputError(f"sample {index} is bad")
        return index * index


@pytest.mark.parametrize("workers", [0, 2])
def test_an_empty_stream(workers: int) -> None:
    assert list(stream(Squares(), start=3, stop=3, workers=workers)) == []


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_order_does_not_depend_on_workers(workers: int) -> None:
    got = list(stream(Squares(), start=5, stop=22, batch=4, workers=workers))
    assert [list(r) for r, _ in got] == [[5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16], [17, 18, 19, 20], [21]]
    assert [v for _, values in got for v in values] == [i * i for i in range(5, 22)]


@pytest.mark.parametrize("workers", [0, 1])
def test_an_endless_stream_can_be_left(workers: int) -> None:
    batches = stream(Squares(), batch=2, workers=workers)
    assert [values for _, values in islice(batches, 3)] == [[0, 1], [4, 9], [16, 25]]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_in_a_sampler_arrives(workers: int) -> None:
    batches = stream(Squares(bad=4), batch=2, stop=8, workers=workers)
    assert next(iter(batches))[1] == [0, 1]
    with pytest.raises(InputError, match="sample 4 is bad"):
        list(batches)


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="batch and ahead must be at least 1"):
        stream(Squares(), batch=0)
