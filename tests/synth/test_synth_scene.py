"""Whole pictures: what every sample promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vitruv.errors import InputError
from vitruv.synth import SceneConfig, SceneSample, SceneSampler, SynthPack

NOBODY = SceneConfig(size_hw=(64, 80), letterbox=False, people=(1.0,))
CROWD = SceneConfig(size_hw=(120, 160), letterbox=False, people=(0, 0, 0, 0, 0, 0, 1.0))


def test_a_picture_of_nobody(pack: SynthPack) -> None:
    sample = SceneSampler(pack, config=NOBODY)(0)
    assert sample.image.shape == (64, 80, 3) and sample.boxes_xyxy.shape == (0, 4) and sample.keypoints.shape == (0, 17, 3)
    assert not sample.labels.any() and not sample.person.any()


@pytest.fixture(scope="module")
def crowds(pack: SynthPack) -> list[SceneSample]:
    sampler = SceneSampler(pack, seed=1, config=CROWD)
    return [sampler(i) for i in range(8)]


def test_boxes_are_tight_around_what_is_seen(crowds: list[SceneSample]) -> None:
    assert sum(len(s.boxes_xyxy) for s in crowds) > 16
    for sample in crowds:
        n = len(sample.boxes_xyxy)
        assert set(np.unique(sample.person)) <= set(range(n + 1))
        for i, box in enumerate(sample.boxes_xyxy):
            rows, columns = np.nonzero(sample.person == i + 1)
            assert list(box) == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_labels_belong_to_people(crowds: list[SceneSample]) -> None:
    for sample in crowds:
        assert (sample.person[sample.labels > 0] > 0).all()
        assert (sample.uv[:, sample.labels == 0] == 0).all()
        assert sample.keypoints.shape == (len(sample.boxes_xyxy), 17, 3)


def test_letterboxed_pictures_lie_top_left_on_grey(pack: SynthPack) -> None:
    sampler = SceneSampler(pack, size_hw=(96, 96), seed=2)
    for i in range(10):
        sample = sampler(i)
        assert sample.image.shape == (96, 96, 3)
        grey = (sample.image == 114).all(axis=2)
        if grey[:, -1].all() or grey[-1].all():
            return
    pytest.fail("no picture had another aspect ratio than the input")


def test_a_picture_is_a_function_of_seed_and_index(pack: SynthPack, crowds: list[SceneSample]) -> None:
    again = SceneSampler(pack, seed=1, config=CROWD)(6)
    assert (again.image == crowds[6].image).all() and (again.boxes_xyxy == crowds[6].boxes_xyxy).all()


def test_easier_pictures(pack: SynthPack) -> None:
    """Nobody turned away, nothing before them: with the same people, shoulders are in order and more of everybody is seen."""
    hard = SceneConfig(size_hw=(64, 64), letterbox=False, people=(0.0, 1.0))
    easy = replace(hard, widest_yaw_deg=0.0, things=0.0)
    in_order, seen = {}, {}
    for config in (hard, easy):
        samples = [SceneSampler(pack, seed=3, config=config)(i) for i in range(40)]
        shoulders = [s.keypoints[0, [5, 6]] for s in samples if len(s.keypoints) and (s.keypoints[0, [5, 6], 2] > 0).all()]
        in_order[config] = np.mean([left[0] > right[0] for left, right in shoulders])
        seen[config] = np.mean([(s.person > 0).mean() for s in samples])
    assert in_order[easy] > 0.9 > in_order[hard]
    assert seen[easy] > seen[hard]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size_hw": (8, 8)}, "size_hw must be at least 32 x 32"),
        ({"people": (0.5, 0.2)}, "people must be chances"),
        ({"smallest": 0.0}, "smallest and largest"),
        ({"widest_yaw_deg": 190.0}, "widest_yaw_deg must be between 0 and 180"),
        ({"things": 1.5}, "things must be between 0 and 1"),
    ],
)
def test_nonsense_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SceneConfig(**values)  # type: ignore[arg-type]
