"""Each quirk of the official evaluator by name, and the clean rule beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.ndimage

from vitruv.errors import InputError
from vitruv.formats.annotation import Person
from vitruv.metrics import CLEAN, DETECTRON2, ImageValues, MatchRules, Rules, match
from vitruv.metrics.mask_resize import resized
from vitruv.metrics.masks import Silhouette
from vitruv.metrics.part_masks import borders_of
from vitruv.metrics.rules import MAX_DETECTIONS, rules_named
from vitruv.metrics.similarity import SurfaceQueries, point_distances, true_points

HALF_AND_LAST = np.array([0.5, 0.95])
OFFICIAL = MatchRules(last_threshold_ignores=True, ignore_without_people=True)
CLEAN_MATCH = MatchRules(overlap_ignores=True)


class FlatSurface:
    """One chart, one metre from U = 0 to U = 1; the vertex is 255 U."""

    name = "flat"
    kappa_m = np.full(8, 0.255)

    def vertices(self, charts: Any, u: Any, v: Any) -> Any:
        return np.where(np.asarray(charts) == 1, np.round(255 * np.asarray(u)), -1).astype(np.int32)

    def vertices_of_codes(self, iuv_u8: Any) -> Any:
        return np.where(iuv_u8[0] == 1, iuv_u8[1].astype(np.int32), -1)

    def distances_m(self, a: Any, b: Any) -> Any:
        return (np.abs(np.asarray(a, np.float64) - b) / 255).astype(np.float32)


def annotated(x: list[float], y: list[float], u: list[float], box: list[float], chart: float = 1.0) -> Person:
    points = {"dp_x": x, "dp_y": y, "dp_I": [chart] * len(x), "dp_U": u, "dp_V": [0.5] * len(x)}
    return Person.checked({"id": 1, "image_id": 1, "bbox": box, **points}, "a.json", "annotations[0]")


def gps(person: Person, box: list[float], codes: Any, rules: Rules) -> float:
    surface = FlatSurface()
    points = true_points([person], surface, surface.kappa_m, rules)
    asked = SurfaceQueries.of(points, [slice(0, 1)], [np.array([box], np.float64)], [[codes]], surface, rules)
    (found,) = point_distances([asked], surface, rules)
    return float(found.gps[0, 0])


def ramp(height: int = 10, width: int = 256) -> Any:
    """A chart map whose U code is the column."""
    codes = np.zeros((3, height, width), np.uint8)
    codes[0], codes[1] = 1, np.arange(width)
    return codes


def test_compat_names() -> None:
    assert (rules_named("detectron2"), rules_named("clean")) == (DETECTRON2, CLEAN)
    with pytest.raises(InputError, match="compat must be one of"):
        rules_named("caffe2")


def test_grid_of_255_against_256() -> None:
    """A point in the last column of the grid: x = 255 lies at the right end of the box officially, beside it by the data's rule."""
    person = annotated([254.9], [10], [1.0], [0, 0, 256, 10])
    box = [0.0, 0.0, 256.0, 10.0]
    assert gps(person, box, ramp(), DETECTRON2) == 1.0  # 254.9 * 256 / 255 = 255.9: column 255
    assert gps(person, box, ramp(), CLEAN) == 1.0  # 255.4: column 255
    inner = annotated([200.0], [10], [200 / 255], [0, 0, 256, 10])
    assert gps(inner, box, ramp(), DETECTRON2) == 1.0  # 200.8: column 200
    wide = annotated([100.0], [10], [0.0], [0, 0, 2550, 10])  # ten columns for each of the grid's
    codes = np.zeros((3, 10, 2550), np.uint8)
    codes[0] = 1
    codes[1, :, 1000] = 255
    assert gps(wide, [0.0, 0.0, 2550.0, 10.0], codes, DETECTRON2) < 1  # 100 * 2550 / 255 = 1000
    assert gps(wide, [0.0, 0.0, 2550.0, 10.0], codes, CLEAN) == 1.0  # 100.5 * 2550 / 256 = 1001.07


def test_truncation_towards_zero_takes_in_the_pixel_before_the_box() -> None:
    person = annotated([0.0], [5], [0.0], [9.5, 0, 255, 10])
    box = [10.0, 0.0, 250.0, 10.0]  # the point is half a pixel left of the detection
    assert gps(person, box, ramp(width=250), DETECTRON2) == 1.0
    assert gps(annotated([0.0], [5], [0.0], [8.9, 0, 255, 10]), box, ramp(width=250), DETECTRON2) == 0.0
    assert gps(annotated([0.0], [5], [0.0], [8.9, 0, 255, 10]), box, ramp(width=250), CLEAN) == 0.0


