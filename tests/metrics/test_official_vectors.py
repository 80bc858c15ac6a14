"""Every number of the official evaluator on its test set, through files, to the last digit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vitruv.formats import ResultWriter, encode_uv_data
from vitruv.formats.annotations import AnnotationFile
from vitruv.formats.results import Detections, read_result_json
from vitruv.metrics import Evaluation, evaluate, open_official


@pytest.fixture(scope="module")
def vectors(shared_dir: Path) -> Path:
    return shared_dir / "vectors" / "open" / "gps"


@pytest.fixture(scope="module")
def detections(vectors: Path, tmp_path_factory: pytest.TempPathFactory) -> Detections:
    stored = np.load(vectors / "results.npz")
    path = tmp_path_factory.mktemp("official") / "results.json"
    ends = np.cumsum(3 * stored["shape_hw"].prod(axis=1))
    with ResultWriter(path) as writer:
        for i, (height, width) in enumerate(stored["shape_hw"].tolist()):
            codes = stored["iuv_flat"][ends[i] - 3 * height * width : ends[i]].reshape(3, height, width)
            writer.add_record(
                {
                    "image_id": int(stored["image_id"][i]),
                    "category_id": int(stored["category_id"][i]),
                    "bbox": stored["bbox"][i].tolist(),
                    "score": float(stored["score"][i]),
                    "uv_shape": [3, height, width],
                    "uv_data": encode_uv_data(codes),
                }
            )
    return read_result_json(path)


@pytest.mark.fixtures
@pytest.mark.parametrize("lowest", [50, 20])
def test_official_numbers(vectors: Path, detections: Detections, tmp_path: Path, lowest: int) -> None:
    surface = open_official(vectors, cache=tmp_path)
    annotations = AnnotationFile.open(vectors / "gt.json")
    (found,) = evaluate(annotations, detections, surface, compat="detectron2", lowest_threshold=lowest / 100)
    assert_official(found, vectors, lowest)


def assert_official(found: Evaluation, vectors: Path, lowest: int) -> None:
    stats, expected = json.loads((vectors / "stats.json").read_text()), np.load(vectors / "expected.npz")
    for measure in ("gps", "gpsm", "iou"):
        name = f"{measure.upper()}_{lowest}"
        assert list(found.measures[measure]) == list(stats[name])
        for key, value in stats[name].items():
            assert found.measures[measure][key] == pytest.approx(100 * value, abs=1e-9), f"{name} {key}"
        curves = found.curves[measure]
        np.testing.assert_allclose(curves.precision[:, :, 0], expected[f"{name}_precision"], rtol=0, atol=1e-12)
        np.testing.assert_allclose(curves.recall[:, 0], expected[f"{name}_recall"], rtol=0, atol=1e-12)
