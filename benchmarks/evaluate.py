"""How fast results are scored: GPS, GPSm and IoU together on a surface of the official size.

    python benchmarks/evaluate.py [--images 500] [--folder DIR]

Everything is made up, in the right form and number: 27,554 vertices with 379,597,681 distances, 3 people with 100 points and 14
part masks in every image, 4 detections with chart maps. The table of distances (1.5 GB) is written to the folder once and mapped.
Reported: seconds for the evaluation from parsed annotations and unpacked chart maps (what Detectron2's evaluator was timed on),
seconds from the files, and the largest memory of a process that does nothing else; and what reading the annotations alone takes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from vitruv.formats import AnnotationFile, AnnotationWriter, ResultWriter, encode_rle, encode_uv_data, read_results
from vitruv.formats.results import Detections
from vitruv.metrics import evaluate
from vitruv.metrics.surfaces.charted_surface import ChartedSurface
from vitruv.metrics.surfaces.distance_table import DistanceTable
from vitruv.metrics.surfaces.table_files import write_table
from vitruv.surface.official import OFFICIAL_KAPPA_M

VERTICES, SEAM_COPIES = 27_554, 3_200
PEOPLE, DETECTIONS, POINTS = 3, 4, 100
SIZE_HW = (480, 640)
DETECTRON2_S, DETECTRON2_GB = 26.0, 3.7  # GPS 6.4 s, GPSm 9.9 s, IoU 9.8 s on two such cores


def make_surface(folder: Path) -> ChartedSurface:
    """Vertices spread over 24 charts; distances are those of points in space, which has the right form if not the right shape."""
    rng = np.random.default_rng(0)
    places = rng.normal(0, 0.4, (VERTICES, 3)).astype(np.float32)
    path = folder / "distances.npy"
    if not path.exists():
        blocks = (range(i, min(i + 200, VERTICES)) for i in range(0, VERTICES, 200))
        write_table(path, (np.concatenate([_row(places, i) for i in block]) for block in blocks), VERTICES)
    rows = VERTICES + SEAM_COPIES
    chart = np.sort(np.arange(rows) % 24 + 1).astype(np.uint8)
    vertex = rng.permutation(np.append(np.arange(VERTICES), rng.integers(0, VERTICES, SEAM_COPIES))).astype(np.int32)
    table = DistanceTable.of_npy(path, VERTICES)
    codes = folder / "codes.npy"
    return ChartedSurface("made up", chart, rng.random((rows, 2)), vertex, table, np.array(OFFICIAL_KAPPA_M), codes)


def _row(places: Any, i: int) -> Any:
    return np.sqrt(((places[:i] - places[i]) ** 2).sum(axis=1))


def make_files(folder: Path, images: int) -> tuple[Path, Path]:
    """Annotations and results of `images` images; people are ellipses cut into 14 bands."""
    truth, found = folder / f"truth-{images}.json", folder / f"results-{images}.json"
    if truth.exists() and found.exists():
        return truth, found
    rng = np.random.default_rng(1)
    masks = [_bands(rng) for _ in range(40)]
    maps = [_chart_map(rng, int(rng.integers(90, 320)), int(rng.integers(40, 180))) for _ in range(200)]
    packed = [encode_uv_data(codes) for codes in maps]
    with AnnotationWriter(truth) as people, ResultWriter(found) as results:
        for image in range(1, images + 1):
            people.add_image({"id": image, "width": SIZE_HW[1], "height": SIZE_HW[0], "file_name": f"{image:012}.jpg"})
            boxes, shown = [], []
            for p in range(PEOPLE):
                shown.append(int(rng.integers(len(maps))))
                codes = maps[shown[p]]
                height, width = codes.shape[1] + rng.random(), codes.shape[2] + rng.random()
                box = [float(rng.uniform(0, SIZE_HW[1] - width)), float(rng.uniform(0, SIZE_HW[0] - height)), width, height]
                boxes.append(box)
                people.add_person(_person(rng, PEOPLE * image + p, image, box, masks, codes))
            for d in range(DETECTIONS):
                right = rng.random() < 0.7  # whether this is the map that the person's points were read off
                index = shown[d % PEOPLE] if right else int(rng.integers(len(maps)))
                height, width = maps[index].shape[1:]
                x, y = (v + rng.normal(0, 0.1 if right else 3) for v in boxes[d % PEOPLE][:2])
                results.add_record(
                    {
                        "image_id": image,
                        "category_id": 1,
                        "score": float(rng.random()),
                        "bbox": [x, y, width, height],
                        "uv_shape": [3, height, width],
                        "uv_data": packed[index],
                    }
                )
    return truth, found


def _bands(rng: np.random.Generator) -> list[Any]:
    """10 of 14 parts, 170 bytes each, as genuine annotations have on average."""
    y, x = np.mgrid[:256, :256]
    body = ((y - 128) / 120) ** 2 + ((x - 128) / rng.uniform(60, 110)) ** 2 + 0.15 * np.sin(x / 9) < 1
    parts = [body & (y // 52 == part // 2) & ((x > 128) == part % 2) for part in range(10)]
    return [*(encode_rle(part) for part in parts), [], [], [], []]


def _person(rng: np.random.Generator, number: int, image: int, box: list[float], masks: list[Any], codes: Any) -> dict[str, Any]:
    """Most points, more or fewer from person to person, have the chart, U and V of the map where they lie."""
    angle, radius = rng.uniform(0, 6.28, POINTS), np.sqrt(rng.random(POINTS)) * 100
    x, y = 128 + radius * np.cos(angle), 128 + radius * np.sin(angle)
    chart, u, v = codes[:, (y * box[3] / 255).astype(int), (x * box[2] / 255).astype(int)].astype(float)
    known = (rng.random(POINTS) < rng.uniform(0.3, 1.0)) & (chart > 0)
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": box,
        "area": 0.6 * box[2] * box[3],
        "segmentation": [[box[0], box[1], box[0] + box[2], box[1], box[0] + box[2], box[1] + box[3]]],
        "dp_x": x.tolist(),
        "dp_y": y.tolist(),
        "dp_I": np.where(known, chart, rng.integers(1, 25, POINTS)).tolist(),
        "dp_U": np.where(known, u / 255, rng.random(POINTS)).tolist(),
        "dp_V": np.where(known, v / 255, rng.random(POINTS)).tolist(),
        "dp_masks": masks[int(rng.integers(len(masks)))],
    }


def _chart_map(rng: np.random.Generator, height: int, width: int) -> Any:
    y, x = np.mgrid[:height, :width]
    inside = (y / height - 0.5) ** 2 + (x / width - 0.5) ** 2 < 0.24
    chart = 1 + (y * 8 // height) * 3 + x * 3 // width
    u, v = 255 * ((y * 8 / height) % 1), 255 * ((x * 3 / width) % 1)
    return (np.stack([chart, u, v]) * inside).astype(np.uint8)


def measure(folder: Path, images: int) -> dict[str, float]:
    """In a process of its own: seconds from files, seconds from memory (up to 1,000 images), and the peaks in GB."""
    surface = make_surface(folder)
    truth, found = make_files(folder, images)
    surface.vertices_of_codes(np.zeros((3, 1), np.uint8))  # made once, and kept in a file
    started, worked = time.perf_counter(), time.process_time()
    annotations, results = AnnotationFile.open(truth), read_results(found)
    (first,) = evaluate(annotations, results, surface, measures=("gps", "gpsm", "iou"))
    from_files = time.perf_counter() - started
    worked = time.process_time() - worked
    row = {"from_files_s": from_files, "from_files_cpu_s": worked, "peak_gb": _peak_gb(), "AP": first.measures["gps"]["AP"] or 0.0}
    if images <= 1000:
        maps = [np.ascontiguousarray(results.iuv(i)) for i in range(len(results))]
        ready = Detections(found, results.image_ids, results.category_ids, results.scores, results.boxes_xywh, maps.__getitem__)
        _ = [list(person.record) for person in annotations.people()]
        times, cpu = [], []
        for _ in range(5):
            started, worked = time.perf_counter(), time.process_time()
            evaluate(annotations, ready, surface, measures=("gps", "gpsm", "iou"))
            times.append(time.perf_counter() - started)
            cpu.append(time.process_time() - worked)
        row |= {
            "from_memory_s": min(times),
            "from_memory_first_s": times[0],
            "from_memory_cpu_s": min(cpu),
            "from_memory_median_s": float(np.median(times)),
            "peak_with_maps_gb": _peak_gb(),
        }
    return row


def measure_reading(folder: Path, images: int) -> dict[str, float]:
    """In a process of its own: the annotations opened, and all of their people gone through."""
    truth, _ = make_files(folder, images)
    before, worked = _peak_gb(), time.process_time()
    points = sum(len(person.points) for person in AnnotationFile.open(truth).people() if person.points is not None)
    size, peak = truth.stat().st_size / 1e9, _peak_gb()
    return {"annotations_gb": size, "cpu_s": time.process_time() - worked, "peak_gb": peak, "before_gb": before, "points": points}


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=int, nargs="+", default=[500])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmark_evaluate"))
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--read", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for measured, number in ((measure, options.one), (measure_reading, options.read)):
        if number is not None:
            print(json.dumps(measured(options.folder, number)))
            return
    make_surface(options.folder)
    print(
        f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; Detectron2: {DETECTRON2_S} s, {DETECTRON2_GB} GB"
    )
    for images in options.images:
        make_files(options.folder, images)
        for what, option in (("images", "--one"), ("images, annotations only read", "--read")):
            command = [sys.executable, __file__, "--folder", str(options.folder), option, str(images)]
            row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(f"{images} {what}: " + ", ".join(f"{name} {value:.3f}" for name, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
