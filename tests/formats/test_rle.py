"""COCO masks against pycocotools."""

from __future__ import annotations

import numpy as np
import pycocotools.mask
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vitruv.errors import InputError
from vitruv.formats.rle import decode_rle, encode_rle, parse_rle, rasterize_polygons, unpack_many

# pycocotools has not followed NumPy 2 in `__array__`
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")

MASKS = arrays(bool, st.tuples(st.integers(0, 40), st.integers(0, 40)))


def test_no_masks() -> None:
    runs, first = unpack_many([])
    assert (len(runs), first.tolist()) == (0, [0])


@given(mask=MASKS)
def test_packing_is_that_of_coco(mask: np.ndarray) -> None:
    packed = encode_rle(mask)
    if mask.size:
        theirs = pycocotools.mask.encode(np.asfortranarray(mask, np.uint8))
        assert packed["counts"] == theirs["counts"].decode()
    np.testing.assert_array_equal(decode_rle(packed), mask)


@given(masks=st.lists(MASKS, max_size=5))
def test_many_at_once_equal_one_by_one(masks: list[np.ndarray]) -> None:
    packed = [encode_rle(mask) for mask in masks]
    runs, first = unpack_many([p["counts"] for p in packed])
    for i, one in enumerate(packed):
        np.testing.assert_array_equal(runs[first[i] : first[i + 1]], parse_rle(one)[0])


def test_large_runs() -> None:
    mask = np.zeros((3000, 2000), bool)
    mask[2999, 1999] = True
    assert encode_rle(mask)["counts"] == pycocotools.mask.encode(np.asfortranarray(mask, np.uint8))["counts"].decode()
    np.testing.assert_array_equal(decode_rle(encode_rle(mask)), mask)


def test_plain_runs() -> None:
    assert decode_rle({"size": [2, 2], "counts": [1, 2, 1]}).tolist() == [[False, True], [True, False]]


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        (None, "a mask must be"),
        ({"size": [2, 2]}, "a mask must be"),
        ({"size": [2.5, 2], "counts": ""}, "a mask must be"),
        ({"size": [1, True], "counts": "1"}, "a mask must be"),
        ({"size": [-2, 2], "counts": ""}, "cannot be read"),
        ({"size": [60000, 60000], "counts": "1"}, "cannot be read"),
        ({"size": [2, 2], "counts": [5]}, "cover 5 pixels, but its size is 2x2"),
        ({"size": [2, 2], "counts": [-1, 5]}, "whole numbers"),
        ({"size": [2, 2], "counts": [4.0]}, "whole numbers"),
        ({"size": [2, 2], "counts": "9"}, "cover 9 pixels"),
        ({"size": [2, 2], "counts": ""}, "cover 0 pixels"),
        ({"size": [2, 2], "counts": "4 "}, "damaged"),
        ({"size": [2, 2], "counts": "Q"}, "damaged"),
        ({"size": [2, 2], "counts": "ÿ"}, "damaged"),
        ({"size": [2, 2], "counts": "PPPPPPPPP0"}, "damaged"),
    ],
)
def test_broken_masks_are_refused(rle: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        decode_rle(rle)
    with pytest.raises(InputError):
        parse_rle(rle, size_hw=(9, 9))


@given(
    corners=st.lists(st.floats(-20, 60, width=32), min_size=6, max_size=16).map(lambda c: c[: len(c) // 2 * 2]),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_polygons_are_filled_as_coco_fills_them(corners: list[float], size: tuple[int, int]) -> None:
    theirs = pycocotools.mask.decode(pycocotools.mask.frPyObjects([corners], *size))[..., 0] > 0
    np.testing.assert_array_equal(rasterize_polygons([corners], size), theirs)


@pytest.mark.parametrize("polygon", [[], [1, 2, 3, 4], [1, 2, 3, 4, 5], [0, 0, 1e9, 0, 0, 1], [0, 0, float("nan"), 0, 0, 1]])
def test_broken_polygons_are_refused(polygon: list[float]) -> None:
    with pytest.raises(InputError, match="polygon"):
        rasterize_polygons([polygon], (4, 4))
    with pytest.raises(InputError, match="image of 60000x60000 pixels"):
        rasterize_polygons([polygon], (60000, 60000))
