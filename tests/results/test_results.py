"""`ChartMap`, `DensePoses` and the canvas."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from vitruv import ChartMap, DensePoses
from vitruv.errors import InputError
from vitruv.surface import Atlas


@pytest.fixture(scope="module")
def built_in_atlas() -> Atlas:
    return Atlas.load()


def flat(label: int, size_hw: tuple[int, int], u: float = 0.25, v: float = 0.5) -> ChartMap:
    """One chart everywhere."""
    uv = np.empty((2, *size_hw), np.float32)
    uv[0], uv[1] = u, v
    return ChartMap(np.full(size_hw, label, np.uint8), uv)


def people(boxes: list[tuple[float, ...]], labels: list[int], scores: list[float], size_hw: tuple[int, int] = (6, 8)) -> DensePoses:
    sizes = [(max(int(y2 - y1), 1), max(int(x2 - x1), 1)) for x1, y1, x2, y2 in boxes]
    charts = [flat(label, size) for label, size in zip(labels, sizes, strict=True)]
    return DensePoses(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), charts, size_hw)


def test_nobody() -> None:
    nobody = DensePoses.empty((3, 4))
    assert len(nobody) == 0
    assert nobody.placements_xywh.shape == (0, 4)
    canvas, person = nobody.canvas()
    assert canvas.size_hw == (3, 4)
    assert not canvas.labels.any()
    assert not canvas.uv.any()
    assert not person.any()
    assert (canvas.labels.dtype, canvas.uv.dtype, person.dtype) == (np.uint8, np.float32, np.int32)


def test_empty_chart_map() -> None:
    assert ChartMap.empty((0, 5)).size_hw == (0, 5)
    assert not ChartMap.empty((2, 3)).uv.any()


@pytest.mark.parametrize(
    ("labels", "uv", "message"),
    [
        (np.zeros((2, 3), np.int64), np.zeros((2, 2, 3), np.float32), r"labels must be \(h, w\) uint8, but got \(2, 3\) int64"),
        (np.zeros(3, np.uint8), np.zeros((2, 3), np.float32), r"labels must be \(h, w\) uint8, but got \(3,\) uint8"),
        (
            np.zeros((2, 3), np.uint8),
            np.zeros((2, 3, 2), np.float32),
            r"\(2, 2, 3\) float32, but got \(2, 3, 2\) float32",
        ),
        (np.zeros((2, 3), np.uint8), np.zeros((2, 2, 3)), r"uv must be \(2, 2, 3\) float32, but got \(2, 2, 3\) float64"),
        (np.full((2, 3), 25, np.uint8), np.zeros((2, 2, 3), np.float32), r"labels must be in 0\.\.24, but the largest is 25"),
    ],
)
def test_chart_maps_are_checked(labels: np.ndarray, uv: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ChartMap(labels, uv)


@pytest.mark.parametrize(
    ("boxes", "scores", "options", "message"),
    [
        (
            np.zeros((2, 4)),
            np.zeros(1),
            {},
            r"must be \(1, 4\) and scores \(1,\) for 1 charts, but got \(2, 4\)",
        ),
        (np.array([[0, 0, 3, 2]]), np.zeros(2), {}, r"but got \(1, 4\) and \(2,\)"),
        (np.array([[0, 0, 4, 2]]), np.zeros(1), {}, r"charts\[0\] is 2x3 \(h x w\), but box 0 asks for 2x4"),
        (np.array([[0, 0, 3, 2]]), np.zeros(1), {"confidences": [{}, {}]}, "confidences must be empty or have one entry for each"),
        (np.array([[0, 0, 3, 2]]), np.zeros(1), {"closest_vertices": [0, 0]}, "closest_vertices must be empty or have one entry"),
    ],
)
def test_people_are_checked(boxes: np.ndarray, scores: np.ndarray, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DensePoses(boxes.astype(np.float32), scores.astype(np.float32), [flat(1, (2, 3))], (5, 5), **options)  # type: ignore[arg-type]


def test_a_person_lies_at_the_truncated_corner() -> None:
    canvas, person = people([(1.9, 2.9, 5.8, 4.8)], [7], [1]).canvas()
    expected = np.zeros((6, 8), np.uint8)
    expected[2:3, 1:4] = 7
    np.testing.assert_array_equal(canvas.labels, expected)
    np.testing.assert_array_equal(person, expected > 0)
    np.testing.assert_array_equal(canvas.uv[0], np.where(expected, np.float32(0.25), 0))
    np.testing.assert_array_equal(canvas.uv[1], np.where(expected, np.float32(0.5), 0))


@pytest.mark.parametrize(("scores", "on_top"), [([0.9, 0.5], 0), ([0.5, 0.9], 1), ([0.7, 0.7], 0)])
def test_the_higher_score_is_on_top(scores: list[float], on_top: int) -> None:
    canvas, person = people([(0, 0, 4, 4), (2, 2, 6, 6)], [1, 2], scores).canvas()
    assert canvas.labels[3, 3] == [1, 2][on_top]
    assert person[3, 3] == on_top + 1
    assert canvas.labels[0, 0] == 1
    assert canvas.labels[5, 5] == 2


def test_background_of_the_upper_person_is_clear() -> None:
    upper = ChartMap.empty((4, 4))
    upper.labels[0, 0] = 3
    lower = flat(5, (4, 4))
    both = DensePoses(np.array([[0, 0, 4, 4]] * 2, np.float32), np.array([0.9, 0.1], np.float32), [upper, lower], (4, 4))
    canvas, person = both.canvas()
    assert canvas.labels[0, 0] == 3
    assert (canvas.labels.ravel()[1:] == 5).all()
    assert person[0].tolist() == [1, 2, 2, 2]


@pytest.mark.parametrize(
    ("box", "seen"),
    [
        ((-2, -1, 2, 2), (slice(0, 2), slice(0, 2))),
        ((6, 4, 11, 9), (slice(4, 6), slice(6, 8))),
        ((-5, -5, 20, 20), (slice(None), slice(None))),
        ((20, 20, 24, 24), None),
        ((-9, 0, -3, 4), None),
    ],
)
def test_people_over_the_border(box: tuple[float, ...], seen: tuple[slice, slice] | None) -> None:
    canvas, _ = people([box], [4], [1]).canvas()
    expected = np.zeros((6, 8), np.uint8)
    if seen:
        expected[seen] = 4
    np.testing.assert_array_equal(canvas.labels, expected)


def test_importing_vitruv_is_light() -> None:
    program = "import sys, vitruv; print([m for m in ('torch', 'onnxruntime', 'PIL', 'scipy', 'tyro', 'rich') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_public_names() -> None:
    import vitruv

    assert callable(vitruv.load)
    assert vitruv.Predictor.__name__ == "Predictor"
    for name in vitruv.__all__:
        assert getattr(vitruv, name) is not None
    assert dir(vitruv) == sorted(vitruv.__all__)
    with pytest.raises(AttributeError, match="module 'vitruv' has no attribute 'lod'"):
        vitruv.lod  # noqa: B018


def crowd(n: int = 3) -> DensePoses:
    """n people side by side, each 2 wide and 3 high, with everything a result can hold."""
    boxes = np.array([(2 * i, 0, 2 * i + 2, 3) for i in range(n)], np.float32).reshape(-1, 4)
    scores = np.linspace(0.9, 0.5, n, dtype=np.float32)
    charts = [flat(i + 1, (3, 2)) for i in range(n)]
    return DensePoses(
        boxes,
        scores,
        charts,
        (6, 8),
        confidences=[{"sigma": np.full((3, 2), i, np.float32)} for i in range(n)],
        closest_vertices=[np.full((3, 2), i, np.int32) for i in range(n)],
        keypoints=np.arange(n * 51, dtype=np.float32).reshape(n, 17, 3),
        masks=[np.ones((3, 2), bool) for _ in range(n)],
        track_ids=np.arange(n, dtype=np.int64) + 10,
    )


def test_empty_results_can_hold_everything_and_be_indexed() -> None:
    nobody = crowd(0)
    assert list(nobody) == []
    assert len(nobody[:]) == len(nobody[[]]) == len(nobody[np.zeros(0, bool)]) == len(nobody.filter(min_score=0.5)) == 0
    assert nobody[:].keypoints is not None
    assert nobody[:].keypoints.shape == (0, 17, 3)
    with pytest.raises(IndexError, match="index 0 is out of range: there are 0 people"):
        nobody[0]


def test_people_one_by_one() -> None:
    people = crowd()
    assert [person.score for person in people] == people.scores.tolist()
    last = people[-1]
    assert last.box_xyxy.tolist() == [4, 0, 6, 3]
    assert last.placement_xywh == (4, 0, 2, 3)
    assert last.chart is people.charts[2]
    assert last.keypoints is not None
    assert last.keypoints.shape == (17, 3)
    assert last.mask is people.masks[2]
    assert last.track_id == 12
    assert last.confidences["sigma"].max() == 2
    assert last.closest_vertices is people.closest_vertices[2]
    bare = flat_people()[0]
    assert (bare.keypoints, bare.mask, bare.track_id, bare.confidences, bare.closest_vertices) == (None, None, None, {}, None)


def flat_people() -> DensePoses:
    return people([(0, 0, 3, 2), (3, 0, 6, 2)], [1, 2], [0.9, 0.5])


@pytest.mark.parametrize(
    ("index", "kept"),
    [
        (slice(None), [0, 1, 2]),
        (slice(1, None), [1, 2]),
        (slice(None, None, -1), [2, 1, 0]),
        ([2, 0], [2, 0]),
        ([-1], [2]),
        (np.array([True, False, True]), [0, 2]),
        ([False, True, False], [1]),
        ([], []),
        (np.array([1, 1]), [1, 1]),
    ],
)
def test_some_people(index: slice | np.ndarray | list[int], kept: list[int]) -> None:
    people = crowd()
    some = people[index]
    assert len(some) == len(kept)
    assert some.size_hw == people.size_hw
    for new, old in enumerate(kept):
        a, b = some[new], people[old]
        assert (a.score, a.placement_xywh, a.track_id) == (b.score, b.placement_xywh, b.track_id)
        assert a.chart is b.chart
        assert a.mask is b.mask
        assert a.confidences is b.confidences
        assert a.closest_vertices is b.closest_vertices
        np.testing.assert_array_equal(a.keypoints, b.keypoints)


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (3, IndexError, "index 3 is out of range: there are 3 people"),
        (-4, IndexError, "index -4 is out of range"),
        ([0, 3], IndexError, r"indices must be in -3\.\.2, but range over 0\.\.3"),
        ([True, False], InputError, "a mask must have one value for each of the 3 people, but got 2"),
        ("a", InputError, "people are indexed by an int, a slice, 3 bools or a list of ints, but got 'a'"),
        ([0.5], InputError, r"but got \[0.5\]"),
    ],
)
def test_wrong_indices(index: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        crowd()[index]  # type: ignore[call-overload]


def test_filter() -> None:
    some = people([(0, 0, 2, 3), (0, 0, 4, 3), (2, 0, 8, 6)], [1, 2, 3], [0.9, 0.6, 0.3])
    assert some.filter().scores.tolist() == some.scores.tolist()
    assert len(some.filter(min_score=0.5)) == 2
    assert [p.placement_xywh[2] for p in some.filter(min_area=12)] == [4, 6]
    assert len(some.filter(min_score=0.5, min_area=12)) == 1
    assert len(some.filter(min_score=0.95)) == 0


def test_one_line_each() -> None:
    assert repr(DensePoses.empty((3, 4))) == "DensePoses(0 people in 4x3 pixels)"
    assert repr(crowd(1)) == (
        "DensePoses(1 person in 8x6 pixels, scores 0.90, with confidences, closest_vertices, keypoints, masks, track_ids)"
    )
    assert repr(flat_people()) == "DensePoses(2 people in 8x6 pixels, scores 0.90 0.50)"
    many = people([(0, 0, 1, 1)] * 7, [1] * 7, [0.5] * 7)
    assert repr(many) == "DensePoses(7 people in 8x6 pixels, scores 0.50 0.50 0.50 0.50 0.50 ...)"
    assert repr(ChartMap.empty((2, 3))) == "ChartMap(3x2 pixels, 0 on the body, 0 charts)"
    assert repr(crowd()[1]) == "Person(box 2 0 4 3, score 0.70, track 11, ChartMap(2x3 pixels, 6 on the body, 1 charts))"


def test_the_canvas_has_names() -> None:
    canvas = flat_people().canvas()
    chart, person = canvas
    assert canvas.chart is chart
    assert canvas.person is person


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keypoints": np.zeros((2, 17, 3), np.float32)}, r"keypoints must be \(1, 17, 3\) float32, but got \(2, 17, 3\) float32"),
        ({"keypoints": np.zeros((1, 17, 3))}, r"keypoints must be \(1, 17, 3\) float32, but got \(1, 17, 3\) float64"),
        ({"track_ids": np.zeros(2, np.int64)}, r"track_ids must be \(1,\) int64, but got \(2,\) int64"),
        ({"masks": [np.zeros((2, 3), bool)] * 2}, "masks must be empty or have one entry for each of the 1 people, but got 2"),
        ({"masks": [np.zeros((2, 3), np.uint8)]}, r"masks\[0\] must be \(2, 3\) bool like its chart, but got \(2, 3\) uint8"),
        ({"masks": [np.zeros((3, 3), bool)]}, r"masks\[0\] must be \(2, 3\) bool like its chart, but got \(3, 3\) bool"),
    ],
)
def test_optional_fields_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DensePoses(np.array([[0, 0, 3, 2]], np.float32), np.zeros(1, np.float32), [flat(1, (2, 3))], (5, 5), **options)


def test_the_surface_of_a_chart_map(built_in_atlas: Atlas) -> None:
    assert len(ChartMap.empty((3, 4)).surface(built_in_atlas)) == 0
    chart = ChartMap(np.array([[0, 2, 2], [9, 0, 24]], np.uint8), np.full((2, 2, 3), 0.5, np.float32))
    points = chart.surface(built_in_atlas)
    assert len(points) == 4
    labels, _ = built_in_atlas.iuv(points)
    assert labels.tolist() == [2, 2, 9, 24]
    xyz = built_in_atlas.positions(points)
    assert (xyz[:, 1] > 0.3).all()
    assert xyz[2, 1] < xyz[0, 1] < xyz[3, 1]  # leg, torso, head: y is up
    assert xyz[0, 2] > 0  # the front faces +z
    assert xyz[3, 0] > 0  # chart 24 is the left half of the head
