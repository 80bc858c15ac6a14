"""A model small enough to reason about, for tests: real ONNX graphs of the compact kind that read dense pose off painted pictures.

A painted person has red = 10 * chart, green = 255 * U, blue = 255 * V; everything else is black. The detector boxes what is painted
in the left half and in the right half of its input (scores .9 and .8), and doubles the left one, one pixel off (score .6), so that
suppression has something to do. The regressor averages its crop over blocks and reads the paint back; where charts are clear-cut
and U, V smooth, the whole line from a picture to `DensePoses` gives back what was painted. All joints lie at the upper left
corner of the person's box, with a score of .75.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from vitruv.results import ChartMap
from vitruv.types import UInt8Array

DETECTOR_PX = 160
CELL = 4
CROP_SIZE_HW = (64, 48)
MAP_SIZE_HW = (32, 24)
RED_PER_CHART = 10
FLOAT = TensorProto.FLOAT


def paint(chart_map: ChartMap) -> UInt8Array:
    """(h, w, 3) uint8: a picture whose dense pose the toy model reads back."""
    uv = np.round(255 * chart_map.uv)
    return np.stack([RED_PER_CHART * chart_map.labels.astype(np.float32), uv[0], uv[1]], axis=-1).astype(np.uint8)


def painted_picture(size_hw: tuple[int, int], boxes_xywh: list[tuple[int, int, int, int]]) -> tuple[UInt8Array, ChartMap]:
    """A picture with one painted person in each box, and its dense pose.

    The upper half of a person is the front of the torso (chart 2), the lower half the right upper leg from the front (chart 9);
    U runs from 0 to 1 across the box, V down the box.
    """
    truth = ChartMap.empty(size_hw)
    for x, y, w, h in boxes_xywh:
        rows, columns = slice(y, y + h), slice(x, x + w)
        truth.labels[rows, columns] = np.where(np.arange(h) < h / 2, 2, 9)[:, None]
        truth.uv[0, rows, columns] = (np.arange(w) + 0.5) / w
        truth.uv[1, rows, columns] = ((np.arange(h) + 0.5) / h)[:, None]
    return paint(truth), truth


def write_toy_model(
    folder: Path, *, batch: int | str = "n", detector: Mapping[str, object] | None = None, **entries: object
) -> Path:
    """Write detector.onnx, regressor.onnx and model.json into a folder; `batch` is the regressor's batch size.

    detector: entries of the manifest for the detector, beside its usual ones; entries: for the regressor.
    """
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(_detector(), folder / "detector.onnx")
    onnx.save(_regressor(batch), folder / "regressor.onnx")
    manifest = {
        "kind": "compact",
        "format": 1,
        "version": "toy",
        "detector": {
            "file": "detector.onnx",
            "coarse_px": DETECTOR_PX,
            "min_score": 0.1,
            "pad_value": 0,
            "nms_iou": 0.6,
            **(detector or {}),
        },
        "regressor": {
            "file": "regressor.onnx",
            "size_hw": list(CROP_SIZE_HW),
            "output_size_hw": list(MAP_SIZE_HW),
            "box_scale": 1.15,
            "pad_value": 0,
            **entries,
        },
        "training": {},
    }
    (folder / "model.json").write_text(json.dumps(manifest))
    return folder


class _Graph:
    """Nodes and constants of a graph under construction; every call returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: object, dtype: type = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, op: str, *inputs: str, output: str = "", **attributes: object) -> str:
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def model(self, name: str, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model


def _detector() -> onnx.ModelProto:
    g = _Graph()
    size = g.add("Shape", "image")
    height, width = (g.add("Gather", size, g.constant(axis, np.int64), axis=0) for axis in (1, 2))
    red = g.add("Slice", "image", g.constant([0], np.int64), g.constant([1], np.int64), g.constant([3], np.int64))
    red = g.add("Squeeze", red, g.constant([0, 3], np.int64))  # (H, W)
    painted = g.add("Cast", g.add("Greater", g.add("Cast", red, to=FLOAT), g.constant(5)), to=FLOAT)
    zero, one = g.constant(0, np.int64), g.constant(1, np.int64)
    left = g.add("Cast", g.add("Less", g.add("Range", zero, width, one), g.add("Div", width, g.constant(2, np.int64))), to=FLOAT)
    halves = (left, g.add("Sub", g.constant(1), left))
    grid = [g.add("Range", zero, g.add("Div", side, g.constant(CELL, np.int64)), one) for side in (height, width)]
    planes: dict[str, list[str]] = {"centres": [], "heights": [], "widths": [], "rows": [], "columns": []}
    for half, score, shift in ((halves[0], 0.9, 0), (halves[1], 0.8, 0), (halves[0], 0.6, 2)):
        mask = g.add("Mul", painted, half)
        middle, extent = [], []
        for axis in (1, 0):  # what is left after taking the maximum over columns runs over rows: y first, then x
            line = g.add("ReduceMax", mask, axes=[axis], keepdims=0)
            first = g.add("Cast", g.add("ArgMax", line, axis=0, keepdims=0), to=FLOAT)
            last = g.add("Cast", g.add("ArgMax", line, axis=0, keepdims=0, select_last_index=1), to=FLOAT)
            stop = g.add("Add", last, g.constant(1))
            extent.append(g.add("Div", g.add("Sub", stop, first), g.constant(CELL)))
            middle.append(g.add("Div", g.add("Add", stop, first), g.constant(2 * CELL)))
        # The double is found two cells further right, since direct neighbours cannot both be the highest, and points one pixel off.
        cells = [g.add("Floor", middle[0]), g.add("Add", g.add("Floor", middle[1]), g.constant(shift))]
        at = [
            g.add("Cast", g.add("Equal", g.add("Cast", line, to=FLOAT), cell), to=FLOAT)
            for line, cell in zip(grid, cells, strict=True)
        ]
        spot = g.add(
            "Mul", g.add("Unsqueeze", at[0], g.constant([1], np.int64)), g.add("Unsqueeze", at[1], g.constant([0], np.int64))
        )
        present = g.add("ReduceMax", mask, keepdims=0)
        planes["centres"].append(g.add("Mul", spot, g.add("Mul", present, g.constant(score))))
        off = g.constant(1 / CELL if shift else 0.0)
        for name, value in (
            ("heights", extent[0]),
            ("widths", extent[1]),
            ("rows", g.add("Add", g.add("Sub", middle[0], cells[0]), off)),
            ("columns", g.add("Add", g.add("Sub", middle[1], cells[1]), off)),
        ):
            planes[name].append(g.add("Mul", spot, value))
    front = g.constant([0, 1], np.int64)
    maps = {name: g.add("Unsqueeze", g.add("Sum", *parts), front) for name, parts in planes.items()}
    g.add("Identity", maps["centres"], output="centres")
    g.add("Concat", maps["heights"], maps["widths"], axis=1, output="sizes")
    g.add("Concat", maps["rows"], maps["columns"], axis=1, output="offsets")
    return g.model(
        "toy detector",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, "H", "W", 3])],
        [
            helper.make_tensor_value_info("centres", FLOAT, [1, 1, "h", "w"]),
            helper.make_tensor_value_info("sizes", FLOAT, [1, 2, "h", "w"]),
            helper.make_tensor_value_info("offsets", FLOAT, [1, 2, "h", "w"]),
        ],
    )


