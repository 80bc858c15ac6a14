"""`ChartMap`, `DensePoses` and the canvas."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from vitruv import ChartMap, DensePoses
from vitruv.errors import InputError


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
    with pytest.raises(AttributeError, match="module 'vitruv' has no attribute 'lod'"):
        vitruv.lod  # noqa: B018
