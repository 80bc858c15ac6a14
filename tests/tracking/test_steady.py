"""Maps carried along with the body: steadier than the network's, not behind, and with left and right where they were."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from toy_model import painted_picture, write_toy_model
from vitruv.errors import InputError, ModelError
from vitruv.results import ChartMap, DensePoses
from vitruv.runtime import CropMaps, Predictor, load
from vitruv.surface import MIRROR_CHART
from vitruv.tracking import Tracker
from vitruv.tracking.flow import surface_flow
from vitruv.tracking.one_euro import OneEuro
from vitruv.tracking.refine import refined
from vitruv.tracking.sides import GROUPS, exchanged, vote
from vitruv.tracking.steady import steadied
from vitruv.types import Float32Array, UInt8Array

WINDOW = np.array([0, 0, 96, 144], np.float32)
PLAIN = np.zeros((144, 96), np.uint8)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return load(write_toy_model(tmp_path_factory.mktemp("models") / "toy"))


def maps(shift: int = 0, *, noise: float = 0.0, seed: int = 0, left: int = 8, right: int = 7) -> CropMaps:
    """A figure of four charts in maps of 48 x 32 cells, `shift` cells to the right; noise on the logits."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((48, 32), np.int64)
    columns = slice(8 + shift, 22 + shift)
    labels[4:20, columns] = 2
    labels[20:40, columns] = right
    labels[20:40, 15 + shift : 22 + shift] = left
    logits = rng.normal(0, noise, (25, 48, 32)) if noise else np.zeros((25, 48, 32))
    np.put_along_axis(logits, labels[None], np.take_along_axis(logits, labels[None], 0) + 4.0, 0)
    u = np.clip((np.arange(32) - 8 - shift + 0.5) / 14, 0, 1)
    v = np.clip((np.arange(48) - 4 + 0.5) / 36, 0, 1)
    uv = np.concatenate([np.broadcast_to(u, (24, 48, 32)), np.broadcast_to(v[:, None], (24, 48, 32))])
    return CropMaps(WINDOW, logits.astype(np.float32), uv.astype(np.float32))


def run(sequence: list[CropMaps], smoothing: str) -> list[Float32Array]:
    """Labels frame by frame."""
    carried, labels = None, []
    for i, one in enumerate(sequence):
        steady, carried = steadied(one, carried, i / 25, smoothing, picture=PLAIN, picture_before=None)  # type: ignore[arg-type]
        labels.append(steady.logits.argmax(axis=0))
    return labels


def test_without_smoothing_maps_are_those_of_the_network() -> None:
    one = maps(noise=1.0)
    first, carried = steadied(one, None, 0.0, "off", picture=PLAIN, picture_before=None)
    second, _ = steadied(one, carried, 0.04, "off", picture=PLAIN, picture_before=PLAIN)
    assert first is one and second is one


@pytest.mark.parametrize(("smoothing", "fewer"), [("light", 3), ("strong", 6)])
def test_noise_flips_fewer_labels(smoothing: str, fewer: int) -> None:
    sequence = [maps(noise=1.6, seed=i) for i in range(20)]
    flips = {}
    for name in ("off", smoothing):
        labels = run(sequence, name)[5:]
        flips[name] = sum(int((a != b).sum()) for a, b in pairwise(labels))
    assert flips[smoothing] * fewer < flips["off"]


def test_maps_do_not_lag_behind_who_moves() -> None:
    sequence = [maps(shift=i) for i in range(8)]
    for labels, one in zip(run(sequence, "strong"), sequence, strict=True):
        assert (labels == one.logits.argmax(axis=0)).mean() > 0.97


def test_the_surface_tells_how_somebody_moved() -> None:
    at = np.stack(np.meshgrid(3 * np.arange(32) + 1.5, 3 * np.arange(48) + 1.5)).astype(np.float32)
    now, before = maps(shift=3), maps(shift=0)

    def seen(one: CropMaps) -> tuple[Float32Array, Float32Array]:
        labels = one.logits.argmax(axis=0)
        return labels, one.uv[[0, 24]]

    flow = surface_flow(*seen(now), at, *seen(before), at)
    body = seen(now)[0] > 0
    assert np.abs(flow[0][body] - 9).max() < 1.5 and np.abs(flow[1][body]).max() < 1.5
    nobody = np.zeros((48, 32), np.int64), np.zeros((2, 48, 32), np.float32)
    assert not surface_flow(*nobody, at, *seen(before), at).any()


