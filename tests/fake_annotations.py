"""A DensePose-COCO set of a few painted dolls: torso above, thighs below, exact points; made in milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vitruv.formats import AnnotationWriter, encode_rle

SIZE_HW = (96, 128)


def doll(
    rng: np.random.Generator, image: Any, *, annotation_id: int, image_id: int, dense: Any = None, slot: int = 1
) -> dict[str, Any]:
    """Paint one doll and describe it: torso front (chart 2) above, thighs (9 on the left of the picture, 10 on the right) below."""
    w, h = 2 * int(rng.integers(12, 20)), 2 * int(rng.integers(20, 35))
    x, y = int(rng.integers(0, SIZE_HW[1] - w)), int(rng.integers(0, SIZE_HW[0] - h))
    image[y : y + h // 2, x : x + w] = (200, 40, 40)
    image[y + h // 2 : y + h, x : x + w // 2] = (40, 200, 40)
    image[y + h // 2 : y + h, x + w // 2 : x + w] = (40, 40, 200)
    grid = (np.arange(256) + 0.5) / 256
    parts = np.zeros((256, 256), np.uint8)
    parts[:128] = 1
    parts[128:, :128], parts[128:, 128:] = 6, 7
    points = [(i, j) for j in range(16, 256, 36) for i in range(16, 256, 36)]
    charts = [2 if j < 128 else 9 if i < 128 else 10 for i, j in points]
    if dense is not None:
        rows, columns = np.mgrid[0:h, 0:w]
        chart = np.where(rows < h // 2, 2, np.where(columns < w // 2, 9, 10))
        dense[0][y : y + h, x : x + w] = np.stack([chart, 255 * (columns + 0.5) / w, 255 * (rows + 0.5) / h], axis=-1).astype(
            np.uint8
        )
        dense[1][y : y + h, x : x + w] = slot
    joints = np.zeros((17, 3))
    joints[5], joints[6] = (x + 0.9 * w, y + 1, 2), (x + 0.1 * w, y + 1, 2)
    silhouette = np.zeros(SIZE_HW, bool)
    silhouette[y : y + h, x : x + w] = True
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 1,
        "bbox": [float(x), float(y), float(w), float(h)],
        "area": float(w * h),
        "iscrowd": 0,
        "segmentation": encode_rle(silhouette),
        "keypoints": [float(v) for v in joints.ravel()],
        "num_keypoints": 2,
        "dp_masks": [encode_rle(parts == part) if (parts == part).any() else [] for part in range(1, 15)],
        "dp_x": [float(i) for i, _ in points],
        "dp_y": [float(j) for _, j in points],
        "dp_I": [float(chart) for chart in charts],
        "dp_U": [float(grid[i]) for i, _ in points],
        "dp_V": [float(grid[j]) for _, j in points],
    }


def write_dolls(folder: Path, *, images: int = 8, people: int = 1, seed: int = 0, changes: dict[str, Any] | None = None) -> Path:
    """images/, dense/ and annotations.json in `folder`; `changes` are made to the first person. Returns the JSON's path."""
    (folder / "images").mkdir(parents=True)
    (folder / "dense").mkdir()
    rng = np.random.default_rng(seed)
    with AnnotationWriter(folder / "annotations.json") as writer:
        for i in range(images):
            image = np.full((*SIZE_HW, 3), 120, np.uint8)
            iuv, seen = np.zeros((*SIZE_HW, 3), np.uint8), np.zeros(SIZE_HW, np.uint8)
            for p in range(people):
                record = doll(rng, image, annotation_id=100 * i + p + 1, image_id=i, dense=(iuv, seen), slot=p + 1)
                writer.add_person(record | (changes or {} if i == p == 0 else {}))
            Image.fromarray(image).save(folder / "images" / f"{i}.png")
            Image.fromarray(iuv).save(folder / "dense" / f"{i}_iuv.png")
            Image.fromarray(seen).save(folder / "dense" / f"{i}_person.png")
            writer.add_image({"id": i, "file_name": f"{i}.png", "width": SIZE_HW[1], "height": SIZE_HW[0]})
    return folder / "annotations.json"
