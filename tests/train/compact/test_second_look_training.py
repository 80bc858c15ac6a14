"""The second look's training: from scenes to features that a stopped run keeps, and from features to a judge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from fake_people import FakeScenes
from vitruv.errors import FormatError, InputError
from vitruv.networks import CompactRegressor, SecondLook, fold_normalisation
from vitruv.synth import SceneSample
from vitruv.train.compact.detector_proposals import Candidates, Looks, collect, digest_of, read_looks
from vitruv.train.compact.verifier import LEAST_PRECISION, _at_precision, _told, fit, save_look
from vitruv.types import UInt8Array


@pytest.fixture(scope="module")
def network() -> CompactRegressor:
    torch.manual_seed(0)
    return fold_normalisation(
        CompactRegressor(size_hw=(64, 32), widths=(8, 8, 16, 32), blocks=(0, 1, 1), context=1, fused=(16, 16))
    )


def scenes(first: int) -> Iterator[SceneSample]:
    while True:
        yield FakeScenes()(first)
        first += 1


def find(rgb: UInt8Array) -> Candidates:
    """Two boxes wherever there is something bright, none elsewhere."""
    bright = np.argwhere(rgb.max(axis=2) > 80)
    n = 2 if len(bright) else 0
    (y1, x1), (y2, x2) = (bright.min(0), bright.max(0) + 1) if n else ((0, 0), (1, 1))
    boxes = np.array([[x1, y1, x2, y2], [0, 0, 20, 20]], np.float32)[:n]
    return Candidates(boxes, np.array([0.8, 0.3], np.float32)[:n], np.zeros((n, 64, 32, 3), np.uint8), boxes / 96)


def test_a_stopped_run_goes_on(tmp_path: Path, network: CompactRegressor) -> None:
    look, settings = SecondLook(32, 16), {"regressor": digest_of(network), "seed": 0}

    def run(folder: Path, count: int) -> list[int]:
        return list(collect(folder, scenes, settings, count=count, find=find, network=network, look=look))

    assert run(tmp_path / "whole", 50) == [0, 25, 50]
    parts = collect(tmp_path / "parts", scenes, settings, count=50, find=find, network=network, look=look)
    assert [next(parts), next(parts)] == [0, 25]
    parts.close()
    assert run(tmp_path / "parts", 50) == [25, 50]
    assert run(tmp_path / "parts", 25) == [25], "a longer run was here"
    whole, asked = read_looks(tmp_path / "whole", 50)
    again, asked_again = read_looks(tmp_path / "parts", 50)
    assert asked == asked_again and len(asked) == 50
    np.testing.assert_array_equal(whole.features, again.features)
    np.testing.assert_array_equal(whole.scene, again.scene)
    assert (whole.overlap[whole.person >= 0] >= 0).all() and whole.overlap.max() > 0.9
    empty = np.isin(whole.scene, [i for i, n in enumerate(asked) if n == 0])
    assert (whole.overlap[empty] < 0.3).all(), "boxes of people too small to be asked for teach nothing"


def test_another_model_needs_another_folder(tmp_path: Path, network: CompactRegressor) -> None:
    look = SecondLook(32, 16)
    list(collect(tmp_path, scenes, {"seed": 0}, count=25, find=find, network=network, look=look))
    with pytest.raises(InputError, match="seen with another model, pack, size or seed"):
        next(collect(tmp_path, scenes, {"seed": 1}, count=25, find=find, network=network, look=look))
    with pytest.raises(InputError, match="multiple of 25"):
        next(collect(tmp_path, scenes, {"seed": 0}, count=30, find=find, network=network, look=look))
    (tmp_path / "looks_000000.npz").write_bytes(b"nothing")
    with pytest.raises(FormatError):
        read_looks(tmp_path, 25)


def made_up(count: int, seed: int) -> tuple[Looks, list[int]]:
    """People are told by the first feature; the detector, the last one, knows half as much."""
    rng = np.random.default_rng(seed)
    person = np.where(rng.random(count) < 0.3, np.arange(count), -1)
    overlap = np.where(person >= 0, 0.9, 0.1).astype(np.float32)
    features = rng.normal(size=(count, 12)).astype(np.float32)
    features[:, 0] += 3 * (person >= 0)
    features[:, -1] += person >= 0
    scene = np.arange(count) // 5
    boxes = np.arange(count, dtype=np.float32)[:, None] % 5 * 10 + np.array([0, 0, 8, 8], np.float32)
    return Looks(boxes, features, overlap, scene, person), [int((person[scene == i] >= 0).sum()) for i in range(count // 5)]


def test_what_tells_people_is_learnt(tmp_path: Path) -> None:
    looks, asked = made_up(4000, seed=0)
    look = SecondLook(3, 1)  # 12 features
    figures = fit(looks, look, asked)
    assert figures.precision >= LEAST_PRECISION and figures.people == sum(asked[9::10])
    assert figures.detector_found < 0.5 * figures.people < 0.9 * figures.people < figures.found
    fresh, _ = made_up(1000, seed=1)
    with torch.inference_mode():
        sure = look.judge(torch.from_numpy(fresh.features)).sigmoid().numpy() >= figures.threshold
    assert (fresh.person[sure] >= 0).mean() > 0.65
    save_look(tmp_path, look, {"scenes": 800})
    assert {path.name for path in tmp_path.iterdir()} == {"second_look.json", "second_look.safetensors"}


def test_too_little_to_learn_from() -> None:
    looks, asked = made_up(20, seed=0)
    with pytest.raises(InputError, match="too few people"):
        fit(looks, SecondLook(3, 1), asked)


def test_precision_one_by_one() -> None:
    rng = np.random.default_rng(2)
    scores, scene, person = rng.random(200), rng.integers(0, 8, 200), rng.integers(0, 3, 200)
    overlap = rng.random(200) * 0.5 + scores / 2
    features = np.zeros((200, 1), np.float32)  # a score of a half: all are looked at
    low = rng.random((200, 2)) * 50
    looks = Looks(np.concatenate([low, low + 1 + 30 * rng.random((200, 2))], axis=1), features, overlap, scene, person)
    best, count = (scores.max(), 0.0, 0), 0
    taken: set[tuple[int, int]] = set()
    kept: list[int] = []
    for i in np.argsort(-scores):
        if any(scene[k] == scene[i] and shared(looks.boxes_xyxy[k], looks.boxes_xyxy[i]) > 0.6 for k in kept):
            continue
        kept.append(int(i))
        count += 1
        if overlap[i] >= 0.5:
            taken.add((int(scene[i]), int(person[i])))
        if len(taken) / count >= LEAST_PRECISION:
            best = (scores[i], len(taken) / count, len(taken))
    assert _at_precision(_told(looks, scores, np.ones(200, bool), 0.6)) == pytest.approx(best)
    assert 10 < len(kept) < 190


def shared(a: np.ndarray, b: np.ndarray) -> float:
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    smaller = min(np.prod(a[2:] - a[:2]), np.prod(b[2:] - b[:2]))
    return float(sides.clip(min=0).prod() / smaller)
