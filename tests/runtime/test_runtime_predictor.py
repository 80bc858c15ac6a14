"""From a picture to `DensePoses`, with real graphs: what was painted comes back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toy_model import painted_picture, write_toy_model
from vitruv import DensePoses, Predictor, load
from vitruv.errors import InputError, MissingFileError, UnreadableFileError
from vitruv.geometry import iou
from vitruv.results import ChartMap

TWO_PEOPLE = [(40, 30, 60, 150), (200, 50, 70, 100)]
LEFT_XYXY, RIGHT_XYXY = (40, 30, 100, 180), (200, 50, 270, 150)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return load(write_toy_model(tmp_path_factory.mktemp("models") / "toy"))


def assert_shows(people: DensePoses, truth: ChartMap, share: float = 0.9) -> None:
    """Labels as painted, U and V close to it where they are."""
    canvas, _ = people.canvas()
    same = canvas.labels == truth.labels
    assert same.mean() > share
    inside = same & (truth.labels > 0)
    assert np.median(abs(canvas.uv - truth.uv)[:, inside]) < 0.02


def test_nobody(predictor: Predictor) -> None:
    people = predictor(np.zeros((240, 320, 3), np.uint8))
    assert len(people) == 0
    assert people.boxes_xyxy.shape == (0, 4)
    assert people.size_hw == (240, 320)
    assert not people.canvas()[0].labels.any()


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 2000), (2000, 1), (20, 4000)])
def test_odd_sizes(predictor: Predictor, size_hw: tuple[int, int]) -> None:
    assert predictor(np.zeros((*size_hw, 3), np.uint8)).size_hw == size_hw
    everything = predictor(np.full((*size_hw, 3), 20, np.uint8), boxes=[[0, 0, size_hw[1], size_hw[0]]])
    assert everything.charts[0].size_hw == size_hw


@pytest.mark.parametrize("factor", [1, 2, 5])
def test_finds_and_maps_people(predictor: Predictor, factor: int) -> None:
    boxes = [tuple(factor * v for v in box) for box in TWO_PEOPLE]
    picture, truth = painted_picture((240 * factor, 320 * factor), boxes)  # type: ignore[arg-type]
    people = predictor(picture)
    assert people.scores.tolist() == pytest.approx([0.9, 0.8])
    for found, painted in zip(people.boxes_xyxy, (LEFT_XYXY, RIGHT_XYXY), strict=True):
        assert iou(found[None], factor * np.array([painted]))[0, 0] > 0.85
    assert_shows(people, truth)


def test_path_picture_and_array_are_the_same(predictor: Predictor, tmp_path: Path) -> None:
    picture, _ = painted_picture((240, 320), TWO_PEOPLE)
    Image.fromarray(picture).save(tmp_path / "a.png")
    expected = predictor(picture).canvas()[0].labels
    for image in (tmp_path / "a.png", str(tmp_path / "a.png"), Image.fromarray(picture)):
        np.testing.assert_array_equal(predictor(image).canvas()[0].labels, expected)


def test_a_read_only_and_a_strided_array(predictor: Predictor) -> None:
    picture, truth = painted_picture((240, 320), TWO_PEOPLE)
    picture.setflags(write=False)
    assert_shows(predictor(picture), truth)
    padded = np.zeros((240, 640, 3), np.uint8)
    padded[:, ::2] = picture
    assert_shows(predictor(padded[:, ::2]), truth)


def test_threshold(predictor: Predictor) -> None:
    picture, _ = painted_picture((240, 320), TWO_PEOPLE)
    assert [len(predictor(picture, threshold=t)) for t in (0, 0.8, 0.85, 0.95, 1)] == [2, 2, 1, 0, 0]


def test_given_boxes_keep_order_and_count(predictor: Predictor) -> None:
    picture, truth = painted_picture((240, 320), TWO_PEOPLE)
    people = predictor(picture, boxes=[RIGHT_XYXY, LEFT_XYXY, RIGHT_XYXY], threshold=1)
    np.testing.assert_array_equal(people.boxes_xyxy, np.array([RIGHT_XYXY, LEFT_XYXY, RIGHT_XYXY], np.float32))
    assert people.scores.tolist() == [1, 1, 1]
    assert_shows(people, truth)


def test_no_given_boxes(predictor: Predictor) -> None:
    picture, _ = painted_picture((240, 320), TWO_PEOPLE)
    assert len(predictor(picture, boxes=[])) == 0
    assert len(predictor(picture, boxes=np.zeros((0, 4)))) == 0


def test_boxes_with_fractions_and_over_the_border(predictor: Predictor) -> None:
    picture, truth = painted_picture((240, 320), [(0, 0, 80, 240)])
    people = predictor(picture, boxes=[[-40.7, -20.2, 80.9, 260.5]])
    assert people.placements_xywh.tolist() == [[-40, -20, 121, 280]]
    assert people.charts[0].size_hw == (280, 121)
    # Outside the picture the toy sees its padding, black, which is background.
    assert not people.charts[0].labels[:, :30].any()
    assert_shows(people, truth)


def test_many_people_and_a_fixed_batch(predictor: Predictor, tmp_path: Path) -> None:
    picture, _ = painted_picture((240, 320), TWO_PEOPLE)
    boxes = [(40 + i % 7, 30 - i % 5, 100 + i % 3, 180 + i) for i in range(37)]
    expected = predictor(picture, boxes=boxes)
    in_fours = load(write_toy_model(tmp_path / "toy4", batch=4))(picture, boxes=boxes)
    for one, other in zip(expected.charts, in_fours.charts, strict=True):
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_allclose(one.uv, other.uv, atol=1e-6)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([[0, 0, 10, 10], [0, 0, float("nan"), 10]], r"boxes\[1\] is not finite"),
        ([[0, 0, float("inf"), 10]], r"boxes\[0\] is not finite"),
        ([[0, 0, 10, 10], [5, 5, 5, 9]], r"boxes\[1\] is empty or inverted"),
        ([[9, 0, 3, 10]], r"boxes\[0\] is empty or inverted: \[9\.0, 0\.0, 3\.0, 10\.0\]"),
        ([[320, 0, 400, 10]], r"boxes\[0\] lies outside the picture of 320x240 pixels"),
        ([[0, -50, 10, 0]], r"boxes\[0\] lies outside the picture"),
        ([[0, 0, 1e30, 10]], r"boxes\[0\] is more than 3 times the picture of 320x240 pixels"),
        ([0, 0, 10, 10], r"boxes must have shape \(n, 4\)"),
        ([[0, 0, 10]], r"boxes must have shape \(n, 4\)"),
        ("boxes", "boxes must be"),
        ([[0, 0, 10, 10], [0, 0, 10]], "boxes must be"),
    ],
)
def test_unusable_boxes_are_named(predictor: Predictor, boxes: object, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        predictor(np.zeros((240, 320, 3), np.uint8), boxes=boxes)
    assert isinstance(caught.value, InputError)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan"), "0.5", True])
def test_unusable_threshold(predictor: Predictor, threshold: object) -> None:
    with pytest.raises(InputError, match="threshold must be a number from 0 to 1, but got "):
        predictor(np.zeros((24, 32, 3), np.uint8), threshold=threshold)  # type: ignore[arg-type]


def test_unusable_pictures(predictor: Predictor, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        predictor(tmp_path / "gone.jpg")
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(UnreadableFileError):
        predictor(tmp_path / "text.jpg")
    with pytest.raises(InputError, match="image must be"):
        predictor(3)


def test_predicting_does_not_import_torch(tmp_path: Path) -> None:
    folder = write_toy_model(tmp_path / "toy")
    program = (
        "import sys, numpy, vitruv; early = set(sys.modules)\n"
        f"vitruv.load({str(folder)!r})(numpy.zeros((9, 9, 3), numpy.uint8))\n"
        "print([m for m in ('torch', 'scipy', 'numba', 'matplotlib', 'rich', 'tyro') if m in sys.modules],\n"
        "      [m for m in ('onnxruntime', 'PIL') if m in early])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[] []"


class InOneGo:
    """A model that does all pictures at once."""

    threshold = 0.5

    def __init__(self) -> None:
        self.asked: list[tuple[int, list[object], float]] = []

    def predict(self, rgb: np.ndarray, *, boxes_xyxy: object, threshold: float) -> DensePoses:
        raise AssertionError("several pictures must not be done one by one")

    def predict_many(self, pictures: list[np.ndarray], *, boxes_xyxy: list[object], threshold: float) -> list[DensePoses]:
        self.asked.append((len(pictures), boxes_xyxy, threshold))
        return [DensePoses.empty((rgb.shape[0], rgb.shape[1])) for rgb in pictures]


def test_a_list_of_pictures(predictor: Predictor, tmp_path: Path) -> None:
    assert predictor([]) == []
    small, _ = painted_picture((240, 320), TWO_PEOPLE)
    large, _ = painted_picture((480, 640), [(80, 60, 120, 300)])
    Image.fromarray(small).save(tmp_path / "a.png")
    found = predictor([tmp_path / "a.png", large, Image.fromarray(small)], threshold=0.85)
    assert [people.size_hw for people in found] == [(240, 320), (480, 640), (240, 320)]
    for people, picture in zip(found, (small, large, small), strict=True):
        alone = predictor(picture, threshold=0.85)
        np.testing.assert_array_equal(people.boxes_xyxy, alone.boxes_xyxy)
        np.testing.assert_array_equal(people.canvas().chart.labels, alone.canvas().chart.labels)


def test_boxes_for_a_list_of_pictures(predictor: Predictor) -> None:
    picture, _ = painted_picture((240, 320), TWO_PEOPLE)
    given, found, none = predictor([picture] * 3, boxes=[[RIGHT_XYXY], None, []])
    assert given.boxes_xyxy.tolist() == [list(RIGHT_XYXY)]
    assert len(found) == 2
    assert len(none) == 0


def test_a_model_may_do_all_pictures_at_once() -> None:
    model = InOneGo()
    found = Predictor(model)([np.zeros((4, 5, 3), np.uint8), np.zeros((6, 7, 3), np.uint8)], threshold=0.25)
    assert [people.size_hw for people in found] == [(4, 5), (6, 7)]
    assert model.asked == [(2, [None, None], 0.25)]


@pytest.mark.parametrize(
    ("images", "boxes", "message"),
    [
        ([np.zeros((2, 2), np.uint8)], None, "image 0 of 1: image must be an RGB array"),
        ([np.zeros((9, 9, 3), np.uint8), 7], None, "image 1 of 2: image must be a path, a PIL image or an RGB array, but got int"),
        ([np.zeros((9, 9, 3), np.uint8)] * 2, [None, [[5, 5, 1, 1]]], r"image 1 of 2: boxes\[0\] is empty or inverted"),
        ([np.zeros((9, 9, 3), np.uint8)] * 2, [None], "boxes must be a list with an entry for each of the 2 images, but got 1"),
        (
            [np.zeros((9, 9, 3), np.uint8)] * 2,
            np.zeros((2, 4)),
            "boxes must be a list .* for each of the 2 images, but got ndarray",
        ),
    ],
)
def test_what_is_wrong_in_a_list_is_numbered(predictor: Predictor, images: list[object], boxes: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        predictor(images, boxes=boxes)  # type: ignore[call-overload]


def test_bgr_arrays(predictor: Predictor, tmp_path: Path) -> None:
    picture, _ = painted_picture((240, 320), TWO_PEOPLE)
    expected = predictor(picture).canvas().chart.labels
    bgr = np.ascontiguousarray(picture[:, :, ::-1])
    np.testing.assert_array_equal(predictor(bgr, color="bgr").canvas().chart.labels, expected)
    np.testing.assert_array_equal(predictor([bgr], color="bgr")[0].canvas().chart.labels, expected)
    assert (predictor(bgr).canvas().chart.labels != expected).any()
    # Files and PIL images know their own order.
    Image.fromarray(picture).save(tmp_path / "a.png")
    for image in (tmp_path / "a.png", Image.fromarray(picture)):
        np.testing.assert_array_equal(predictor(image, color="bgr").canvas().chart.labels, expected)
    with pytest.raises(InputError, match="color must be 'rgb' or 'bgr', but got 'brg'"):
        predictor(picture, color="brg")  # type: ignore[call-overload]
