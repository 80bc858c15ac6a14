"""A small made-up surface, annotations and results in the official forms, with everything odd that occurs in them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from slow_evaluator import SlowSurface

from vitruv.formats import ResultWriter, encode_rle, encode_uv_data

ROWS, VERTICES = 300, 260
SIZE_HW = (120, 160)


def write_surface(folder: Path, *, seed: int = 0) -> SlowSurface:
    """The three official files. U and V lie on a coarse grid, so that points are often equally near to several rows."""
    rng = np.random.default_rng(seed)
    u, v = rng.integers(0, 9, ROWS) / 8, rng.integers(0, 9, ROWS) / 8
    chart = rng.integers(1, 25, ROWS).astype(np.uint8)
    chart[chart == 13] = 14  # a chart without rows
    index = np.append(np.arange(VERTICES), rng.integers(0, VERTICES, ROWS - VERTICES)) + 1.0
    distances = rng.uniform(0.01, 0.6, VERTICES * (VERTICES - 1) // 2).astype(np.float32)
    folder.mkdir(exist_ok=True)
    scipy.io.savemat(folder / "SMPL_subdiv.mat", {"U_subdiv": u, "V_subdiv": v, "Part_ID_subdiv": chart})
    scipy.io.savemat(folder / "SMPL_SUBDIV_TRANSFORM.mat", {"index": index[:, None]})
    (folder / "Pdist_matrix.pkl").write_bytes(pickle.dumps({"Pdist_matrix": distances[:, None]}, 2))
    return SlowSurface(u, v, chart, index, distances)


def person(rng: np.random.Generator, number: int, image: int) -> dict[str, Any]:
    width, height = rng.uniform(8, 110), rng.uniform(8, 100)
    box = [rng.uniform(-10, SIZE_HW[1] - 20), rng.uniform(-10, SIZE_HW[0] - 20), width, height]
    found: dict[str, Any] = {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "bbox": box,
        "area": float(rng.uniform(0.3, 1) * width * height),
        "iscrowd": int(rng.random() < 0.15),
    }
    outline = [box[0], box[1], box[0] + width, box[1] + 3, box[0] + width / 2, box[1] + height]
    kind = rng.integers(4)
    if kind == 0:
        found["segmentation"] = [outline, [x + 4 for x in outline]]
    elif kind == 1:
        mask = np.zeros(SIZE_HW, bool)
        mask[max(int(box[1]), 0) : int(box[1] + height), max(int(box[0]), 0) : int(box[0] + width)] = True
        found["segmentation"] = encode_rle(mask)
    elif kind == 2:
        found["segmentation"] = []
    if rng.random() < 0.75:
        count = int(rng.choice([0, 1, 2, 30]))
        points = {
            "dp_x": rng.uniform(0, 256, count),
            "dp_y": rng.uniform(0, 256, count),
            "dp_I": rng.integers(0, 25, count).astype(float),
            "dp_U": rng.integers(0, 17, count) / 16,
            "dp_V": rng.random(count),
        }
        found |= {name: values.tolist() for name, values in points.items()}
    if rng.random() < 0.7:
        y, x = np.mgrid[:256, :256]
        split = int(rng.integers(60, 200))
        parts = [(y < split) & (abs(x - 128) < 90), (y >= split - 10) & (abs(x - 120) < 50)]
        found["dp_masks"] = [*map(encode_rle, parts), *[[] for _ in range(12)]]
    return found


def detection(rng: np.random.Generator, number: int, image: int, people: list[dict[str, Any]]) -> dict[str, Any]:
    if people and rng.random() < 0.8:
        x, y, w, h = people[int(rng.integers(len(people)))]["bbox"]
        grow = rng.normal(0, 3, 4) if rng.random() < 0.7 else np.zeros(4)
        box = [x + grow[0], y + grow[1], max(w + grow[2], 0.5), max(h + grow[3], 0.5)]
    else:
        box = [*rng.uniform(-5, 90, 2).tolist(), *rng.uniform(1, 60, 2).tolist()]
    shape = max(int(box[3]), 1), max(int(box[2]), 1)
    codes = np.zeros((3, *shape), np.uint8)
    row, column = np.mgrid[: shape[0], : shape[1]]
    codes[0] = (row // 8 + column // 8 + rng.integers(24)) % 25
    codes[1:] = rng.integers(0, 256, (2, *shape)) // 64 * 64
    codes[1:, codes[0] == 0] = 0
    score = float(np.round(rng.random(), 1))  # ties are frequent
    return {"id": number, "image_id": image, "category_id": 1, "bbox": [float(v) for v in box], "score": score, "iuv": codes}


def data_set(seed: int, *, images: int = 8) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    rng = np.random.default_rng(seed)
    people: list[dict[str, Any]] = []
    detections: list[dict[str, Any]] = []
    for image in range(1, images + 1):
        here = [person(rng, len(people) + p, image) for p in range(int(rng.integers(0, 5)))]  # the first has id 0
        for p in here:
            if "dp_x" in p and rng.random() < 0.7:
                _answer(p, detections, rng, image)
        people += here
        for _ in range(int(rng.choice([0, 1, 4, 26]))):
            detections.append(detection(rng, len(detections) + 1, image, here))
    listed = [{"id": i, "height": SIZE_HW[0], "width": SIZE_HW[1], "file_name": f"{i}.png"} for i in range(1, images + 1)]
    return {"images": listed, "annotations": people, "categories": [{"id": 1, "name": "person"}]}, detections


def _answer(found: dict[str, Any], detections: list[dict[str, Any]], rng: np.random.Generator, image: int) -> None:
    """A detection that is right about most points of a person."""
    answer = detection(rng, len(detections) + 1, image, [])
    box = found["bbox"]
    shape = max(int(box[3]), 1), max(int(box[2]), 1)
    codes = np.zeros((3, *shape), np.uint8)
    y, x = np.mgrid[: shape[0], : shape[1]]
    codes[0] = (y < 0.8 * shape[0]) & (x < 0.9 * shape[1])
    for px, py, chart, u, v in zip(*(found[f"dp_{name}"] for name in "xyIUV"), strict=True):
        row, column = int(py * box[3] / 255), int(px * box[2] / 255)
        if row < shape[0] and column < shape[1] and rng.random() < 0.9:
            codes[:, row, column] = chart, 255 * u, 255 * v
    codes[1:, codes[0] == 0] = 0
    detections.append({**answer, "bbox": box, "iuv": codes})


def write(folder: Path, annotations: dict[str, Any], detections: list[dict[str, Any]]) -> tuple[Path, Path]:
    truth, results = folder / "truth.json", folder / "results.json"
    truth.write_text(json.dumps(annotations))
    with ResultWriter(results) as writer:
        for d in detections:
            record = {name: d[name] for name in ("image_id", "category_id", "bbox", "score")}
            writer.add_record({**record, "uv_shape": list(d["iuv"].shape), "uv_data": encode_uv_data(d["iuv"])})
    return truth, results
