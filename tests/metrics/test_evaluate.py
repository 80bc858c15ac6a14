"""The whole evaluation against its slow twin, and what must always hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import made_up
import numpy as np
import pytest
import slow_evaluator as slow
from slow_evaluator import SlowSurface

from vitruv.errors import FormatError, InputError
from vitruv.formats import AnnotationFile, read_results
from vitruv.metrics import GeodesicSurface, evaluate, open_official, single_kappa, thresholds_from

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")

MEASURES = ("gps", "gpsm", "iou")


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory: pytest.TempPathFactory) -> tuple[SlowSurface, GeodesicSurface]:
    folder = tmp_path_factory.mktemp("surface")
    known = made_up.write_surface(folder)
    return known, open_official(folder, cache=folder / "cache")


def scored(folder: Path, data: tuple[Any, Any], surface: GeodesicSurface, **options: Any) -> Any:
    truth, results = made_up.write(folder, *data)
    (found,) = evaluate(AnnotationFile.open(truth), read_results(results), surface, **options)
    return found


def slow_numbers(data: tuple[Any, Any], surface: SlowSurface, lowest: float) -> dict[str, tuple[Any, Any]]:
    annotations, detections = data
    thresholds = thresholds_from(lowest)
    images = []
    for image in annotations["images"]:
        people = [p for p in annotations["annotations"] if p["image_id"] == image["id"]]
        found = [d for d in detections if d["image_id"] == image["id"]]
        images.append(slow.SlowImage(surface, (image["height"], image["width"]), people, found))
    result = {}
    for measure in MEASURES:
        tables = [
            slow.precision_recall([image.match(measure, area, thresholds) for image in images], len(thresholds))
            for area in slow.AREAS
        ]
        result[measure] = np.stack([t[0] for t in tables], 2), np.stack([t[1] for t in tables], 1)
    return result


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("lowest", [0.5, 0.2])
def test_equals_the_slow_twin(tmp_path: Path, surfaces: tuple[SlowSurface, GeodesicSurface], seed: int, lowest: float) -> None:
    data = made_up.data_set(seed)
    found = scored(tmp_path, data, surfaces[1], lowest_threshold=lowest)
    for measure, (precision, recall) in slow_numbers(data, surfaces[0], lowest).items():
        np.testing.assert_allclose(found.curves[measure].precision[:, :, 0], precision, rtol=0, atol=1e-12, err_msg=measure)
        np.testing.assert_allclose(found.curves[measure].recall[:, 0], recall, rtol=0, atol=1e-12, err_msg=measure)


def test_nothing_at_all(tmp_path: Path, surfaces: tuple[SlowSurface, GeodesicSurface]) -> None:
    empty = {"images": [], "annotations": [], "categories": []}
    found = scored(tmp_path, (empty, []), surfaces[1])
    assert all(value is None for table in found.measures.values() for value in table.values())


def test_nobody_found_is_worth_nothing(tmp_path: Path, surfaces: tuple[SlowSurface, GeodesicSurface]) -> None:
    annotations, _ = made_up.data_set(0)
    found = scored(tmp_path, (annotations, []), surfaces[1])
    assert {found.measures[measure]["AP"] for measure in MEASURES} == {0}
    assert found.measures["rcp"] == {"AUC10": 0, "AUC30": 0}


def perfect(surface: SlowSurface) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Two people far apart in each of three images, and detections that are right everywhere."""
    rng = np.random.default_rng(5)
    people, detections = [], []
    for i in range(6):
        box = [float(10 + 80 * (i % 2)), 8.0, 51.0, 102.0]
        codes = np.zeros((3, 102, 51), np.uint8)
        codes[0, 5:97, 5:46] = 2
        row, column = rng.integers(6, 96, 20), rng.integers(6, 45, 20)
        chosen = rng.integers(0, len(surface.u), 20)
        codes[:, row, column] = np.stack([surface.chart[chosen], 255 * surface.u[chosen], 255 * surface.v[chosen]])
        here = codes[:, row, column]
        mask = made_up.encode_rle(np.repeat(np.repeat(np.pad(np.ones((92, 41), bool), 5), 3, 0)[:256], 6, 1)[:, :256])
        person = {"id": i + 1, "image_id": i // 2 + 1, "category_id": 1, "bbox": box, "area": 5202.0, "iscrowd": 0}
        person |= {
            "dp_x": ((column + 0.5) * 5).tolist(),
            "dp_y": ((row + 0.5) * 2.5).tolist(),
            "dp_I": here[0].astype(float).tolist(),
        }
        person |= {"dp_U": (here[1] / 255).tolist(), "dp_V": (here[2] / 255).tolist(), "dp_masks": [mask, *[[]] * 13]}
        people.append(person)
        detections.append({"image_id": i // 2 + 1, "category_id": 1, "bbox": box, "score": 0.9 - 0.1 * i, "iuv": codes})
    images = [{"id": i, "height": 120, "width": 160, "file_name": ""} for i in (1, 2, 3)]
    return {"images": images, "annotations": people, "categories": [{"id": 1}]}, detections


@pytest.mark.parametrize("compat", ["detectron2", "clean"])
def test_perfect_points_score_100(tmp_path: Path, surfaces: tuple[SlowSurface, GeodesicSurface], compat: str) -> None:
    found = scored(tmp_path, perfect(surfaces[0]), surfaces[1], compat=compat)
    assert found.measures["gps"]["AP"] == pytest.approx(100)
    assert found.measures["gps"]["AR"] == 100
    assert found.measures["rcp"] == {"AUC10": 1, "AUC30": 1}
    assert found.measures["rcp_single"] == {"AUC10": 1, "AUC30": 1}
    assert found.measures["bbox"]["AP"] == pytest.approx(100)


def test_order_and_ids_change_nothing(tmp_path: Path, surfaces: tuple[SlowSurface, GeodesicSurface]) -> None:
    annotations, detections = made_up.data_set(3)
    rng = np.random.default_rng(0)
    for d in detections:
        d["score"] = float(rng.random())  # equal scores are broken by order
    for p in annotations["annotations"]:
        p["id"] += 1
    first = scored(tmp_path, (annotations, detections), surfaces[1]).measures
    new_ids = {old: int(new) for old, new in zip(range(1, 9), rng.permutation(100)[:8], strict=True)}

    def renamed(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        shuffled = [rows[i] for i in rng.permutation(len(rows))]
        return [{**row, key: new_ids[row[key]]} for row in shuffled]

    people = [{**p, "id": 1000 - p["id"]} for p in renamed(annotations["annotations"], "image_id")]
    changed = {"images": renamed(annotations["images"], "id"), "annotations": people, "categories": annotations["categories"]}
    second = scored(tmp_path, (changed, renamed(detections, "image_id")), surfaces[1]).measures
    assert {name: table for name, table in second.items() if "rcp" not in name} == {
        name: table for name, table in first.items() if "rcp" not in name
    }
    assert second["rcp"]["AUC30"] == pytest.approx(first["rcp"]["AUC30"])


def test_smaller_errors_never_lower_gps(tmp_path: Path, surfaces: tuple[SlowSurface, GeodesicSurface]) -> None:
    class Shrunk:
        """The same surface, all distances times a factor."""

        name, kappa_m = "shrunk", surfaces[1].kappa_m
        vertices, vertices_of_codes = surfaces[1].vertices, surfaces[1].vertices_of_codes

        def __init__(self, factor: float) -> None:
            self.factor = np.float32(factor)

        def distances_m(self, a: Any, b: Any) -> Any:
            return surfaces[1].distances_m(a, b) * self.factor

    data = made_up.data_set(4)
    gps = [scored(tmp_path, data, Shrunk(factor)).people.gps for factor in (1.0, 0.7, 0.3, 0.0)]
    best = [scored(tmp_path, data, Shrunk(factor)).measures["gps"]["AR"] for factor in (1.0, 0.7, 0.3, 0.0)]
    assert best == sorted(best)
    assert [g.mean() for g in gps] == sorted(g.mean() for g in gps)


def test_one_kappa_for_all_parts(tmp_path: Path, surfaces: tuple[SlowSurface, GeodesicSurface]) -> None:
    data = made_up.data_set(1)
    wide = scored(tmp_path, data, surfaces[1], kappa_m=single_kappa(1e6), measures=("gps", "rcp"))
    assert wide.people.gps.max() <= 1
    assert wide.people.gps.mean() > scored(tmp_path, data, surfaces[1], measures=("gps", "rcp")).people.gps.mean()
    assert list(wide.measures) == ["gps", "rcp", "rcp_single"]


def test_measures_alone_equal_measures_together(tmp_path: Path, surfaces: tuple[SlowSurface, GeodesicSurface]) -> None:
    data = made_up.data_set(2)
    together = scored(tmp_path, data, surfaces[1]).measures
    for name in ("gps", "gpsm", "iou", "rcp", "bbox", "segm"):
        assert scored(tmp_path, data, surfaces[1], measures=(name,)).measures[name] == together[name]


def test_misuse_is_refused(tmp_path: Path, surfaces: tuple[SlowSurface, GeodesicSurface]) -> None:
    annotations, detections = made_up.data_set(0, images=2)
    for options, message in (
        ({"measures": ("speed",)}, "measures must be among"),
        ({"compat": "exact"}, "compat must be one of detectron2, clean"),
        ({"lowest_threshold": 0.9}, "between 0.05 and 0.5"),
    ):
        with pytest.raises(InputError, match=message):
            scored(tmp_path, (annotations, detections), surfaces[1], **options)
    lost = [{**made_up.data_set(0)[1][0], "image_id": 99}]
    with pytest.raises(FormatError, match=r"results\.json: result 0: there is no image 99 among the annotations"):
        scored(tmp_path, (annotations, lost), surfaces[1])