def test_codes_are_read_as_255ths_and_points_on_no_chart_do_not_count() -> None:
    person = annotated([10.0, 20.0], [5, 5], [10 / 255, 0.0], [0, 0, 256, 10])
    known = dict(person.record) | {"dp_I": [1.0, 0.0]}
    half = Person.checked(known, "a.json", "annotations[0]")
    assert gps(half, [0.0, 0.0, 256.0, 10.0], ramp(), DETECTRON2) == 1.0
    nothing = Person.checked(known | {"dp_I": [0.0, 7.0]}, "a.json", "annotations[0]")
    assert gps(nothing, [0.0, 0.0, 256.0, 10.0], ramp(), DETECTRON2) == 0.0


def test_points_outside_or_on_background_are_worth_nothing() -> None:
    person = annotated([10.0, 250.0], [5, 5], [10 / 255, 250 / 255], [0, 0, 256, 10])
    assert gps(person, [0.0, 0.0, 100.0, 10.0], ramp(width=100), DETECTRON2) == 0.5
    codes = ramp()
    codes[:, :, 250] = 0
    assert gps(person, [0.0, 0.0, 256.0, 10.0], codes, CLEAN) == 0.5


def test_squares_in_float32_where_all_distances_come_from_the_table() -> None:
    person = annotated([10.0], [5], [77 / 255], [0, 0, 255, 10])
    d = np.float32(67 / 255)
    official, clean = (gps(person, [0.0, 0.0, 256.0, 10.0], ramp(), rules) for rules in (DETECTRON2, CLEAN))
    assert official == np.exp(-np.float64(d * d) / (2 * 0.255**2))
    assert clean == np.exp(-(np.float64(d) ** 2) / (2 * 0.255**2))
    assert official != clean
    # with one exact hit the official numbers are float64, too
    mixed = annotated([10.0, 20.0], [5, 5], [77 / 255, 20 / 255], [0, 0, 255, 10])
    assert gps(mixed, [0.0, 0.0, 256.0, 10.0], ramp(), DETECTRON2) == (clean + 1) / 2


def image(values: list[list[float]], boxes: list[list[float]], ignored: list[bool], **options: Any) -> ImageValues:
    table = np.array(values, np.float64).reshape(len(values), len(ignored))
    count = len(table)
    return ImageValues(
        table[None],
        np.array(boxes, np.float64).reshape(table.shape),
        np.linspace(1, 0.5, count),
        np.array(options.get("areas", [5000.0] * count)),
        np.array(options.get("person_areas", [5000.0] * len(ignored))),
        np.array(ignored, bool),
        np.array(options.get("crowd", [False] * len(ignored)), bool),
        np.array(options.get("ids", range(1, len(ignored) + 1)), np.int64),
    )


def outcome(one: ImageValues, rules: MatchRules, t: int = 0) -> tuple[list[bool], list[bool]]:
    """hit and ignored of the detections, area range all."""
    (found,) = match([one], HALF_AND_LAST, rules)
    return found.hit[0, 0, t].tolist(), found.ignored[0, 0, t].tolist()


def test_detections_without_people_are_ignored_officially() -> None:
    assert outcome(image([[], []], [], []), OFFICIAL) == ([False] * 2, [True] * 2)
    assert outcome(image([[], []], [], []), CLEAN_MATCH) == ([False] * 2, [False] * 2)
    only_ignored = image([[0.0]], [[0.1]], [True])
    assert outcome(only_ignored, OFFICIAL) == ([False], [True])
    assert outcome(only_ignored, CLEAN_MATCH) == ([False], [False])


def test_last_threshold_ignores_detections_on_people_without_points() -> None:
    # person 1 counts, person 2 has no points; the second detection lies on person 2
    one = image([[0.9, 0], [0, 0]], [[0.9, 0], [0, 0.85]], [False, True])
    assert outcome(one, OFFICIAL) == ([True, False], [False, True])
    assert outcome(one, OFFICIAL, t=1)[1] == [False, True]
    assert outcome(one, MatchRules()) == ([True, False], [False, False])
    less = image([[0.9, 0], [0, 0]], [[0.9, 0], [0, 0.7]], [False, True])
    assert outcome(less, OFFICIAL) == ([True, False], [False, False])
    assert outcome(less, CLEAN_MATCH) == ([True, False], [False, True])  # half of the box is enough


