"""Part masks made one, and overlaps of silhouettes, against the slow way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitruv.errors import FormatError
from vitruv.formats import encode_rle
from vitruv.formats.annotation import Person
from vitruv.metrics.masks import Silhouette, mask_iou
from vitruv.metrics.part_masks import borders_of, pixels, unions


def annotated(masks: object, number: int = 1) -> Person:
    return Person.checked({"id": number, "image_id": 1, "bbox": [0, 0, 9, 9], "dp_masks": masks}, "a.json", "annotations[0]")


def blocks(rng: np.random.Generator) -> np.ndarray:
    """A mask of a few rectangles, often at the borders of the grid, sometimes empty or full."""
    mask = np.zeros((256, 256), bool)
    for _ in range(int(rng.integers(0, 4))):
        (top, left), (bottom, right) = np.sort(rng.choice([0, 1, 100, 254, 255, 256, *rng.integers(0, 257, 3)], (2, 2)), axis=0)
        mask[top:bottom, left:right] = True
    return mask


def test_nobody_and_people_without_masks() -> None:
    assert unions([]) == []
    without = Person.checked({"id": 1, "image_id": 1, "bbox": [0, 0, 9, 9]}, "a.json", "annotations[0]")
    first, second, third = unions([without, annotated([]), annotated([[]] * 14)])
    assert first is None
    assert second is not None and third is not None and len(second) == len(third) == 0


@settings(max_examples=60)
@given(seed=st.integers(0, 100_000))
def test_unions_of_many_people_are_those_of_each(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = []
    for i in range(int(rng.integers(1, 5))):
        masks: list[object] = [[] if rng.random() < 0.3 else encode_rle(blocks(rng)) for _ in range(int(rng.integers(0, 15)))]
        if masks and rng.random() < 0.2:  # plain runs, which take the slow way
            masks[0] = {"size": [256, 256], "counts": [100, 0, 50, 65536 - 150]}
        people.append(annotated(masks, i))
    found = unions(people)
    for person, union in zip(people, found, strict=True):
        expected = person.foreground()
        assert union is not None and expected is not None
        np.testing.assert_array_equal(union, borders_of(expected))
    shown = pixels([union for union in found if union is not None])
    np.testing.assert_array_equal(shown.swapaxes(1, 2) > 0, [person.foreground() for person in people])


def test_a_broken_mask_is_named() -> None:
    good = encode_rle(np.ones((256, 256), bool))
    for counts, message in (("11", r"dp_masks\[1\]: the runs of a mask cover 2 pixels"), ("~", r"dp_masks\[1\]: the packed runs")):
        with pytest.raises(FormatError, match=message):
            unions([annotated([good]), annotated([good, {"size": [256, 256], "counts": counts}])])


@given(seed=st.integers(0, 100_000), at_least=st.sampled_from([0.0, 0.04, 0.25, 0.49]))
def test_overlaps_are_those_of_whole_pictures(seed: int, at_least: float) -> None:
    rng = np.random.default_rng(seed)
    whole = np.zeros((6, 30, 40), bool)
    for mask in whole:
        (top, left), (bottom, right) = np.sort(rng.integers(0, 31, (2, 2)), axis=0)
        mask[top:bottom, left:right] = rng.random((bottom - top, right - left)) < 0.8
    crowd = (rng.random(3) < 0.3).tolist()
    cut = [Silhouette.of_image(mask) for mask in whole]
    found = mask_iou(cut[:3], cut[3:], crowd, at_least=at_least)
    for d in range(3):
        for p in range(3):
            either = whole[d] if crowd[p] else whole[d] | whole[3 + p]
            expected = (whole[d] & whole[3 + p]).sum() / max(int(either.sum()), 1)
            assert found[d, p] == expected or (found[d, p] == 0 and expected < at_least)
