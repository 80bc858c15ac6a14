"""People keep their numbers; between looks they are followed by their maps."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pytest

from toy_model import painted_picture, write_toy_model
from vitruv.errors import InputError
from vitruv.results import ChartMap, DensePoses
from vitruv.runtime import Predictor, load
from vitruv.tracking import Tracker
from vitruv.tracking.appearance import Appearance
from vitruv.tracking.association import associate
from vitruv.tracking.following import believable
from vitruv.tracking.track import Track
from vitruv.types import Float32Array, UInt8Array

Box: TypeAlias = tuple[float, float, float, float]

SIZE_HW = (120, 160)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return load(write_toy_model(tmp_path_factory.mktemp("models") / "toy"))


def walk(count: int = 20) -> list[UInt8Array]:
    """Two people: one walks right in the left half, one down in the right half."""
    return [painted_picture(SIZE_HW, [(8 + i, 20, 30, 60), (100, 10 + i, 24, 50)])[0] for i in range(count)]


class Scene:
    """A model that knows where everybody is: boxes and colours are told for each frame, in order."""

    threshold = 0.5

    def __init__(self, frames: list[list[Box]]) -> None:
        self.frames = frames
        self.looks: list[int] = []
        self.at = -1

    def predict(self, rgb: UInt8Array, *, boxes_xyxy: Float32Array | None, threshold: float) -> DensePoses:
        if boxes_xyxy is None:
            self.looks.append(self.at)
            boxes_xyxy = np.array(self.frames[self.at], np.float32).reshape(-1, 4)
        charts = []
        for x1, y1, x2, y2 in boxes_xyxy:
            labels = np.zeros((max(int(y2 - y1), 1), max(int(x2 - x1), 1)), np.uint8)
            for bx1, by1, bx2, by2 in self.frames[self.at]:
                rows = slice(max(int(by1 - y1), 0), max(int(by2 - y1), 0))
                columns = slice(max(int(bx1 - x1), 0), max(int(bx2 - x1), 0))
                labels[rows, columns] = 2
                labels[rows, columns][len(labels[rows, columns]) // 2 :] = 9
            charts.append(ChartMap(labels, np.zeros((2, *labels.shape), np.float32)))
        scores = np.linspace(0.8, 0.9, len(charts)).astype(np.float32)  # who comes later is in front, as painted
        return DensePoses(boxes_xyxy, scores, charts, (rgb.shape[0], rgb.shape[1]))


def numbers(frames: list[list[Box | None]], colours: list[tuple[int, int, int]], **options: int) -> list[list[int]]:
    """Track ids frame by frame. Person i of every frame is painted in colours[i]; None in its place leaves a person out."""
    scene = Scene([[box for box in frame if box is not None] for frame in frames])
    tracker = Tracker(Predictor(scene), **options)
    found = []
    for i, frame in enumerate(frames):
        rgb = np.zeros((200, 400, 3), np.uint8)
        for box, colour in zip(frame, colours, strict=True):
            if box is not None:
                x1, y1, x2, y2 = (int(v) for v in box)
                rgb[max(y1, 0) : y2, max(x1, 0) : x2] = colour
        scene.at = i
        ids = tracker(rgb, i / 25).track_ids
        assert ids is not None
        found.append(ids.tolist())
    return found


RED, BLUE = (200, 40, 40), (40, 60, 200)


def person(x: float) -> tuple[float, float, float, float]:
    return (x, 40, x + 40, 160)


def test_nobody_is_nobody() -> None:
    assert numbers([[], [], []], []) == [[], [], []]


def test_looking_in_every_frame_gives_what_the_predictor_gives(predictor: Predictor) -> None:
    tracker = Tracker(predictor, detect_every=1)
    for rgb in walk(6):
        tracked, plain = tracker(rgb), predictor(rgb)
        assert np.array_equal(tracked.boxes_xyxy, plain.boxes_xyxy) and np.array_equal(tracked.scores, plain.scores)
        for mine, theirs in zip(tracked.charts, plain.charts, strict=True):
            assert np.array_equal(mine.labels, theirs.labels) and np.array_equal(mine.uv, theirs.uv)
        assert tracked.track_ids is not None and tracked.track_ids.tolist() == [1, 2]


def test_between_looks_people_are_followed_by_their_maps(predictor: Predictor) -> None:
    tracker = Tracker(predictor, detect_every=4)
    for i, rgb in enumerate(walk(16)):
        people = tracker(rgb)
        assert people.track_ids is not None and people.track_ids.tolist() == [1, 2]
        truth = np.array([[8 + i, 20, 38 + i, 80], [100, 10 + i, 124, 60 + i]])
        assert np.abs(people.boxes_xyxy - truth).max() <= 4, f"frame {i}"
        canvas = people.canvas()[0]
        painted = painted_picture(SIZE_HW, [(8 + i, 20, 30, 60), (100, 10 + i, 24, 50)])[1]
        assert (canvas.labels == painted.labels).mean() > 0.92


def test_the_detector_rests_where_everybody_is_sure() -> None:
    scene = Scene([[person(20 + i), person(300 - i)] for i in range(20)])
    tracker = Tracker(Predictor(scene), detect_every=5)
    for i in range(20):
        scene.at = i
        tracker(np.zeros((200, 400, 3), np.uint8), i / 25)
    assert scene.looks == [0, 5, 10, 15]


def test_a_new_person_is_found_at_the_next_look() -> None:
    frames = [[person(20), person(200) if i >= 3 else None] for i in range(8)]
    assert numbers(frames, [RED, BLUE], detect_every=5) == [[1]] * 5 + [[1, 2]] * 3


def test_people_who_cross_keep_their_numbers() -> None:
    steps = range(60)
    frames = [[person(20 + 5 * i), person(320 - 5 * i)] for i in steps]
    found = numbers(frames, [RED, BLUE], detect_every=1)
    assert all(ids == [1, 2] for ids in found)


def test_who_is_hidden_for_a_moment_keeps_the_number() -> None:
    frames = [[person(20 + 5 * i), None if 25 <= i < 35 else person(320 - 5 * i)] for i in range(60)]
    found = numbers(frames, [RED, BLUE])
    assert found[0] == [1, 2] and found[30] == [1] and found[59] == [1, 2]


def test_who_leaves_and_comes_back_elsewhere_keeps_the_number_by_looks() -> None:
    frames = [[person(100), person(330) if i < 10 else None if i < 80 else person(220)] for i in range(95)]
    found = numbers(frames, [RED, BLUE])
    assert found[0] == [1, 2] and found[40] == [1] and found[-1] == [1, 2]


def test_somebody_who_looks_different_is_somebody_else() -> None:
    frames = [[person(100), person(330) if i < 10 else None, None if i < 80 else person(330)] for i in range(95)]
    found = numbers(frames, [RED, BLUE, (40, 200, 40)])
    assert found[0] == [1, 2] and found[-1] == [1, 3]


def test_a_tracker_goes_on_from_its_state(predictor: Predictor) -> None:
    frames = walk(20)
    whole = Tracker(predictor)
    expected = [whole(rgb) for rgb in frames]
    for cut in (1, 3, 5, 11):
        first, second = Tracker(predictor), Tracker(predictor)
        for rgb in frames[:cut]:
            first(rgb)
        second.restore(first.state())
        for rgb, people in zip(frames[cut:], expected[cut:], strict=True):
            again = second(rgb)
            assert np.array_equal(again.boxes_xyxy, people.boxes_xyxy)
            assert all(np.array_equal(a.uv, b.uv) for a, b in zip(again.charts, people.charts, strict=True))


def test_the_state_of_a_new_tracker_is_that_of_nobody(predictor: Predictor) -> None:
    tracker = Tracker(predictor)
    tracker.restore(tracker.state())
    ids = tracker(walk(1)[0]).track_ids
    assert ids is not None and ids.tolist() == [1, 2]


def test_time_goes_on(predictor: Predictor) -> None:
    tracker = Tracker(predictor)
    tracker(walk(1)[0], 1.0)
    with pytest.raises(InputError, match=r"frames must come in the order of time, but 1\.0 comes after 1\.0"):
        tracker(walk(1)[0], 1.0)
    tracker.reset()
    tracker(walk(1)[0], 0.0)


def test_what_is_no_number_of_frames(predictor: Predictor) -> None:
    with pytest.raises(InputError, match="detect_every must be a whole number of at least 1, but got 0"):
        Tracker(predictor, detect_every=0)


def test_looks_follow_the_body_and_not_the_box() -> None:
    labels = np.zeros((60, 40), np.uint8)
    labels[10:50, 10:30] = 2
    chart = ChartMap(labels, np.zeros((2, 60, 40), np.float32))
    pictures = []
    for ground in (0, 250):
        rgb = np.full((100, 100, 3), ground, np.uint8)
        rgb[30:70, 40:60] = RED
        pictures.append(Appearance.of(rgb, chart, (30, 20)))
    assert pictures[0].distance(pictures[1]) == 0
    assert Appearance.unknown().distance(pictures[0]) is None
    assert Appearance.of(np.zeros((5, 5, 3), np.uint8), chart, (50, 50)).distance(pictures[0]) is None
    hidden = np.ones((60, 40), bool)
    assert Appearance.of(rgb, chart, (30, 20), hidden).distance(pictures[0]) is None


def test_looks_decide_where_places_do_not() -> None:
    def look(colour: tuple[int, int, int]) -> Appearance:
        chart = ChartMap(np.full((20, 20), 2, np.uint8), np.zeros((2, 20, 20), np.float32))
        return Appearance.of(np.full((20, 20, 3), colour, np.uint8), chart, (0, 0))

    here, beside = np.array([0.0, 0.0, 20.0, 20.0]), np.array([2.0, 0.0, 22.0, 20.0])
    tracks = [Track(1, here, 0.0, 0.9, 400.0, look(RED)), Track(2, beside, 0.0, 0.9, 400.0, look(BLUE))]
    boxes = np.stack([here, beside])
    assert associate(tracks, boxes, [look(BLUE), look(RED)], 0.04) == {0: 1, 1: 0}
    assert associate([], boxes, [look(BLUE), look(RED)], 0.04) == {}
    assert associate(tracks, np.zeros((0, 4)), [], 0.04) == {}


def test_the_tracker_is_part_of_the_package() -> None:
    import vitruv

    assert vitruv.Tracker is Tracker


def test_a_map_that_grows_out_of_its_person_is_not_followed() -> None:
    found = np.array([[0, 0, 20, 60]], np.float32)
    areas = np.array([900.0])
    assert believable(found, found, areas, areas, np.array([60.0])).tolist() == [True]
    assert believable(found, found, areas, areas, np.array([40.0])).tolist() == [False]
    assert believable(found, found, areas, 3 * areas, np.array([60.0])).tolist() == [False]
    assert believable(found, found + 30, areas, areas, np.array([60.0])).tolist() == [False]
    nobody = np.zeros((0, 4), np.float32)
    assert believable(nobody, nobody, np.zeros(0), np.zeros(0), np.zeros(0)).shape == (0,)