def test_last_threshold_rule_looks_at_the_last_threshold_only() -> None:
    # matched to the ignored person at 0.5 and so ignored there; at 0.95 unmatched, and on a person who counts: counted everywhere
    one = image([[0.6, 0.4]], [[0.0, 0.9]], [True, False])
    (found,) = match([one], HALF_AND_LAST, OFFICIAL)
    assert found.ignored[0, 0, :, 0].tolist() == [False, False]
    (plain,) = match([one], HALF_AND_LAST, MatchRules())
    assert plain.ignored[0, 0, :, 0].tolist() == [True, False]


def test_crowds_can_be_matched_many_times() -> None:
    one = image([[0.9], [0.8], [0.7]], [[0.9]] * 3, [False], crowd=[True])
    assert outcome(one, OFFICIAL)[0] == [True, True, True]
    assert outcome(image([[0.9], [0.8], [0.7]], [[0.9]] * 3, [False]), OFFICIAL)[0] == [True, False, False]


def test_the_later_of_equal_people_is_taken_and_zero_never_matches() -> None:
    (found,) = match([image([[0.7, 0.7, 0.2]], [[0, 0, 0]], [False] * 3)], HALF_AND_LAST, OFFICIAL)
    assert found.person[0, 0, 0].tolist() == [1]
    (none,) = match([image([[0.0]], [[0]], [False])], np.array([0.0]), OFFICIAL)
    assert none.person[0, 0, 0].tolist() == [-1]


def test_an_annotation_with_id_0_is_taken_but_never_a_hit() -> None:
    one = image([[0.9], [0.9]], [[0], [0]], [False], ids=[0])
    (found,) = match([one], HALF_AND_LAST, OFFICIAL)
    assert found.person[0, 0, 0].tolist() == [0, -1]
    assert not found.hit.any()


def test_unmatched_detections_outside_the_area_range_are_ignored() -> None:
    one = image([[0.0]], [[0]], [False], areas=[100.0])
    (found,) = match([one], HALF_AND_LAST, OFFICIAL)
    assert found.ignored[0, :, 0, 0].tolist() == [False, True, True]
    assert found.person_ignored[:, 0].tolist() == [False, False, True] or found.person_ignored.shape == (3, 1)


def test_twenty_detections_of_an_image_count() -> None:
    assert MAX_DETECTIONS == 20


@pytest.mark.parametrize("seed", range(4))
def test_masks_are_stretched_as_scipy_zooms(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = scipy.ndimage.gaussian_filter(rng.random((256, 256)), 3) > 0.5
    sides = [(1.0, 1.0), (2.0, 300.0), (255.0, 257.0), *map(tuple, rng.uniform(0.2, 700, (18, 2)).tolist())]
    for (height, width), ours in zip(sides, resized([borders_of(mask)] * len(sides), sides, align_corners=True), strict=True):
        theirs = scipy.ndimage.zoom(mask.astype(float), (max(height, 1) / 256, max(width, 1) / 256), order=1, prefilter=False) > 0.5
        np.testing.assert_array_equal(ours, theirs)


def test_clean_stretching_keeps_the_middle_in_the_middle() -> None:
    mask = np.zeros((256, 256), bool)
    mask[:, 64:192] = True
    wide, same = resized([borders_of(mask)] * 2, [(8, 512), (256, 256)], align_corners=False)
    assert wide.any(axis=0).sum() == 256
    np.testing.assert_array_equal(same, mask)
    assert resized([], [], align_corners=False) == []


def test_masks_are_placed_at_the_truncated_box() -> None:
    placed = Silhouette.placed(np.ones((5, 4), bool), [-2.7, 3.9, 4.0, 5.0], (7, 9))
    assert (placed.left, placed.top, placed.inside.shape) == (0, 3, (4, 1))  # x + w = 1.3 ends the mask at column 1
    assert Silhouette.placed(np.ones((5, 4), bool), [-40.0, 0.0, 4.0, 5.0], (7, 9)).area == 0


def test_the_genuine_switches_are_all_used() -> None:
    assert all(getattr(DETECTRON2, name) != getattr(CLEAN, name) for name in Rules.__dataclass_fields__)
