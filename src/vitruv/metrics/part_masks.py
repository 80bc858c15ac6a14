"""The union of a person's part masks, kept as its runs until pixels are needed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from vitruv.errors import InputError
from vitruv.formats.annotation import PART_MASKS, Person
from vitruv.formats.rle import unpack_many
from vitruv.geometry import GRID
from vitruv.types import AnyArray, BoolArray, Int32Array, Int64Array, UInt8Array

GRID_PIXELS = GRID * GRID


def unions(people: Sequence[Person]) -> list[Int32Array | None]:
    """Of each person: (2 k,) int32, where runs of foreground begin and end in turn, rising; pixels of the 256 grid are counted
    column by column. None for people without `dp_masks`.

    `pixels` of them equal `Person.foreground`. All people are unpacked at once. Raises FormatError.
    """
    texts, of_person, slowly = [], [0], {}
    for i, person in enumerate(people):
        masks = [mask for mask in person.part_masks[:PART_MASKS] if mask]
        if all(isinstance(mask["counts"], str) and mask.get("size") == [GRID, GRID] for mask in masks):
            texts += [mask["counts"] for mask in masks]
        else:
            slowly[i] = _one_by_one(person)
        of_person.append(len(texts))
    try:
        runs, first = unpack_many(texts)
    except InputError:
        return [_one_by_one(person) for person in people]
    ends = np.cumsum(runs)
    if len(texts) and (np.diff(np.append(0, ends)[first]) != GRID_PIXELS).any():
        return [_one_by_one(person) for person in people]
    found = _joined(*_foreground(runs, ends, first, np.array(of_person)))
    return [slowly.get(i, found[i]) if "dp_masks" in person.record else None for i, person in enumerate(people)]


def _foreground(
    runs: Int64Array, ends: Int64Array, first: Int64Array, of_person: Int64Array
) -> tuple[AnyArray, AnyArray, list[int]]:
    """First and last pixel (uint16) of every run of foreground, in no order, and where those of each person begin.

    Every mask fills the grid exactly, so the low 16 bits of a sum over all masks are a place in its own mask.
    """
    odd = (np.arange(len(runs)) + np.repeat(first[:-1] & 1, np.diff(first))) & 1
    filled = np.flatnonzero(odd & (runs > 0))
    cuts = np.searchsorted(filled, first[of_person]).tolist()
    return ends[filled - 1].astype(np.uint16), (ends[filled] - 1).astype(np.uint16), cuts


def _joined(begin: AnyArray, last: AnyArray, cuts: list[int]) -> list[Int32Array]:
    """Runs of several masks of a person made one: with both ends sorted, each for itself, the k-th run is apart from those
    before it where it begins behind the k-th end."""
    for low, high in pairwise(cuts):
        begin[low:high].sort(kind="stable")  # for 16 bits that is a radix sort, fast on every machine
        last[low:high].sort(kind="stable")
    apart = np.ones(len(begin), bool)
    np.greater(begin[1:], last[:-1].astype(np.int32) + 1, out=apart[1:])
    apart[[low for low, high in pairwise(cuts) if low < high]] = True
    opens = np.flatnonzero(apart)
    borders = np.empty((len(opens), 2), np.int32)
    borders[:, 0] = begin[opens]
    borders[:, 1] = last[np.append(opens[1:], len(last))[: len(opens)] - 1]
    borders[:, 1] += 1
    return [borders[low:high].ravel() for low, high in pairwise(np.searchsorted(opens, cuts).tolist())]


def _one_by_one(person: Person) -> Int32Array | None:
    """Where masks are not packed, or one of many is broken: the slow way, which names it."""
    mask = person.foreground()
    return None if mask is None else borders_of(mask)


def borders_of(mask: BoolArray) -> Int32Array:
    """The form of `unions` of (256, 256) bool."""
    return np.flatnonzero(np.diff(mask.T.ravel(), prepend=False, append=False)).astype(np.int32)


def pixels(some: Sequence[Int32Array]) -> UInt8Array:
    """(n, 256, 256) uint8, 0 or 1, [column, row]."""
    borders = np.concatenate([borders + i * GRID_PIXELS for i, borders in enumerate(some)])
    lengths = np.diff(borders, prepend=0, append=len(some) * GRID_PIXELS)
    return np.repeat(np.arange(len(lengths), dtype=np.uint8) & 1, lengths).reshape(len(some), GRID, GRID)
