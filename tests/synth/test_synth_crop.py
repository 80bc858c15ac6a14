"""Crops: what every sample promises."""

from __future__ import annotations

import pickle
from dataclasses import fields

import numpy as np
import pytest

from vitruv.errors import InputError
from vitruv.synth import CropBatch, CropConfig, CropSample, CropSampler, SynthPack

SIZE_HW = (96, 64)


def same(a: CropSample, b: CropSample) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))


@pytest.fixture(scope="module")
def samples(pack: SynthPack) -> list[CropSample]:
    sampler = CropSampler(pack, size_hw=SIZE_HW, seed=3)
    return [sampler(i) for i in range(40)]


def test_shapes_and_ranges(samples: list[CropSample]) -> None:
    for sample in samples:
        assert sample.image.shape == (*SIZE_HW, 3) and sample.image.dtype == np.uint8
        assert sample.labels.shape == SIZE_HW and sample.labels.dtype == np.uint8 and sample.labels.max() <= 24
        assert sample.uv.shape == (2, *SIZE_HW) and sample.uv.dtype == np.uint8
        assert (sample.uv[:, sample.labels == 0] == 0).all(), "no coordinates outside the person"
        assert sample.keypoints.shape == (17, 3) and set(np.unique(sample.keypoints[:, 2])) <= {0, 1, 2}
        assert (sample.keypoints[sample.keypoints[:, 2] == 0] == 0).all()
        there = sample.keypoints[sample.keypoints[:, 2] > 0]
        assert ((there[:, :2] >= 0) & (there[:, :2] < SIZE_HW[::-1])).all()


def test_everybody_is_seen_and_lies_in_the_box(samples: list[CropSample]) -> None:
    for i, sample in enumerate(samples):
        rows, columns = np.nonzero(sample.labels)
        assert len(rows) > 30, f"hardly anything of the person in sample {i}"
        x1, y1, x2, y2 = sample.box_xyxy
        assert columns.min() >= x1 and columns.max() < x2 and rows.min() >= y1 and rows.max() < y2


def test_all_charts_occur(samples: list[CropSample]) -> None:
    assert set(np.unique(np.concatenate([s.labels.ravel() for s in samples]))) == set(range(25))


def test_seen_joints_lie_on_the_person(samples: list[CropSample]) -> None:
    for sample in samples:
        for x, y, visible in sample.keypoints:
            if visible == 2:
                around = sample.labels[max(int(y) - 3, 0) : int(y) + 4, max(int(x) - 3, 0) : int(x) + 4]
                assert (around > 0).any()


def test_seen_wrists_and_ankles_lie_near_their_charts(samples: list[CropSample]) -> None:
    near = {7: (17, 15, 21, 19), 9: (4, 19, 21), 10: (3, 20, 22), 15: (5, 12, 14), 16: (6, 11, 13)}
    hits = []
    for sample in samples:
        for joint, charts in near.items():
            x, y, visible = sample.keypoints[joint]
            if visible == 2:
                around = sample.labels[max(int(y) - 4, 0) : int(y) + 5, max(int(x) - 4, 0) : int(x) + 5]
                hits.append(np.isin(around, charts).any())
    assert len(hits) > 40 and np.mean(hits) > 0.9


def test_a_sample_is_a_function_of_seed_and_index(pack: SynthPack, samples: list[CropSample]) -> None:
    sampler = CropSampler(pack, size_hw=SIZE_HW, seed=3)
    for i in (33, 2, 17):  # any order
        assert same(sampler(i), samples[i])
    assert not same(CropSampler(pack, size_hw=SIZE_HW, seed=4)(2), samples[2])


def test_a_pickled_sampler_gives_the_same(pack: SynthPack, samples: list[CropSample]) -> None:
    data = pickle.dumps(CropSampler(pack, size_hw=SIZE_HW, seed=3))
    assert len(data) < 2000, "workers read the pack from its file"
    assert same(pickle.loads(data)(5), samples[5])


def test_a_pack_without_a_file_travels_whole(pack_path: object, samples: list[CropSample]) -> None:
    from pathlib import Path

    from vitruv.files import read_arrays

    loose = SynthPack(read_arrays(Path(str(pack_path))))
    assert same(pickle.loads(pickle.dumps(CropSampler(loose, size_hw=SIZE_HW, seed=3)))(5), samples[5])


def test_realism_zero_leaves_the_pixels_alone(pack: SynthPack) -> None:
    config = CropConfig(size_hw=SIZE_HW, realism=0.0)
    plain, photo = CropSampler(pack, seed=3, config=config)(1), CropSampler(pack, size_hw=SIZE_HW, seed=3)(1)
    assert (plain.labels == photo.labels).all() and (plain.image != photo.image).any()


def test_batches_stack(samples: list[CropSample]) -> None:
    batch = CropBatch.stack(range(4), samples[:4])
    assert len(batch) == 4 and batch.image.shape == (4, *SIZE_HW, 3) and batch.box_xyxy.shape == (4, 4)
    assert list(batch.indices) == [0, 1, 2, 3]


def test_too_small_a_crop_is_refused(pack: SynthPack) -> None:
    with pytest.raises(InputError, match="size_hw must be at least 16 x 16"):
        CropSampler(pack, size_hw=(8, 8))
