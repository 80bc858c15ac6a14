"""What is known of the people on a canvas, as arrays of fixed size: boxes, sparse points, part masks, silhouettes, joints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vitruv.errors import FormatError, InputError
from vitruv.formats import ImageInfo, Person, decode_rle, rasterize_polygons
from vitruv.formats.annotation import PART_MASKS
from vitruv.formats.rle import parse_rle, unpack_many
from vitruv.geometry import GRID, clip, from_grid, xywh_to_xyxy
from vitruv.surface import MIRROR_PART, Atlas
from vitruv.train.crop_augment import MIRROR_KEYPOINT
from vitruv.train.densepose.place import inverse, mirrors, place
from vitruv.types import AnyArray, BoolArray, Float64Array, Int64Array, UInt8Array

MOST_POINTS = 196  # 14 points on each of 14 parts: no person of DensePose-COCO has more
SILHOUETTE = 16
"""Bit of a grid cell that lies in the person's silhouette; the lower bits are the part, 0..14."""
HAS_POINTS, HAS_PARTS, HAS_KEYPOINTS, HAS_SILHOUETTE = range(4)
_KEYPOINTS = 17


def people_arrays(
    people: Sequence[Person],
    info: ImageInfo,
    matrix: Float64Array,
    size_hw: tuple[int, int],
    *,
    most_people: int,
    atlas: Atlas,
    silhouettes: bool,
) -> dict[str, AnyArray]:
    """Everybody whose box touches the canvas, the most annotated first, at most `most_people` (m).

    boxes_xyxy (m, 4) float32, cut at the canvas. valid, crowd (m,) bool. has (m, 4) bool, by HAS_*. origin (m,) int64: index in
    `people`. grid (m, 256, 256) uint8 over the box: part 0..14, plus SILHOUETTE. points (m, 196, 5) float32: x, y on the canvas,
    chart, U, V; chart 0 where there is none. keypoints (m, 17, 3) float32: x, y, visibility.
    """
    m = most_people
    arrays: dict[str, AnyArray] = {
        "boxes_xyxy": np.zeros((m, 4), np.float32),
        "valid": np.zeros(m, np.bool_),
        "crowd": np.zeros(m, np.bool_),
        "has": np.zeros((m, 4), np.bool_),
        "origin": np.full(m, -1, np.int64),
        "grid": np.zeros((m, GRID, GRID), np.uint8),
        "points": np.zeros((m, MOST_POINTS, 5), np.float32),
        "keypoints": np.zeros((m, _KEYPOINTS, 3), np.float32),
    }
    boxes = [_placed_box(person, matrix, size_hw) for person in people]
    there = [i for i, box in enumerate(boxes) if (box[2:] - box[:2] >= 1).all()]
    there.sort(key=lambda i: (people[i].is_crowd, not people[i].has_points))
    for slot, i in enumerate(there[:m]):
        person = people[i]
        arrays["boxes_xyxy"][slot], arrays["valid"][slot], arrays["origin"][slot] = boxes[i], True, i
        arrays["crowd"][slot] = person.is_crowd
        if person.is_crowd:
            continue
        points = _points(person, matrix, size_hw, atlas)
        arrays["points"][slot, : len(points)] = points
        arrays["has"][slot, HAS_POINTS] = len(points) > 0
        arrays["has"][slot, HAS_PARTS] = "dp_masks" in person.record
        silhouette = _silhouette(person, info) if silhouettes else None
        arrays["has"][slot, HAS_SILHOUETTE] = silhouette is not None
        arrays["grid"][slot] = _grid(person, silhouette, boxes[i], matrix)
        joints = person.keypoints()
        if joints is not None and len(joints) == _KEYPOINTS and (joints[:, 2] > 0).any():
            arrays["has"][slot, HAS_KEYPOINTS] = True
            arrays["keypoints"][slot] = _joints(joints, matrix, size_hw)
    return arrays


def part_map(person: Person) -> UInt8Array:
    """(256, 256) uint8: the part 0..14 of every cell of the grid over the box; later masks cover earlier ones (official rule)."""
    parts = np.zeros(GRID * GRID, np.uint8)  # column by column, as masks are stored
    masks = [(part, mask) for part, mask in enumerate(person.part_masks[:PART_MASKS], start=1) if mask is not None]
    for (part, _), runs in zip(masks, _runs(person, masks), strict=True):
        parts[np.repeat(np.arange(len(runs)) % 2 == 1, runs)] = part
    return parts.reshape(GRID, GRID).T


def _runs(person: Person, masks: Sequence[tuple[int, Mapping[str, Any]]]) -> list[Int64Array]:
    """The runs of masks of the 256 grid; unpacked at once, which is several times as fast, where all of them are sound."""
    texts = [
        mask["counts"]
        for _, mask in masks
        if isinstance(mask, dict) and mask.get("size") == [GRID, GRID] and isinstance(mask.get("counts"), str)
    ]
    if masks and len(texts) == len(masks):
        try:
            joined, first = unpack_many(texts)
        except InputError:
            pass
        else:
            runs = np.split(joined, first[1:-1])
            if all(int(some.sum()) == GRID * GRID for some in runs):
                return runs
    found = []
    for part, mask in masks:
        try:
            found.append(parse_rle(mask, size_hw=(GRID, GRID))[0])
        except InputError as error:
            raise FormatError(person.path, f"{person.where} (id {person.id}): dp_masks[{part - 1}]: {error}") from None
    return found