def _regressor(batch: int | str) -> onnx.ModelProto:
    block = CROP_SIZE_HW[0] // MAP_SIZE_HW[0]
    g = _Graph()
    planes = g.add("Transpose", g.add("Cast", "crops", to=FLOAT), perm=[0, 3, 1, 2])
    pooled = g.add("AveragePool", planes, kernel_shape=[block, block], strides=[block, block])
    red = g.add("Slice", pooled, g.constant([0], np.int64), g.constant([1], np.int64), g.constant([1], np.int64))
    # The chart whose paint is nearest wins: -(red - 10 c)^2 is largest there.
    shades = RED_PER_CHART * np.arange(25, dtype=np.float32).reshape(1, 25, 1, 1)
    distance = g.add("Sub", red, g.constant(shades))
    g.add("Neg", g.add("Mul", distance, distance), output="logits")
    parts = []
    for channel in (1, 2):
        plane = g.add(
            "Slice", pooled, g.constant([channel], np.int64), g.constant([channel + 1], np.int64), g.constant([1], np.int64)
        )
        parts.append(g.add("Tile", g.add("Div", plane, g.constant(255)), g.constant([1, 24, 1, 1], np.int64)))
    g.add("Concat", *parts, axis=1, output="uv")
    corner = g.add(
        "Unsqueeze", g.add("Slice", "boxes_xyxy", *(g.constant([k], np.int64) for k in (0, 2, 1))), g.constant([1], np.int64)
    )
    joints = g.add("Tile", corner, g.constant([1, 17, 1], np.int64))  # x and y of the box's corner, 17 times
    first = g.add("Slice", joints, *(g.constant([k], np.int64) for k in (0, 1, 2)))
    sure = g.add("Add", g.add("Mul", first, g.constant(0)), g.constant(0.75))
    g.add("Concat", joints, sure, axis=2, output="joints")
    return g.model(
        "toy regressor",
        [
            helper.make_tensor_value_info("crops", TensorProto.UINT8, [batch, *CROP_SIZE_HW, 3]),
            helper.make_tensor_value_info("boxes_xyxy", FLOAT, [batch, 4]),
        ],
        [
            helper.make_tensor_value_info("logits", FLOAT, [batch, 25, *MAP_SIZE_HW]),
            helper.make_tensor_value_info("uv", FLOAT, [batch, 48, *MAP_SIZE_HW]),
            helper.make_tensor_value_info("joints", FLOAT, [batch, 17, 3]),
        ],
    )
