"""Data sets on disk: DensePose-COCO records that say what the dense truth says, whole or to be continued."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitruv.errors import FormatError, InputError, UnwritableFileError
from vitruv.formats.annotation import problems_of
from vitruv.formats.annotations import AnnotationFile
from vitruv.formats.rle import decode_rle
from vitruv.surface import PART_OF_CHART
from vitruv.synth import SceneConfig, SceneSample, SceneSampler, SynthPack
from vitruv.synth.dataset import write_dataset
from vitruv.synth.records import person_records

CONFIG = SceneConfig(size_hw=(96, 128), letterbox=False, people=(0.0, 0.6, 0.4), smallest=0.5)
SETTINGS = {"size": "128x96", "seed": 5}


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture(scope="module")
def sampler(pack: SynthPack) -> SceneSampler:
    return SceneSampler(pack, seed=5, config=CONFIG)


@pytest.fixture(scope="module")
def folder(sampler: SceneSampler, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("set")
    assert list(write_dataset(sampler, path, images=6, settings=SETTINGS)) == [0, 1, 2, 3, 4, 5, 6]
    return path


def test_a_picture_of_nobody_has_no_records() -> None:
    empty = SceneSample(
        image=np.zeros((32, 32, 3), np.uint8),
        boxes_xyxy=np.zeros((0, 4), np.float32),
        labels=np.zeros((32, 32), np.uint8),
        uv=np.zeros((2, 32, 32), np.uint8),
        person=np.zeros((32, 32), np.int32),
        keypoints=np.zeros((0, 17, 3), np.float32),
    )
    assert person_records(empty, image_id=1, first_id=1, rng=np.random.default_rng(0)) == []


def test_the_annotations_are_valid_and_agree_with_the_dense_truth(folder: Path) -> None:
    annotations = AnnotationFile.open(folder / "annotations.json")
    assert len(annotations.images) == 6 and len(annotations) >= 6
    dense = 0
    for index, person in enumerate(annotations.people()):
        record = annotations.records[index]
        assert list(problems_of(record)) == []
        image = annotations.images[person.image_id]
        assert pixels(folder / "images" / image.file_name).shape == (96, 128, 3)
        stem = Path(image.file_name).stem
        who = pixels(folder / "dense" / f"{stem}_person.png")
        iuv = pixels(folder / "dense" / f"{stem}_iuv.png")
        place = person.id - (int(person.image_id) * 100 + 1)
        mask = decode_rle(record["segmentation"], size_hw=(96, 128))
        assert (mask == (who == place + 1)).all() and record["area"] == mask.sum()
        assert person.points is not None or "dp_x" not in record
        if "dp_x" not in record:
            continue
        dense += 1
        x, y, w, h = record["bbox"]
        part_map = np.zeros((256, 256), np.uint8)
        for part, rle in enumerate(record["dp_masks"], start=1):
            if rle:
                part_map[decode_rle(rle)] = part
        for px, py, chart, u, v in zip(*(record[f"dp_{k}"] for k in "xyIUV"), strict=True):
            row, column = int(y + (round(py) + 0.5) * h / 256), int(x + (round(px) + 0.5) * w / 256)
            assert iuv[row, column, 0] == chart and who[row, column] == place + 1
            np.testing.assert_allclose(iuv[row, column, 1:] / 255, (u, v), atol=1e-4)
            assert part_map[round(py), round(px)] == PART_OF_CHART[int(chart)]
    assert dense >= 5


@pytest.mark.slow
def test_workers_do_not_change_a_byte(sampler: SceneSampler, folder: Path, tmp_path: Path) -> None:
    list(write_dataset(sampler, tmp_path, images=6, workers=2, settings=SETTINGS))
    assert files_of(tmp_path) == files_of(folder)


def test_a_stopped_run_goes_on_and_ends_the_same(sampler: SceneSampler, folder: Path, tmp_path: Path) -> None:
    run = write_dataset(sampler, tmp_path, images=6, settings=SETTINGS)
    assert [next(run) for _ in range(4)] == [0, 1, 2, 3]
    run.close()
    assert not (tmp_path / "annotations.json").exists()
    assert list(write_dataset(sampler, tmp_path, images=6, settings=SETTINGS)) == [3, 4, 5, 6]
    assert files_of(tmp_path) == files_of(folder)


def test_other_settings_are_refused(sampler: SceneSampler, folder: Path) -> None:
    with pytest.raises(InputError, match="made with another seed; choose another folder"):
        list(write_dataset(sampler, folder, images=6, settings={**SETTINGS, "seed": 6}))


def test_a_damaged_folder_is_named(sampler: SceneSampler, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{", "utf-8")
    with pytest.raises(FormatError, match=r"settings\.json: is not JSON"):
        list(write_dataset(sampler, tmp_path, images=1, settings=SETTINGS))
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(UnwritableFileError, match="cannot be used as the data set's folder"):
        list(write_dataset(sampler, tmp_path / "file", images=1, settings=SETTINGS))


def test_no_pictures_are_refused(sampler: SceneSampler, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="images must be at least 1"):
        list(write_dataset(sampler, tmp_path, images=0, settings=SETTINGS))
