"""`vitruv evaluate --surface vitruv` on people made from the atlas: perfect results score 100, worse ones less."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vitruv.cli import main
from vitruv.formats import AnnotationWriter, ResultWriter, encode_rle, encode_uv_data

SIZE_HW = (120, 90)


def person_codes(rng: np.random.Generator) -> np.ndarray:
    """(3, h, w) uint8 image codes: the charts as tiles of 6 by 4, U and V running over each."""
    height, width = 96, 72
    y, x = np.mgrid[:height, :width]
    chart = 1 + (y // 16) * 4 + x // 18
    u, v = 255 * (y % 16 + rng.random()) / 17, 255 * (x % 18 + rng.random()) / 19
    return np.stack([chart, u, v]).astype(np.uint8)


@pytest.fixture(scope="module")
def codes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[np.ndarray]]:
    """Annotations of three people with 20 points each, read off the dense truth, and that truth."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("atlas") / "truth.json"
    truths = [person_codes(rng) for _ in range(3)]
    with AnnotationWriter(path) as writer:
        for i, truth in enumerate(truths, start=1):
            height, width = truth.shape[1:]
            row, column = rng.integers(0, height, 20), rng.integers(0, width, 20)
            chart, u, v = truth[:, row, column].astype(np.float64)
            writer.add_image({"id": i, "width": SIZE_HW[1], "height": SIZE_HW[0], "file_name": f"{i}.jpg"})
            record = {"id": i, "image_id": i, "category_id": 1, "iscrowd": 0, "area": float(height * width)}
            record["bbox"] = [5.0, 7.0, float(width), float(height)]
            record["segmentation"] = [[5, 7, 5 + width, 7, 5 + width, 7 + height, 5, 7 + height]]
            record |= {"dp_x": ((column + 0.5) * 255 / width).tolist(), "dp_y": ((row + 0.5) * 255 / height).tolist()}
            record |= {"dp_I": chart.tolist(), "dp_U": (u / 255).tolist(), "dp_V": (v / 255).tolist()}
            record["dp_masks"] = [encode_rle(np.ones((256, 256), bool)), *[[]] * 13]
            writer.add_person(record)
    return path, truths


def score(truth: Path, maps: list[np.ndarray], folder: Path) -> dict[str, dict[str, float]]:
    folder.mkdir()
    with ResultWriter(folder / "results.json") as writer:
        for i, found in enumerate(maps, start=1):
            box = {"bbox": [5.0, 7.0, float(found.shape[2]), float(found.shape[1])], "score": 0.9}
            charts = {"uv_shape": list(found.shape), "uv_data": encode_uv_data(found)}
            writer.add_record({"image_id": i, "category_id": 1, **box, **charts})
    files = ["--annotations", str(truth), "--results", str(folder / "results.json"), "--output", str(folder / "report")]
    more = ["--surface", "vitruv", "--cache", str(truth.parent / "cache"), "--measures", "gps", "gpsm", "rcp"]
    assert main(["evaluate", *files, *more]) == 0
    report = json.loads((folder / "report" / "report.json").read_text())
    assert report["surface"] == "vitruv"
    return report["measures"]


@pytest.mark.slow
def test_the_truth_scores_100_and_worse_results_less(codes: tuple[Path, list[np.ndarray]], tmp_path: Path) -> None:
    truth, maps = codes
    perfect = score(truth, maps, tmp_path / "perfect")
    assert perfect["gps"]["AP"] == perfect["gps"]["AR"] == 100
    assert perfect["gpsm"]["AP"] == 100
    assert perfect["rcp"] == {"AUC10": pytest.approx(1), "AUC30": pytest.approx(1)}
    shifted = score(truth, [np.stack([m[0], m[1] // 2, m[2]]) for m in maps], tmp_path / "shifted")
    swapped = score(truth, [np.stack([m[0] % 24 + 1, m[1], m[2]]) for m in maps], tmp_path / "swapped")
    for worse, better in ((shifted, perfect), (swapped, shifted)):
        assert worse["rcp"]["AUC30"] < better["rcp"]["AUC30"]
        assert worse["gps"]["AP"] <= better["gps"]["AP"]
    assert swapped["gps"]["AP"] < 100
    cached = [path.name for path in (truth.parent / "cache").iterdir()]
    assert len(cached) == 1 and cached[0].endswith(".codes.npy"), "few distances need no table of all"
