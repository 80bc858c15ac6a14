"""Points on masks: how many, where, in which order."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vitruv.errors import InputError
from vitruv.sampling import PART_ORDER, point_count, sample_points
from vitruv.types import BoolArray


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _disk(radius: int, centre: tuple[int, int] = (128, 128)) -> BoolArray:
    y, x = np.mgrid[:256, :256]
    return (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= radius**2


def test_an_empty_mask_has_no_points() -> None:
    assert sample_points(np.zeros((256, 256), bool), 14, _rng()).shape == (0, 2)
    assert sample_points(_disk(5), 0, _rng()).shape == (0, 2)
    assert point_count(0) == 0


_AREAS = "1:1 4:4 5:5 299:5 300:6 599:6 600:7 699:7 700:8 969:8 970:10 1449:10 1450:12 1999:12 2000:14 65536:14"


@pytest.mark.parametrize(("area", "count"), [tuple(map(int, pair.split(":"))) for pair in _AREAS.split()])
def test_points_by_area(area: int, count: int) -> None:
    assert point_count(area) == count


def test_misuse_is_refused() -> None:
    with pytest.raises(InputError, match="area must not be negative, but got -1"):
        point_count(-1)
    with pytest.raises(InputError, match=r"mask must be \(h, w\) bool, but got \(4, 4\) uint8"):
        sample_points(np.zeros((4, 4), np.uint8), 3, _rng())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="count must not be negative, but got -2"):
        sample_points(_disk(5), -2, _rng())


def test_a_mask_smaller_than_count_gives_all_its_pixels() -> None:
    mask = np.zeros((256, 256), bool)
    mask[10, 20:23] = True
    np.testing.assert_array_equal(sample_points(mask, 14, _rng()), [[20, 10], [21, 10], [22, 10]])


def test_one_point_is_the_centroid() -> None:
    np.testing.assert_allclose(sample_points(_disk(20, (90, 70)), 1, _rng()), [[90, 70]], atol=1e-4)


def test_points_are_centroids_of_their_cells_and_equally_far_apart() -> None:
    mask = _disk(60)
    points = sample_points(mask, 14, _rng()).astype(float)
    pixels = np.argwhere(mask)[:, ::-1].astype(float)
    nearest = np.linalg.norm(pixels[:, None] - points[None], axis=2).argmin(axis=1)
    for i, point in enumerate(points):
        assert np.linalg.norm(pixels[nearest == i].mean(axis=0) - point) < 0.2, f"point {i} is not the centroid of its cell"
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    closest = apart.min(axis=1)
    assert closest.std() / closest.mean() < 0.2, "as even as real annotations"


@pytest.mark.parametrize("shape", ["ring", "two pieces", "crescent", "line"])
def test_every_point_lies_inside(shape: str) -> None:
    line = np.zeros((256, 256), bool)
    line[np.arange(200), np.arange(200)] = True
    mask = {
        "ring": _disk(40) & ~_disk(36),
        "two pieces": _disk(12, (40, 40)) | _disk(12, (200, 200)),
        "crescent": _disk(40) & ~_disk(40, (140, 128)),
        "line": line,
    }[shape]
    for count in (1, 2, 5, 14):
        points = sample_points(mask, count, _rng())
        assert len(points) == count
        x, y = np.rint(points).astype(int).T
        assert mask[y, x].all(), f"{count} points, some outside the {shape}"
        assert len(set(zip(x.tolist(), y.tolist(), strict=True))) == count, "two points on one pixel"


def test_the_same_generator_gives_the_same_points() -> None:
    mask = _disk(30)
    np.testing.assert_array_equal(sample_points(mask, 10, _rng(7)), sample_points(mask, 10, _rng(7)))


@settings(max_examples=60, deadline=None)
@given(mask=arrays(bool, (12, 12)), count=st.integers(0, 20), seed=st.integers(0, 5))
def test_any_mask(mask: BoolArray, count: int, seed: int) -> None:
    points = sample_points(mask, count, _rng(seed))
    assert points.dtype == np.float32
    assert len(points) == min(count, int(mask.sum()))
    x, y = np.rint(points).astype(int).T
    assert mask[y, x].all()
    assert (np.diff(points[:, 1]) >= 0).all(), "from top to bottom"


@pytest.mark.fixtures
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_real_annotations_follow_the_same_rules(shared_dir: Path) -> None:
    mask_codec = pytest.importorskip("pycocotools.mask")
    annotations = json.loads((shared_dir / "fixtures" / "densepose_coco_2014_tiny.json").read_text())["annotations"]
    right = parts = 0
    for annotation in annotations:
        if "dp_x" not in annotation:
            continue
        labels = np.zeros((256, 256), int)
        for part, rle in enumerate(annotation["dp_masks"], start=1):
            if rle:
                labels[mask_codec.decode(rle) > 0] = part
        x, y = np.array(annotation["dp_x"]), np.array(annotation["dp_y"])
        of_point = labels[np.rint(y).astype(int), np.rint(x).astype(int)]
        found = [part for part in dict.fromkeys(of_point.tolist()) if part]
        assert found == [part for part in PART_ORDER if part in found], "the order of the parts"
        for part in found:
            inside = of_point == part
            assert (np.diff(y[inside]) > -0.51).all(), "from top to bottom"
            parts += 1
            # An annotator skips points too: real counts may be lower, never higher.
            right += int(inside.sum()) == point_count(int((labels == part).sum()))
    assert parts >= 30
    assert right / parts > 0.9
