"""What annotators would have written about a synthetic picture: DensePose-COCO records, from exact labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from vitruv.formats.rle import encode_rle
from vitruv.geometry import GRID, pixels_under_grid, xyxy_to_xywh
from vitruv.sampling import PART_ORDER, point_count, sample_points
from vitruv.surface import NUM_PARTS, PART_OF_CHART
from vitruv.synth.samples import SceneSample
from vitruv.types import AnyArray

_LEAST_BODY_PIXELS = 64  # people of whom less skin or cloth over skin is seen get a box, but no dense annotation


def person_records(sample: SceneSample, *, image_id: int, first_id: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """One record per person, in the picture's order: box, silhouette, keypoints, 14 part masks and points.

    The points are asked where an annotator is asked: k-means on every part's mask on the 256 x 256 grid over the box; their
    chart, U and V are read off at the pixel under the point. dp_I is the chart that is there, which near a border need not be
    one of the part's, as with people.
    """
    records = []
    for i, box in enumerate(sample.boxes_xyxy):
        seen = sample.person == i + 1
        x, y, w, h = (float(v) for v in xyxy_to_xywh(box[None])[0])
        joints = sample.keypoints[i]
        record: dict[str, Any] = {
            "id": first_id + i,
            "image_id": image_id,
            "category_id": 1,
            "iscrowd": 0,
            "bbox": [x, y, w, h],
            "area": float(seen.sum()),
            "segmentation": encode_rle(seen),
            "keypoints": [v for px, py, visible in joints.tolist() for v in (round(px, 2), round(py, 2), int(visible))],
            "num_keypoints": int((joints[:, 2] > 0).sum()),
        }
        if int(((sample.labels > 0) & seen).sum()) >= _LEAST_BODY_PIXELS:
            record |= _dense(sample, seen, (x, y, w, h), rng)
        records.append(record)
    return records


def _dense(sample: SceneSample, seen: AnyArray, box_xywh: tuple[float, ...], rng: np.random.Generator) -> dict[str, Any]:
    x, y, w, h = box_xywh
    columns = pixels_under_grid(x, w, seen.shape[1])
    rows = pixels_under_grid(y, h, seen.shape[0])
    own = seen[np.ix_(rows, columns)]
    labels = np.where(own, sample.labels[np.ix_(rows, columns)], 0)  # (256, 256)
    parts = PART_OF_CHART[labels]
    u, v = (sample.uv[k][np.ix_(rows, columns)] for k in range(2))
    points, masks = [], {}
    for part in PART_ORDER:
        mask = parts == part
        if not mask.any():
            continue
        masks[part] = encode_rle(mask)
        points.append(sample_points(mask, point_count(int(mask.sum())), rng))
    xy = np.concatenate(points) if points else np.zeros((0, 2), np.float32)
    c, r = (np.clip(np.rint(xy[:, k]), 0, GRID - 1).astype(np.int64) for k in range(2))
    return {
        "dp_masks": [masks.get(part, []) for part in range(1, NUM_PARTS + 1)],
        "dp_x": [round(float(value), 3) for value in xy[:, 0]],
        "dp_y": [round(float(value), 3) for value in xy[:, 1]],
        "dp_I": [float(value) for value in labels[r, c]],
        "dp_U": [round(float(value) / 255, 4) for value in u[r, c]],
        "dp_V": [round(float(value) / 255, 4) for value in v[r, c]],
    }