def test_the_picture_makes_the_motion_exact() -> None:
    rng = np.random.default_rng(0)
    rough = rng.normal(0, 1, (150, 110))
    kernel = np.hanning(9)[:, None] * np.hanning(9)
    smooth = np.real(np.fft.ifft2(np.fft.fft2(rough) * np.fft.fft2(kernel, rough.shape)))
    picture = np.clip(128 + 40 * smooth / smooth.std(), 0, 255).astype(np.uint8)
    now, before = picture[:144, :96], picture[1:145, 2:98]  # what is seen moved by 2 to the right and 1 down
    guess = np.full((2, 48, 32), 0.5, np.float32)
    flow = refined(guess, np.ones((48, 32), bool), WINDOW, now, before)
    inner = flow[:, 6:-6, 6:-6]
    assert np.abs(inner[0] - 2).mean() < 0.3 and np.abs(inner[1] - 1).mean() < 0.3
    assert np.allclose(refined(guess, np.ones((48, 32), bool), WINDOW, PLAIN, PLAIN), guess, atol=1e-3)


def test_left_and_right_do_not_change_places_for_a_moment() -> None:
    sequence = [maps() for _ in range(6)] + [maps(left=7, right=8)] * 2 + [maps() for _ in range(4)]
    for labels in run(sequence, "light"):
        assert (labels[25:38, 16:21] == 8).all() and (labels[25:38, 9:14] == 7).all()


def test_a_network_that_insists_is_believed() -> None:
    sequence = [maps(left=7, right=8)] * 3 + [maps()] * 30
    last = run(sequence, "light")[-1]
    assert (last[25:38, 16:21] == 8).all() and (last[25:38, 9:14] == 7).all()


def test_sides_are_exchanged_group_by_group() -> None:
    chances = np.arange(25, dtype=np.float32)[:, None, None] * np.ones((25, 2, 2), np.float32)
    assert exchanged(chances, np.zeros(GROUPS, bool)) is chances
    legs = exchanged(chances, np.array([False, False, True]))[:, 0, 0]
    assert legs[7] == MIRROR_CHART[7] and legs[5] == 6 and legs[3] == 3 and legs[23] == 23 and legs[2] == 2
    nothing = np.zeros((25, 4, 4), np.float32)
    now, carried, evidence = vote(nothing, nothing, np.ones(GROUPS))
    assert not now.any() and not carried.any() and evidence.tolist() == [1, 1, 1]


def test_the_filter_of_boxes_rests_where_they_rest_and_follows_where_they_go() -> None:
    rng = np.random.default_rng(0)
    still, moving = OneEuro(least_hz=1.0, per_speed=4.0), OneEuro(least_hz=1.0, per_speed=4.0)
    trembling = [still(1 + 0.01 * rng.standard_normal(4), i / 25) for i in range(50)]
    assert np.std(trembling[20:]) < 0.006
    assert abs(float([moving(np.full(4, i / 25), i / 25) for i in range(50)][-1][0]) - 49 / 25) < 0.06


@pytest.mark.parametrize("smooth", ["light", "strong"])
def test_a_tracker_with_steady_maps_goes_on_from_its_state(predictor: Predictor, smooth: str) -> None:
    frames = [painted_picture((120, 160), [(8 + i, 20, 30, 60), (100, 10 + i, 24, 50)])[0] for i in range(14)]
    whole = Tracker(predictor, smooth=smooth)  # type: ignore[arg-type]
    expected = [whole(rgb) for rgb in frames]
    for cut in (1, 6):
        first, second = Tracker(predictor, smooth=smooth), Tracker(predictor, smooth=smooth)  # type: ignore[arg-type]
        for rgb in frames[:cut]:
            first(rgb)
        second.restore(first.state())
        for rgb, people in zip(frames[cut:], expected[cut:], strict=True):
            again = second(rgb)
            assert np.array_equal(again.boxes_xyxy, people.boxes_xyxy)
            assert all(np.array_equal(a.uv, b.uv) for a, b in zip(again.charts, people.charts, strict=True))


def test_what_cannot_be_smoothed_is_said(predictor: Predictor) -> None:
    with pytest.raises(InputError, match="smooth must be one of off, light, strong, but got 'much'"):
        Tracker(predictor, smooth="much")  # type: ignore[arg-type]

    class Plain:
        threshold = 0.5

        def predict(self, rgb: UInt8Array, *, boxes_xyxy: Float32Array | None, threshold: float) -> DensePoses:
            boxes = np.array([[2, 2, 12, 22]], np.float32)
            return DensePoses(boxes, np.ones(1, np.float32), [ChartMap.empty((20, 10))], (rgb.shape[0], rgb.shape[1]))

    with pytest.raises(ModelError, match="this model does not hand out its maps"):
        Tracker(Predictor(Plain()), smooth="light")(np.zeros((30, 30, 3), np.uint8))