def _placed_box(person: Person, matrix: Float64Array, size_hw: tuple[int, int]) -> AnyArray:
    x1, y1, x2, y2 = xywh_to_xyxy(np.array([person.bbox_xywh]))[0]
    corners = place(matrix, np.array([(x1, y1), (x2, y1), (x1, y2), (x2, y2)]))
    return np.asarray(clip(np.concatenate([corners.min(0), corners.max(0)])[None], size_hw)[0])


def _points(person: Person, matrix: Float64Array, size_hw: tuple[int, int], atlas: Atlas) -> AnyArray:
    """(k, 5) of the points that are on the canvas. A point at dp_x lies at dp_x / 256 of the box: the rule of training."""
    points = person.points
    if points is None or not len(points.charts):
        return np.zeros((0, 5), np.float32)
    x, y, w, h = person.bbox_xywh
    xy = place(matrix, np.stack([from_grid(points.x, x, w), from_grid(points.y, y, h)], axis=1))
    charts, uv = points.charts.astype(np.uint8), np.stack([points.u, points.v], axis=1).astype(np.float32)
    if mirrors(matrix):
        charts, uv = atlas.mirror(charts, uv)
    inside = (xy >= 0).all(1) & (xy[:, 0] < size_hw[1]) & (xy[:, 1] < size_hw[0])
    return np.concatenate([xy, charts[:, None], uv], axis=1)[inside][:MOST_POINTS].astype(np.float32)


def _silhouette(person: Person, info: ImageInfo) -> BoolArray | None:
    """(h, w) bool of the picture: COCO's own mask of the person; None where the file has none."""
    outline = person.record.get("segmentation")
    if not outline:
        return None
    try:
        if isinstance(outline, dict):
            return decode_rle(outline, size_hw=info.size_hw)
        return rasterize_polygons(outline, info.size_hw)
    except InputError as error:
        raise FormatError(person.path, f"{person.where} (id {person.id}): segmentation: {error}") from None


def _grid(person: Person, silhouette: BoolArray | None, box: AnyArray, matrix: Float64Array) -> UInt8Array:
    """Parts and silhouette under the centre of every cell of a grid over the person's box on the canvas."""
    steps, back = (np.arange(GRID) + 0.5) / GRID, inverse(matrix)
    across = back[:, :1] * (box[0] + steps * (box[2] - box[0]))  # (2, 256): what a column adds to x and to y of the picture
    down = back[:, 1:2] * (box[1] + steps * (box[3] - box[1])) + back[:, 2:]
    cells = np.zeros((GRID, GRID), np.uint8)
    if "dp_masks" in person.record:
        corner, scale = np.array(person.bbox_xywh).reshape(2, 2, 1)
        scale = GRID / scale
        cells = _read_sums(part_map(person), across * scale, (down - corner) * scale)
        if mirrors(matrix):
            cells = MIRROR_PART[cells]
    if silhouette is not None:
        cells = cells + np.uint8(SILHOUETTE) * _read_sums(silhouette.view(np.uint8), across, down)
    return cells


def _read_sums(cells: UInt8Array, across: Float64Array, down: Float64Array) -> UInt8Array:
    """`read_cells` at the places across[:, j] + down[:, i], i from top to bottom: (m, n) for down (2, m) and across (2, n)."""
    column, row = np.floor(across[:, None, :] + down[:, :, None]).astype(np.int32)
    height, width = cells.shape
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    np.clip(column, 0, width - 1, out=column)
    np.clip(row, 0, height - 1, out=row)
    row *= width
    row += column
    return np.where(inside, np.ascontiguousarray(cells).ravel()[row], np.uint8(0))


def read_cells(cells: UInt8Array, xy: AnyArray) -> UInt8Array:
    """Values of (h, w) cells at places (..., 2), x, y in cells from the first edge; 0 outside."""
    column, row = np.floor(xy[..., 0]).astype(np.int64), np.floor(xy[..., 1]).astype(np.int64)
    height, width = cells.shape
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return np.where(inside, cells[row.clip(0, height - 1), column.clip(0, width - 1)], 0).astype(np.uint8)


def _joints(joints: Float64Array, matrix: Float64Array, size_hw: tuple[int, int]) -> AnyArray:
    placed = np.concatenate([place(matrix, joints[:, :2]), joints[:, 2:]], axis=1)
    if mirrors(matrix):
        placed = placed[list(MIRROR_KEYPOINT)]
    inside = (placed[:, :2] >= 0).all(1) & (placed[:, 0] < size_hw[1]) & (placed[:, 1] < size_hw[0]) & (placed[:, 2] > 0)
    return np.where(inside[:, None], placed, 0)
